/**
 * Sums over axes, and the sum that undoes broadcasting.
 *
 * @module
 */
import { defineOp } from "../op.ts";
import { axesOf, reducedShape, sameShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expand, reshape } from "./view.ts";

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep reduced axes with size 1. */
  keepDim?: boolean;
}

const sumOp = defineOp<[Tensor], { axes: readonly number[] }>({
  name: "sum",
  infer: ([x], { axes }) => [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, false) }],
  graph: (g, [x], { attributes: { axes } }) => [g.node("ReduceSum", [x, g.ints(axes)], { keepdims: 0 })],
  gradient: ({ specs: [x], attributes: { axes } }, [dy]) => [
    expand(reshape(dy, reducedShape(x.shape, axes, true)), x.shape),
  ],
});

/**
 * The sum over `axes` (all by default; negative ones count from the end).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "../../../mod.ts";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * assertEquals(x.sum(0).toArray(), [4, 6]);
 * ```
 */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const over = axesOf("sum", axes, x.rank);
  if (over.length === 0) return reshape(x, x.shape);
  const result = sumOp([x], { axes: over });
  return options.keepDim ? reshape(result, reducedShape(x.shape, over, true)) : result;
}

/** Sums a broadcast gradient back to the shape it came from. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) =>
    axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1)
  );
  return reshape(sumOp([x], { axes }), shape);
}
