/**
 * Whole rows by number: `indexSelect` along any axis, `embedding` from a table. The gradient adds rows up with ScatterND
 * on one thread: with several it races (`kernels.md`, key finding 4), and every other way that was measured is slower
 * (of a table of 10,000 × 128 and 4,096 rows: 0.3 ms against 6 by elements; of 65 × 128 and 16,384 rows: 0.35 against 2.9
 * by a product with one-hot vectors). So it is the same on every run.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { axisOf, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { eq, where } from "./compare.ts";
import { checkIndices } from "./indices.ts";
import { unsqueeze } from "./view.ts";

type Settings = {
  axis: number;
  /** The row that gets no gradient; null: none. */
  padding: number | null;
};

const takeOp: Op<[Tensor, Tensor], Settings> = defineOp<[Tensor, Tensor], Settings>({
  name: "indexSelect",
  moves: true,
  infer: ([x, index], { axis }) => [
    { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)] },
  ],
  graph: (g, [x, index], { attributes: { axis } }) => [g.node("Gather", [x, index], { axis })],
  saves: { inputs: [1] },
  gradient: ({ inputs: [, index], specs: [x], attributes }, [dy]) => [
    addRowsOp([dy, index, x.shape], attributes),
    null,
  ],
});

const addRowsOp: Op<[Tensor, Tensor, Shape], Settings> = defineOp<[Tensor, Tensor, Shape], Settings>({
  name: "indexSelectBackward",
  sequential: true,
  infer: ([dy, , shape]) => [{ dtype: dy.dtype, shape }],
  graph: (g, [dy, index, shape], { attributes: { axis, padding }, inputs, outputs }) => {
    const { dtype } = inputs[0];
    const rank = outputs[0].shape.length;
    let rows = dy;
    let zeros = g.node("Expand", [g.scalar(0, dtype), shape]);
    // With the axis in front; an index behind another axis has one axis itself.
    const front = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
    if (axis > 0) [rows, zeros] = [rows, zeros].map((x) => g.node("Transpose", [x], { perm: front }));
    const ids = inputs[1].dtype === "int64" ? index : g.cast(index, "int64");
    const places = g.node("Unsqueeze", [ids, g.ints([-1])]);
    let sums = g.node("ScatterND", [zeros, places, rows], { reduction: "add" });
    if (padding !== null) {
      const none = g.node("Slice", [zeros, g.ints([0]), g.ints([1])]);
      sums = g.node("ScatterND", [sums, g.values([padding], [1, 1], "int64"), none]);
    }
    if (axis > 0) sums = g.node("Transpose", [sums], { perm: front.map((_, i) => front.indexOf(i)) });
    return [sums];
  },
  saves: { inputs: [1] },
  gradient: ({ inputs: [, index], attributes }, [d]) => [withoutPadding(d, index, attributes), null, null],
});

/** The adjoint of adding rows up: rows of `d`, but zeros for the row that is left out. */
function withoutPadding(d: Tensor, index: Tensor, { axis, padding }: Settings): Tensor {
  const rows = takeOp([d, index], { axis, padding });
  return padding === null ? rows : where(unsqueeze(eq(index, padding), -1), 0, rows);
}

/**
 * The rows of `x` that `index` names, along `axis`.
 *
 * @param index `[K]`, int64 (or int32)
 * @returns `x`'s shape with K in place of the size of `axis`
 * @throws {RangeError | TypeError} when the index has another rank or type, or names a row that is not there (where the
 * host can read it: on the CPU).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4], [5, 6]]);
 * using index = ebb.tensor([2, 0, 2], { dtype: "int64" });
 * using y = x.indexSelect(0, index);
 * assertEquals(y.toArray(), [[5, 6], [1, 2], [5, 6]]);
 * ```
 */
export function indexSelect(x: Tensor, axis: number, index: Tensor): Tensor {
  const along = axisOf("indexSelect", axis, x.rank);
  if (index.rank !== 1) {
    throw new RangeError(`indexSelect: expected an index with one axis but found ${showShape(index.shape)}`);
  }
  checkIndices("indexSelect", index, { what: "indices", limit: x.shape[along] });
  return takeOp([x, index], { axis: along, padding: null });
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** The row that gets no gradient, so that it stays as it is in training. */
  paddingIdx?: number | null;
}

/**
 * Rows of a table, one for each number in `ids`.
 *
 * @param weight `[V, D]`
 * @param ids any shape, int64 (or int32), each from 0 to V − 1
 * @returns `[...ids.shape, D]`
 * @throws {RangeError | TypeError} when the table is no matrix, ids are no whole numbers, or one is out of range (where
 * the host can read it: on the CPU).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using table = ebb.tensor([[0, 0], [1, 2], [3, 4]]);
 * using ids = ebb.tensor([[2, 1, 2]], { dtype: "int64" });
 * using y = ebb.embedding(table, ids);
 * assertEquals(y.toArray(), [[[3, 4], [1, 2], [3, 4]]]);
 * ```
 */
export function embedding(weight: Tensor, ids: Tensor, options: EmbeddingOptions = {}): Tensor {
  const { paddingIdx = null } = options;
  if (weight.rank !== 2) {
    throw new RangeError(`embedding: expected a table [V, D] but found ${showShape(weight.shape)}`);
  }
  const [rows] = weight.shape;
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= 0 && paddingIdx < rows)) {
    throw new RangeError(`embedding: expected a paddingIdx from 0 to ${rows - 1} but found ${paddingIdx}`);
  }
  checkIndices("embedding", ids, { what: "ids", limit: rows });
  return takeOp([weight, ids], { axis: 0, padding: paddingIdx });
}
