/**
 * Parts of a tensor: ranges along its axes, single places. Ranges that leave the elements in one piece are views where
 * the device's memory can be divided (on the CPU, not on WebGPU); all others are copied.
 *
 * @module
 */
import { zeros } from "../create.ts";
import { bytesPerElement } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axisOf, type Shape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { padOp } from "./pad.ts";
import { reshape } from "./view.ts";

/** Start, end (excluded) and step along an axis, each of which may be left out or null; null stands for all of it. */
export type Range =
  | readonly [start?: number | null, end?: number | null, step?: number | null]
  | null
  | undefined;

/** A range that was looked at: `count` elements from `start` in steps of `step`. */
interface Cut {
  start: number;
  count: number;
  step: number;
}

/** A range of an axis with `size` elements, as Python reads it: negative places count from the end, far ones are ends. */
function cutOf(range: Range, size: number): Cut {
  if (range === null || range === undefined) return { start: 0, count: size, step: 1 };
  if (!Array.isArray(range)) {
    throw new TypeError(
      `slice: expected [start, end, step] or null but found ${range}; use select() for a place`,
    );
  }
  const [from, to, by] = range;
  const step = by ?? 1;
  const wrong = [from ?? 0, to ?? 0, step].find((value) => !Number.isInteger(value));
  if (wrong !== undefined || step === 0) {
    throw new RangeError(
      `slice: expected whole numbers and a step other than 0 but found ${JSON.stringify(range)}`,
    );
  }
  const [first, last] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, first), last);
  const start = from === null || from === undefined ? (step > 0 ? first : last) : place(from);
  const end = to === null || to === undefined ? (step > 0 ? last : first) : place(to);
  const count = Math.max(0, Math.ceil((end - start) / step));
  return { start: Math.max(0, start), count, step: count > 1 ? step : 1 };
}

const viewOp = defineOp<[Tensor], { cuts: readonly Cut[]; offset: number }>({
  name: "slice",
  view: true,
  infer: ([x], { cuts, offset }) => [{ dtype: x.dtype, shape: cuts.map(({ count }) => count), offset }],
  graph: () => [],
  gradient: ({ specs: [x], attributes: { cuts } }, [dy]) => [placed(dy, x.shape, cuts)],
});

type SliceOperands = [Tensor, readonly number[], readonly number[], readonly number[], readonly number[]];

const copyOp = defineOp<SliceOperands, { axes: readonly number[] }>({
  name: "slice",
  moves: true,
  infer: ([x, , , , counts], { axes }) => [{
    dtype: x.dtype,
    shape: x.shape.map((size, axis) => axes.includes(axis) ? counts[axes.indexOf(axis)] : size),
  }],
  graph: (g, [x, starts, ends, steps], { attributes: { axes } }) => [
    g.node("Slice", [x, starts, ends, g.ints(axes), steps]),
  ],
  gradient: ({ specs: [x], inputs: [, starts, , steps, counts], attributes: { axes } }, [dy]) => {
    const cuts = x.shape.map((size, axis): Cut => {
      const i = axes.indexOf(axis);
      return i < 0
        ? { start: 0, count: size, step: 1 }
        : { start: starts[i], count: counts[i], step: steps[i] };
    });
    return [placed(dy, x.shape, cuts), null, null, null, null];
  },
});

/** The cut out part of `x`. */
function cut(x: Tensor, cuts: readonly Cut[]): Tensor {
  const axes = cuts.map((_, axis) => axis).filter((axis) =>
    cuts[axis].count !== x.shape[axis] || cuts[axis].step !== 1
  );
  if (axes.length === 0) return reshape(x, x.shape);
  if (inOnePiece(x, cuts, axes)) {
    const strides = x.shape.map((_, axis) => sizeOf(x.shape.slice(axis + 1)));
    const elements = axes.reduce((sum, axis) => sum + cuts[axis].start * strides[axis], 0);
    return viewOp([x], { cuts, offset: elements * bytesPerElement(x.dtype) });
  }
  const of = (value: (cut: Cut, axis: number) => number) => axes.map((axis) => value(cuts[axis], axis));
  // Going down, "up to 0" has no number of its own: any below all others will do.
  const ends = of(({ start, count, step }, axis) => {
    const end = start + count * step;
    return end < 0 ? -x.shape[axis] - 1 : end;
  });
  const starts = of(({ start }) => start);
  return copyOp([x, starts, ends, of(({ step }) => step), of(({ count }) => count)], { axes });
}

