/**
 * Elements repeated, turned round and pushed along.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axesOf, axisOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { concat } from "./concat.ts";
import { narrow } from "./slice.ts";
import { sum } from "./sum.ts";
import { reshape } from "./view.ts";

const flipOp: Op<[Tensor], { axes: readonly number[] }> = defineOp<[Tensor], { axes: readonly number[] }>({
  name: "flip",
  moves: true,
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x], { attributes: { axes } }) => {
    const all = (value: number) => g.ints(axes.map(() => value));
    return [g.node("Slice", [x, all(-1), all(-(2 ** 31)), g.ints(axes), all(-1)])];
  },
  gradient: ({ attributes }, [dy]) => [flipOp([dy], attributes)],
});

/**
 * `x` with the elements along `axes` (all by default) in reverse order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using image = ebb.tensor([[1, 2], [3, 4]]);
 * using mirrored = image.flip(1);
 * assertEquals(mirrored.toArray(), [[2, 1], [4, 3]]);
 * ```
 */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  const over = axesOf("flip", axes, x.rank).filter((axis) => x.shape[axis] > 1);
  return over.length === 0 ? reshape(x, x.shape) : flipOp([x], { axes: over });
}

/**
 * `x` with the elements along each of `axes` pushed by as many places as `shifts` says; what falls off one end comes back
 * at the other. Without axes the flattened elements are pushed.
 *
 * @throws {RangeError} when there are not as many shifts as axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6]]);
 * using y = x.roll(1, 1);
 * assertEquals(y.toArray(), [[3, 1, 2], [6, 4, 5]]);
 * ```
 */
export function roll(
  x: Tensor,
  shifts: number | readonly number[],
  axes?: number | readonly number[],
): Tensor {
  const by = typeof shifts === "number" ? [shifts] : shifts;
  const along = typeof axes === "number" ? [axes] : axes;
  if (by.length !== (along?.length ?? 1) || !by.every(Number.isInteger)) {
    throw new RangeError(
      `roll: expected a whole number for each axis but found [${by}] for ${along ? `[${along}]` : "none"}`,
    );
  }
  return scope(() => {
    if (along === undefined) return reshape(rollAxis(reshape(x, [x.size]), by[0], 0), x.shape);
    const pushed = by.reduce(
      (rolled, shift, i) => rollAxis(rolled, shift, axisOf("roll", along[i], x.rank)),
      x,
    );
    return pushed === x ? reshape(x, x.shape) : pushed;
  });
}

function rollAxis(x: Tensor, shift: number, axis: number): Tensor {
  const size = x.shape[axis];
  const cut = size === 0 ? 0 : (size - shift % size) % size;
  if (cut === 0) return reshape(x, x.shape);
  return concat([narrow(x, axis, cut, size - cut), narrow(x, axis, 0, cut)], axis);
}

const tileOp = defineOp<[Tensor, readonly number[]]>({
  name: "tile",
  infer: ([x, repeats]) => [{ dtype: x.dtype, shape: x.shape.map((size, axis) => size * repeats[axis]) }],
  graph: (g, [x, repeats]) => [g.node("Tile", [x, repeats])],
  gradient: ({ specs: [{ shape }], inputs: [, repeats] }, [dy]) => {
    const split = shape.flatMap((size, axis) => repeats[axis] === 1 ? [size] : [repeats[axis], size]);
    const axes = repeats.flatMap((n, axis) =>
      n === 1 ? [] : [axis + repeats.slice(0, axis).filter((m) => m !== 1).length]
    );
    return [sum(reshape(dy, split), axes), null];
  },
});

/**
 * `x` repeated along each axis as often as `repeats` says; with more numbers than axes there are new leading axes, with
 * fewer they are for the last axes.
 *
 * @throws {RangeError} when a number is not whole or negative.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * assertEquals(x.tile([2, 2]).toArray(), [[1, 2, 1, 2], [1, 2, 1, 2]]);
 * ```
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (!repeats.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new RangeError(`tile: expected whole numbers of 0 or more but found [${repeats}]`);
  }
  const rank = Math.max(x.rank, repeats.length);
  const ones = (length: number) => new Array<number>(length).fill(1);
  const shape = [...ones(rank - x.rank), ...x.shape];
  const times = [...ones(rank - repeats.length), ...repeats];
  if (times.every((n) => n === 1)) return reshape(x, shape);
  return x.rank === rank ? tileOp([x, times]) : scope(() => tileOp([reshape(x, shape), times]));
}
