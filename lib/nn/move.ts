/**
 * Moving a module's tensors: the bytes go, the handles stay, so that optimizers and the modules themselves see it.
 *
 * @module
 */
import { Device } from "../device/mod.ts";
import { type DType, isFloating } from "../tensor/dtype.ts";
import { to } from "../tensor/ops/cast.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Moves tensors to a device, or floating ones to a floating type; forgets their gradients. */
export function moveTensors(tensors: readonly Tensor[], target: Device | DType): void {
  if (!(target instanceof Device) && !isFloating(target)) {
    throw new TypeError(`to: expected a device or a floating type for a module but found ${target}`);
  }
  const moving = tensors.filter((tensor) =>
    target instanceof Device ? tensor.device !== target : isFloating(tensor.dtype) && tensor.dtype !== target
  );
  noGrad(() =>
    scope(() => {
      // All copies are made before one is put in place: without room for them nothing has changed.
      const moved = moving.map((tensor) => to(tensor, target));
      moving.forEach((tensor, i) => {
        tensor.grad?.dispose();
        tensor.grad = null;
        tensor.rehome(moved[i].storage.retain(), moved[i].offset, moved[i].dtype);
      });
    })
  );
}
