/**
 * Elements by index: `gather` reads them, `scatterAdd` adds to them, and each is the other's gradient. Indices have the
 * rank of the tensor and name places along one axis, as in PyTorch.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { axisOf, sameShape, type Shape, showShape } from "../shape.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { checkIndices } from "./indices.ts";
import { slice } from "./slice.ts";

type Along = { axis: number };

const gatherOp: Op<[Tensor, Tensor], Along> = defineOp<[Tensor, Tensor], Along>({
  name: "gather",
  moves: true,
  infer: ([x, index]) => [{ dtype: x.dtype, shape: index.shape }],
  graph: (g, [x, index], { attributes: { axis } }) => [g.node("GatherElements", [x, index], { axis })],
  saves: { inputs: [1] },
  gradient: ({ inputs: [, index], specs: [x], attributes }, [dy]) => [
    scatterZerosOp([dy, index, x.shape], attributes),
    null,
  ],
});

/** Adds to zeros: the gradient of {@link gather}. */
export const scatterZerosOp: Op<[Tensor, Tensor, Shape], Along> = defineOp<[Tensor, Tensor, Shape], Along>({
  name: "gatherBackward",
  infer: ([dy, , shape]) => [{ dtype: dy.dtype, shape }],
  graph: (g, [dy, index, shape], { attributes: { axis }, inputs: [{ dtype }] }) => {
    const zeros = g.node("Expand", [g.scalar(0, dtype), shape]);
    return [g.node("ScatterElements", [zeros, index, dy], { axis, reduction: "add" })];
  },
  saves: { inputs: [1] },
  gradient: ({ inputs: [, index], attributes }, [d]) => [gatherOp([d, index], attributes), null, null],
});

const scatterAddOp: Op<[Tensor, Tensor, Tensor], Along> = defineOp<[Tensor, Tensor, Tensor], Along>({
  name: "scatterAdd",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x, index, source], { attributes: { axis } }) => [
    g.node("ScatterElements", [x, index, source], { axis, reduction: "add" }),
  ],
  saves: { inputs: [1] },
  gradient: ({ inputs: [, index], attributes, needs }, [dy]) => [
    dy,
    null,
    needs[2] ? gatherOp([dy, index], attributes) : null,
  ],
});

/** Checks an index tensor of the rank of `x`; gives the axis counted from the front. */
function checkIndex(name: string, x: Tensor, axis: number, index: Tensor): number {
  const along = axisOf(name, axis, x.rank);
  if (index.rank !== x.rank || index.shape.some((size, i) => i !== along && size > x.shape[i])) {
    throw new RangeError(
      `${name}: expected an index as large as ${
        showShape(x.shape)
      } or smaller, except along axis ${along}, ` +
        `but found ${showShape(index.shape)}`,
    );
  }
  checkIndices(name, index, { what: "indices", limit: x.shape[along] });
  return along;
}

/**
 * The elements of `x` that `index` names along `axis`: `y[i, j] = x[index[i, j], j]` for axis 0 of a matrix.
 *
 * @param index int64 (or int32), of `x`'s rank; along other axes no larger than `x`
 * @returns `index`'s shape, `x`'s type
 * @throws {RangeError | TypeError} when the index has another rank, is too large or of another type, or names an element
 * that is not there (where the host can read it: on the CPU).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * using index = ebb.tensor([[2], [0]], { dtype: "int64" });
 * using y = x.gather(1, index);
 * assertEquals(y.toArray(), [[3], [4]]);
 * ```
 */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  return gatherOp([x, index], { axis: checkIndex("gather", x, axis, index) });
}

/**
 * `x` with the elements of `source` added where `index` says: `y[index[i, j], j] += source[i, j]` for axis 0 of a matrix.
 * Indices may repeat.
 *
 * @param index int64 (or int32), of `x`'s rank; along other axes no larger than `x`
 * @param source of `x`'s type, as large as `index` or larger (what is beyond does not count)
 * @returns `x`'s shape
 * @throws {RangeError | TypeError} as {@link gather}, and when `source` does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using counts = ebb.zeros([3]);
 * using labels = ebb.tensor([0, 2, 2], { dtype: "int64" });
 * using one = ebb.ones([3]);
 * using histogram = counts.scatterAdd(0, labels, one);
 * assertEquals(histogram.toArray(), [1, 0, 2]);
 * ```
 */
export function scatterAdd(x: Tensor, axis: number, index: Tensor, source: Tensor): Tensor {
  const name = "scatterAdd";
  const along = checkIndex(name, x, axis, index);
  if (
    source.dtype !== x.dtype || source.rank !== x.rank ||
    source.shape.some((size, i) => size < index.shape[i])
  ) {
    throw new RangeError(
      `${name}: expected a source of ${x.dtype} as large as the index ${showShape(index.shape)} but found ` +
        `${source.dtype}${showShape(source.shape)}`,
    );
  }
  if (x.dtype === "bool") throw new TypeError(`${name}: expected numbers but found bool; use to()`);
  if (sameShape(source.shape, index.shape)) return scatterAddOp([x, index, source], { axis: along });
  return scope(() => {
    const part = slice(source, ...index.shape.map((size): [number, number] => [0, size]));
    return scatterAddOp([x, index, part], { axis: along });
  });
}
