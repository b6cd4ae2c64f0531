/**
 * Running sums.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { axisOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumType } from "./reduction.ts";

type Run = { axis: number; reverse: number };

const cumSumOp: Op<[Tensor], Run> = defineOp<[Tensor], Run>({
  name: "cumSum",
  infer: ([x]) => [{ dtype: sumType(x.dtype), shape: x.shape }],
  graph: (g, [x], { attributes: { axis, reverse }, inputs: [{ dtype }], outputs: [output] }) => {
    const numbers = dtype === output.dtype ? x : g.cast(x, output.dtype);
    return [g.node("CumSum", [numbers, g.scalar(axis, "int64")], { reverse })];
  },
  gradient: ({ attributes: { axis, reverse } }, [dy]) => [cumSumOp([dy], { axis, reverse: 1 - reverse })],
});

/**
 * At each place along `axis` the sum of the elements up to it, itself included. Whole numbers and booleans are added up
 * in int64, as in PyTorch.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3]);
 * assertEquals(x.cumSum(0).toArray(), [1, 3, 6]);
 * ```
 */
export function cumSum(x: Tensor, axis: number): Tensor {
  return cumSumOp([x], { axis: axisOf("cumSum", axis, x.rank), reverse: 0 });
}
