/**
 * Elements by size: the largest few, or all in order. Of equal ones the first comes first. The order of NaNs is undefined.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axisOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkNumeric } from "./check.ts";
import { scatterZerosOp } from "./gather.ts";
import { reshape } from "./view.ts";

type Settings = { axis: number; largest: boolean };

const topKOp: Op<[Tensor, readonly number[]], Settings> = defineOp<[Tensor, readonly number[]], Settings>({
  name: "topK",
  infer: ([x, [k]], { axis }) => {
    const shape = x.shape.map((size, i) => i === axis ? k : size);
    return [{ dtype: x.dtype, shape }, { dtype: "int64", shape }];
  },
  graph: (g, [x, k], { attributes: { axis, largest } }) =>
    g.nodes("TopK", 2, [x, k], { axis, largest: largest ? 1 : 0, sorted: 1 }),
  saves: { outputs: [1] },
  gradient: ({ outputs: [, indices], specs: [x], attributes: { axis } }, [dy]) => [
    scatterZerosOp([dy, indices, x.shape], { axis }),
    null,
  ],
});

/** Values and where they stood. */
export type Ordered = [values: Tensor, indices: Tensor];

/** Options of {@link topK}. */
export interface TopKOptions {
  /** The axis along which elements compete. Default the last. */
  axis?: number;
  /** The largest (default), or the smallest. */
  largest?: boolean;
}

/**
 * The `k` largest elements along an axis, in descending order, and their indices.
 *
 * @param x any shape
 * @param k at most the size of the axis
 * @returns values (`x`'s type) and indices (int64), both with k in place of the size of the axis
 * @throws {RangeError} when `k` is more than there are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([3, 1, 4, 1, 5]);
 * ebb.scope(() => {
 *   const [values, indices] = x.topK(2);
 *   assertEquals([values.toArray(), indices.toArray()], [[5, 4], [4, 2]]);
 * });
 * ```
 */
export function topK(x: Tensor, k: number, options: TopKOptions = {}): Ordered {
  return ordered("topK", x, k, options.axis ?? -1, options.largest ?? true);
}

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** The axis along which elements are ordered. Default the last. */
  axis?: number;
  /** From the largest to the smallest. Default false. */
  descending?: boolean;
}

/**
 * All elements along an axis in order (stable), and where they stood (int64). Both have `x`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[3, 1, 2], [7, 9, 8]]);
 * ebb.scope(() => {
 *   const [values, indices] = x.sort();
 *   assertEquals(values.toArray(), [[1, 2, 3], [7, 8, 9]]);
 *   assertEquals(indices.toArray(), [[1, 2, 0], [0, 2, 1]]);
 * });
 * ```
 */
export function sort(x: Tensor, options: SortOptions = {}): Ordered {
  return ordered("sort", x, undefined, options.axis ?? -1, options.descending ?? false);
}

/**
 * Where the elements of {@link sort} stood: int64, of `x`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using losses = ebb.tensor([0.5, 0.1, 0.3]);
 * using order = losses.argsort({ descending: true });
 * assertEquals(order.toArray(), [0, 2, 1]);
 * ```
 */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  const [values, indices] = sort(x, options);
  values.dispose();
  return indices;
}

function ordered(name: string, x: Tensor, k: number | undefined, axis: number, largest: boolean): Ordered {
  checkNumeric(name, x);
  if (x.rank === 0) {
    return scope(() =>
      ordered(name, reshape(x, [1]), k, axis, largest).map((y) => reshape(y, [])) as Ordered
    );
  }
  const along = axisOf(name, axis, x.rank);
  const size = x.shape[along];
  const count = k ?? size;
  if (!Number.isInteger(count) || count < 0 || count > size) {
    throw new RangeError(`${name}: expected k from 0 to ${size}, the size of axis ${along}, but found ${k}`);
  }
  return topKOp.all([x, [count]], { axis: along, largest }) as Ordered;
}
