/**
 * Vectors with a single one.
 *
 * @module
 */
import type { DType } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { checkIndices } from "./indices.ts";

type Settings = { classes: number; dtype: DType };

const oneHotOp: Op<[Tensor], Settings> = defineOp<[Tensor], Settings>({
  name: "oneHot",
  infer: ([labels], { classes, dtype }) => [{ dtype, shape: [...labels.shape, classes] }],
  graph: (g, [labels], { attributes: { classes, dtype }, inputs: [index] }) => {
    const all = g.values(Array.from({ length: classes }, (_, i) => i), [classes], index.dtype);
    const same = g.node("Equal", [g.node("Unsqueeze", [labels, g.ints([-1])]), all]);
    return [dtype === "bool" ? same : g.cast(same, dtype)];
  },
});

/**
 * A vector for each label: 1 at its place, 0 elsewhere.
 *
 * @param labels any shape, int64 (or int32), each from 0 to `classes` − 1
 * @param classes length of the vectors
 * @param options `dtype`: default int64, as in PyTorch
 * @returns `[...labels.shape, classes]`
 * @throws {RangeError | TypeError} when labels are no whole numbers, or one is out of range (where the host can read it:
 * on the CPU).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using labels = ebb.tensor([2, 0], { dtype: "int64" });
 * using y = ebb.oneHot(labels, 3);
 * assertEquals(y.toArray(), [[0, 0, 1], [1, 0, 0]]);
 * ```
 */
export function oneHot(labels: Tensor, classes: number, options: { dtype?: DType } = {}): Tensor {
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new RangeError(`oneHot: expected a number of classes of 1 or more but found ${classes}`);
  }
  checkIndices("oneHot", labels, { what: "labels", limit: classes });
  return oneHotOp([labels], { classes, dtype: options.dtype ?? "int64" });
}
