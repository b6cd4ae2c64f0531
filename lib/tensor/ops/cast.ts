/**
 * Another type or device.
 *
 * @module
 */
import { Device } from "../../device/mod.ts";
import { type DType, DTYPES } from "../dtype.ts";
import { moveTo } from "../move.ts";
import { defineOp, type Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./view.ts";

const castOp: Op<[Tensor], { dtype: DType }> = defineOp<[Tensor], { dtype: DType }>({
  name: "to",
  moves: true,
  infer: ([x], { dtype }) => [{ dtype, shape: x.shape }],
  graph: (g, [x], { attributes: { dtype } }) => [g.cast(x, dtype)],
  gradient: ({ specs: [x] }, [dy]) => [castOp([dy], { dtype: x.dtype })],
});

/**
 * `x` in another element type, or on another device. Gradients flow back in `x`'s own type (to floating types) and to
 * its own device. What is there already is returned as a view.
 *
 * Fractions are cut off towards zero, and every number but 0 is true.
 *
 * @throws {TypeError} when `target` is neither a type nor a device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0, 1.5, -2.5]);
 * assertEquals(x.to("int64").toArray(), [0, 1, -2]);
 * assertEquals(x.to("bool").toArray(), [false, true, true]);
 * ```
 */
export function to(x: Tensor, target: DType | Device): Tensor {
  if (target instanceof Device) return target === x.device ? reshape(x, x.shape) : moveTo(x, target);
  if (!DTYPES.includes(target)) {
    throw new TypeError(`to: expected a device or one of ${DTYPES.join(", ")} but found ${target}`);
  }
  return target === x.dtype ? reshape(x, x.shape) : castOp([x], { dtype: target });
}
