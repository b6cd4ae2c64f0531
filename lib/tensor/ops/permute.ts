/**
 * Axes in another order.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { axisOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./view.ts";

const permuteOp: Op<[Tensor], { axes: readonly number[] }> = defineOp<[Tensor], { axes: readonly number[] }>({
  name: "permute",
  moves: true,
  infer: ([x], { axes }) => [{ dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]) }],
  graph: (g, [x], { attributes: { axes } }) => [g.node("Transpose", [x], { perm: axes })],
  gradient: ({ attributes: { axes } }, [dy]) => [permute(dy, axes.map((_, axis) => axes.indexOf(axis)))],
});

/**
 * The axes of `x` in the order `axes`. Copies the elements, unlike PyTorch's, unless only axes of size 1 change places.
 *
 * @throws {RangeError} when `axes` does not name each axis once.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([2, 3, 4]);
 * assertEquals(x.permute([2, 0, 1]).shape, [4, 2, 3]);
 * ```
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const order = axes.map((axis) => axisOf("permute", axis, x.rank));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new RangeError(`permute: expected each of ${x.rank} axes once but found [${axes}]`);
  }
  const long = order.filter((axis) => x.shape[axis] !== 1);
  const stays = long.every((axis, i) => i === 0 || axis > long[i - 1]);
  return stays ? reshape(x, order.map((axis) => x.shape[axis])) : permuteOp([x], { axes: order });
}

/**
 * Two axes of `x`, by default the last ones, in each other's place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * using y = x.transpose();
 * assertEquals(y.toArray(), [[1, 4], [2, 5], [3, 6]]);
 * ```
 */
export function transpose(x: Tensor, a: number = -2, b: number = -1): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  const [i, j] = [axisOf("transpose", a, x.rank), axisOf("transpose", b, x.rank)];
  [axes[i], axes[j]] = [j, i];
  return permute(x, axes);
}

/**
 * The axis `from` moved to place `to`; the others keep their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.zeros([8, 32, 24, 3]); // channels last
 * using y = images.movedim(-1, 1);
 * assertEquals(y.shape, [8, 3, 32, 24]);
 * ```
 */
export function movedim(x: Tensor, from: number, to: number): Tensor {
  const source = axisOf("movedim", from, x.rank);
  const target = axisOf("movedim", to, x.rank);
  return permute(
    x,
    x.shape.map((_, axis) => axis).filter((axis) => axis !== source).toSpliced(target, 0, source),
  );
}