/** Whether a part's elements follow each other without gaps, in memory that can be divided. */
function inOnePiece(x: Tensor, cuts: readonly Cut[], axes: readonly number[]): boolean {
  return x.device.backend.divisible && cuts.every(({ count }) => count > 0) &&
    axes.every((axis) => cuts[axis].step === 1) &&
    cuts.slice(0, axes.at(-1)).every(({ count }) => count === 1);
}

const spreadOp: Op<[Tensor, readonly number[]], { axis: number }> = defineOp({
  name: "sliceBackward",
  infer: ([dy, places], { axis }) => [{ dtype: dy.dtype, shape: dy.shape.with(axis, places.length) }],
  // A row of zeros at the end stands for all places that nothing came from.
  graph: (g, [dy, places], { attributes: { axis }, inputs: [{ shape, dtype }] }) => {
    const pads = new Array<number>(2 * shape.length).fill(0).with(shape.length + axis, 1);
    const padded = g.node("Pad", [dy, g.ints(pads), dtype === "bool" ? "" : g.scalar(0, dtype)]);
    return [g.node("Gather", [padded, places], { axis })];
  },
  gradient: ({ inputs: [, places], specs: [dy], attributes: { axis } }, [d]) => {
    const start = places.indexOf(0);
    const cuts = d.shape.map((count): Cut => ({ start: 0, count, step: 1 }));
    cuts[axis] = { start, count: dy.shape[axis], step: dy.shape[axis] > 1 ? places.indexOf(1) - start : 1 };
    return [cut(d, cuts), null];
  },
});

/** The reverse of {@link cut}: zeros of shape `shape` with `dy` where the cut was. */
function placed(dy: Tensor, shape: Shape, cuts: readonly Cut[]): Tensor {
  if (dy.size === 0) return zeros(shape, { dtype: dy.dtype, device: dy.device });
  let result = dy;
  cuts.forEach(({ start, count, step }, axis) => {
    if (step === 1) return;
    const places = new Array<number>(shape[axis]).fill(count);
    for (let i = 0; i < count; i++) places[start + i * step] = i;
    result = spreadOp([result, places], { axis });
  });
  const before = cuts.map(({ start, step }) => step === 1 ? start : 0);
  const after = shape.map((size, axis) => size - before[axis] - result.shape[axis]);
  return [...before, ...after].some((n) => n > 0)
    ? padOp([result, [...before, ...after], 0], { mode: "constant" })
    : reshape(result, shape);
}

/**
 * A range along each axis: `[start, end, step]`, of which each may be left out or null, or null for the whole axis; axes
 * without a range are whole. As in Python, negative places count from the end, and places beyond it mean it; a negative
 * step goes backwards. The result may be a view: changing it in place may change `x`.
 *
 * @throws {RangeError} when there are more ranges than axes, or a step is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * assertEquals(x.slice([1]).toArray(), [[4, 5, 6]]);
 * assertEquals(x.slice(null, [0, -1]).toArray(), [[1, 2], [4, 5]]);
 * assertEquals(x.slice(null, [null, null, -1]).toArray(), [[3, 2, 1], [6, 5, 4]]);
 * ```
 */
export function slice(x: Tensor, ...ranges: Range[]): Tensor {
  if (ranges.length > x.rank) {
    throw new RangeError(`slice: expected at most ${x.rank} ranges but found ${ranges.length}`);
  }
  return cut(x, x.shape.map((size, axis) => cutOf(ranges[axis], size)));
}

/**
 * `length` places along `axis` from `start` on. Throws a RangeError when the axis does not have them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * using y = x.narrow(1, 1, 2);
 * assertEquals(y.toArray(), [[2, 3], [5, 6]]);
 * ```
 */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const along = axisOf("narrow", axis, x.rank);
  const size = x.shape[along];
  const from = start < 0 ? start + size : start;
  if (
    !Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size
  ) {
    throw new RangeError(
      `narrow: expected places of axis ${along} of ${
        showShape(x.shape)
      } but found ${length} from ${start} on`,
    );
  }
  return cut(
    x,
    x.shape.map((n, i) =>
      i === along ? { start: from, count: length, step: 1 } : { start: 0, count: n, step: 1 }
    ),
  );
}

/**
 * The part at place `index` of `axis` (negative ones count from the end), without that axis.
 *
 * @throws {RangeError} when there is no such place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * using row = x.select(0, -1);
 * using column = x.select(1, 0);
 * assertEquals([row.toArray(), column.toArray()], [[4, 5, 6], [1, 4]]);
 * ```
 */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const along = axisOf("select", axis, x.rank);
  const size = x.shape[along];
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new RangeError(
      `select: expected a place from ${-size} to ${size - 1} of axis ${along} but found ${index}`,
    );
  }
  return scope(() => reshape(narrow(x, along, index, 1), x.shape.toSpliced(along, 1)));
}
