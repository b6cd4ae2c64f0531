/**
 * Tensors on their way to another device. No kernel runs: bytes are copied through the host. The move is on the tape,
 * so a gradient goes the way back.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import type { CompiledOp } from "./op.ts";
import { gradEnabled, record } from "./tape.ts";
import { Tensor } from "./tensor.ts";

/** The record that the tape keeps. It never runs: one op runs on one device. */
const MOVE: CompiledOp = {
  name: "to",
  kernels: new Map(),
  infer: ([x]) => [x as Tensor],
  graph: () => [],
  gradient: ({ attributes: { from } }, [dy]) => [moveTo(dy, from as Device)],
};

/** A copy of `x` on `device`. */
export function moveTo(x: Tensor, device: Device): Tensor {
  const { dtype, shape, bytes, device: from } = x;
  const storage = device.allocate(bytes);
  try {
    device.write(storage, 0, new Uint8Array(x.data().buffer));
  } catch (error) {
    storage.release();
    throw error;
  }
  const moved = new Tensor(storage, dtype, shape);
  if (gradEnabled() && x.requiresGrad) record(MOVE, [x], [x], { from }, [moved], [{ dtype, shape }]);
  return moved;
}
