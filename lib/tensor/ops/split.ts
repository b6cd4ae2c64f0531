/**
 * A tensor in pieces along an axis: one op for all of them, so that their gradients meet in one concatenation.
 *
 * @module
 */
import { zeros } from "../create.ts";
import { bytesPerElement } from "../dtype.ts";
import { defineOp } from "../op.ts";
import { axisOf, type Shape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { concat } from "./concat.ts";
import { padOp } from "./pad.ts";

const pieces = (x: Tensor, sizes: readonly number[], axis: number) =>
  sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }));

const viewOp = defineOp<[Tensor, readonly number[]], { axis: number }>({
  name: "split",
  view: true,
  infer: ([x, sizes], { axis }) => {
    const row = sizeOf(x.shape.slice(axis + 1)) * bytesPerElement(x.dtype);
    return pieces(x, sizes, axis).map((spec, i) => ({
      ...spec,
      offset: row * sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
    }));
  },
  graph: () => [],
  gradient: ({ specs: [x], inputs: [, sizes], attributes: { axis } }, gradients) => [
    joined(gradients, x.shape, sizes, axis),
    null,
  ],
});

const copyOp = defineOp<[Tensor, readonly number[]], { axis: number; count: number }>({
  name: "split",
  moves: true,
  infer: ([x, sizes], { axis }) => pieces(x, sizes, axis),
  graph: (g, [x, sizes], { attributes: { axis, count } }) => g.nodes("Split", count, [x, sizes], { axis }),
  gradient: ({ specs: [x], inputs: [, sizes], attributes: { axis } }, gradients) => [
    joined(gradients, x.shape, sizes, axis),
    null,
  ],
});

/** The gradients of the pieces as that of the whole; null ones are zeros. */
function joined(gradients: (Tensor | null)[], shape: Shape, sizes: readonly number[], axis: number): Tensor {
  const there = gradients.filter((gradient) => gradient !== null && gradient !== undefined);
  const [{ dtype, device }] = there;
  if (there.length === 1 && there[0].size > 0) {
    const pads = new Array<number>(2 * shape.length).fill(0);
    const at = gradients.indexOf(there[0]);
    pads[axis] = sizes.slice(0, at).reduce((sum, size) => sum + size, 0);
    pads[shape.length + axis] = shape[axis] - pads[axis] - sizes[at];
    return padOp([there[0], pads, 0], { mode: "constant" });
  }
  return concat(
    sizes.map((size, i) => gradients[i] ?? zeros(shape.with(axis, size), { dtype, device })),
    axis,
  );
}

/**
 * `x` in pieces along `axis`: of `sizes` elements each (the last one may have fewer), or of the sizes listed. Pieces along
 * the leading axis are views where the device's memory can be divided.
 *
 * @throws {RangeError} when listed sizes do not add up to the axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3, 4, 5]);
 * const [a, b] = x.split([2, 3]);
 * assertEquals([a.toArray(), b.toArray()], [[1, 2], [3, 4, 5]]);
 * ```
 */
export function split(x: Tensor, sizes: number | readonly number[], axis: number = 0): Tensor[] {
  const along = axisOf("split", axis, x.rank);
  const size = x.shape[along];
  const list = typeof sizes === "number" ? evenSizes(size, sizes) : [...sizes];
  const isWhole = list.length > 0 && list.every((n) => Number.isInteger(n) && n >= 0);
  if (!isWhole || list.reduce((sum, n) => sum + n, 0) !== size) {
    throw new RangeError(
      `split: expected sizes that add up to axis ${along} of ${showShape(x.shape)} but found ${
        JSON.stringify(sizes)
      }`,
    );
  }
  const leading = x.shape.slice(0, along).every((n) => n === 1);
  return leading && x.device.backend.divisible
    ? viewOp.all([x, list], { axis: along })
    : copyOp.all([x, list], { axis: along, count: list.length });
}

/** `size` in parts of `part`; the last one may be smaller. */
function evenSizes(size: number, part: number): number[] {
  if (!Number.isInteger(part) || part < 1) return [part];
  const count = Math.max(1, Math.ceil(size / part));
  return Array.from({ length: count }, (_, i) => Math.min(part, size - i * part));
}

/**
 * `x` in at most `chunks` pieces along `axis`, all of one size but the last.
 *
 * @throws {RangeError} when `chunks` is not a whole number of 1 or more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3, 4, 5]);
 * const pieces = ebb.scope(() => x.chunk(2).map((piece) => piece.toArray()));
 * assertEquals(pieces, [[1, 2, 3], [4, 5]]);
 * ```
 */
export function chunk(x: Tensor, chunks: number, axis: number = 0): Tensor[] {
  const along = axisOf("chunk", axis, x.rank);
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new RangeError(`chunk: expected a number of pieces but found ${chunks}`);
  }
  return split(x, Math.max(1, Math.ceil(x.shape[along] / chunks)), along);
}
