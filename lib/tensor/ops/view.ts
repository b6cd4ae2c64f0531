/**
 * Other shapes of the same elements: views, which copy nothing, and expansion, which does.
 *
 * @module
 */
import { defineOp } from "../op.ts";
import { axisOf, broadcastShapes, resolveShape, sameShape, type Shape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./sum.ts";

const reshapeOp = defineOp<[Tensor], { shape: Shape }>({
  name: "reshape",
  view: true,
  infer: ([x], { shape }) => [{ dtype: x.dtype, shape }],
  graph: () => [],
  gradient: ({ specs: [x] }, [dy]) => [reshape(dy, x.shape)],
});

/**
 * The same elements in another shape; one size may be -1. Nothing is copied.
 *
 * @throws {RangeError} when the number of elements differs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.arange(6);
 * using y = x.reshape([2, -1]);
 * assertEquals(y.toArray(), [[0, 1, 2], [3, 4, 5]]);
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return reshapeOp([x], { shape: resolveShape("reshape", shape, x.size) });
}

/**
 * All axes from `start` to `end` (both included) as one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.zeros([8, 3, 4, 4]);
 * using rows = images.flatten(1);
 * assertEquals(rows.shape, [8, 48]);
 * ```
 */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return reshape(x, [1]);
  const from = axisOf("flatten", start, x.rank);
  const to = axisOf("flatten", end, x.rank);
  return reshape(x, [
    ...x.shape.slice(0, from),
    sizeOf(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ]);
}

/**
 * Without axes of size 1: all of them, or the given one if its size is 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([1, 3, 1]);
 * using all = x.squeeze();
 * using first = x.squeeze(0);
 * assertEquals([all.shape, first.shape], [[3], [3, 1]]);
 * ```
 */
export function squeeze(x: Tensor, axis?: number): Tensor {
  const only = axis === undefined ? undefined : axisOf("squeeze", axis, x.rank);
  return reshape(x, x.shape.filter((size, i) => size !== 1 || (only !== undefined && i !== only)));
}

/**
 * With a new axis of size 1 at `axis`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * using column = x.unsqueeze(1);
 * assertEquals(column.toArray(), [[1], [2]]);
 * ```
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = axisOf("unsqueeze", axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

const expandOp = defineOp<[Tensor, readonly number[]]>({
  name: "expand",
  infer: ([x, shape]) => [{ dtype: x.dtype, shape }],
  graph: (g, [x, shape]) => [g.node("Expand", [x, shape])],
  gradient: ({ specs: [x] }, [dy]) => [sumTo(dy, x.shape), null],
});

/**
 * Repeated along axes of size 1 (and new leading ones) to `shape`; -1 keeps a size. Copies, unlike PyTorch's.
 *
 * @throws {RangeError} when an axis that is not 1 would change.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1], [2]]);
 * using y = x.expand([-1, 3]);
 * assertEquals(y.toArray(), [[1, 1, 1], [2, 2, 2]]);
 * ```
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.rank;
  const wanted = shape.map((size, axis) => size === -1 && axis >= lead ? x.shape[axis - lead] : size);
  if (!sameShape(broadcastShapes("expand", x.shape, wanted), wanted)) {
    throw new RangeError(
      `expand: expected a shape that ${showShape(x.shape)} broadcasts to but found ${showShape(shape)}`,
    );
  }
  return sameShape(x.shape, wanted) ? reshape(x, wanted) : expandOp([x, wanted]);
}
