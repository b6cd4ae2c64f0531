/**
 * Pooling to a given size. Where windows are all alike it is ordinary pooling; where they are not, an average is two
 * small matrix products, and a maximum is taken along one direction after the other.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { type Shape, showShape } from "../shape.ts";
import { tensor } from "../create.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { blockSize } from "../layout.ts";
import { blocksFor, fillsBlocks, pairOf, type Size2d } from "./conv/geometry.ts";
import { concat } from "./concat.ts";
import { matmul } from "./matmul.ts";
import { avgPool2d, maxPool2d } from "./pool.ts";
import { max } from "./reduce.ts";
import { slice } from "./slice.ts";

const spread: Op<[Tensor], { image: Shape; blocked: boolean }> = defineOp({
  name: "globalAvgPoolBackward",
  shaped: true,
  infer: ([dy], { image, blocked }) => [{ dtype: dy.dtype, shape: image, blocked }],
  graph: (g, [dy], { attributes: { image, blocked }, inputs: [{ dtype }] }) => {
    const [n, c, h, w] = image;
    const share = g.node("Mul", [dy, g.scalar(1 / (h * w), dtype)]);
    if (!blocked) return [g.node("Expand", [share, g.ints(image)])];
    const B = blockSize();
    const rows = g.node("Reshape", [share, g.ints([n * c / B, 1, B])]);
    const repeated = g.node("Expand", [rows, g.ints([n * c / B, h * w, B])]);
    return [g.node("Reshape", [repeated, g.ints(image)])];
  },
  gradient: (_, [d]) => [globalAvgPool([d])],
});

const globalAvgPool: Op<[Tensor]> = defineOp({
  name: "globalAvgPool",
  layout: "own",
  infer: ([x]) => [{ dtype: x.dtype, shape: [x.shape[0], x.shape[1], 1, 1] }],
  // A blocked image of one place is a plain one.
  graph: (g, [x], { inputs: [image] }) => [
    image.blocked ? g.blocked("GlobalAveragePool", [x]) : g.node("GlobalAveragePool", [x]),
  ],
  gradient: ({ specs: [x] }, [dy]) => [
    spread([dy], { image: x.shape, blocked: fillsBlocks(x.shape[1], blocksFor(dy)) }),
  ],
});

function sizeOfResult(op: string, x: Tensor, size: Size2d): [number, number] {
  if (x.rank !== 4) {
    throw new RangeError(`${op}: expected images [N, C, H, W] but found ${showShape(x.shape)}`);
  }
  return pairOf(op, "a size", size, 1);
}

/** Window of each direction where all windows are alike, else null. */
function evenWindow(x: Tensor, size: readonly [number, number]): [number, number] | null {
  const window: [number, number] = [x.shape[2] / size[0], x.shape[3] / size[1]];
  return window.every(Number.isInteger) ? window : null;
}

/** Start and end of each of `count` windows over `length` places, as PyTorch cuts them. */
function windows(length: number, count: number): [number, number][] {
  return Array.from(
    { length: count },
    (_, i) => [Math.floor(i * length / count), Math.ceil((i + 1) * length / count)],
  );
}

/**
 * The mean of each of `size` windows that together cover the image.
 *
 * @param x images `[N, C, H, W]`
 * @param size height and width of the result
 * @returns `[N, C, size, size]`
 * @throws {RangeError} when `x` has no four axes, or a size is not a whole number of 1 or more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[1, 3, 5, 7]]]]);
 * using y = x.adaptiveAvgPool2d([1, 3]); // windows overlap where the size does not divide
 * assertEquals(y.toArray(), [[[[2, 4, 6]]]]);
 * using whole = x.adaptiveAvgPool2d(1);
 * assertEquals(whole.toArray(), [[[[4]]]]);
 * ```
 */
export function adaptiveAvgPool2d(x: Tensor, size: Size2d): Tensor {
  const wanted = sizeOfResult("adaptiveAvgPool2d", x, size);
  if (wanted[0] === 1 && wanted[1] === 1) return globalAvgPool([x]);
  const window = evenWindow(x, wanted);
  if (window !== null) return avgPool2d(x, window);
  return scope(() => {
    const averaging = (length: number, count: number) =>
      windows(length, count).map(([from, to]) =>
        Array.from({ length }, (_, i) => i >= from && i < to ? 1 / (to - from) : 0)
      );
    const rows = tensor(averaging(x.shape[2], wanted[0]), { dtype: x.dtype, device: x.device });
    const flat = averaging(x.shape[3], wanted[1]);
    const columns = tensor(flat[0].map((_, i) => flat.map((row) => row[i])), {
      dtype: x.dtype,
      device: x.device,
    });
    return matmul(matmul(rows, x), columns);
  });
}

/** The largest value of each window along one axis. */
function windowMaxima(x: Tensor, axis: number, count: number): Tensor {
  const whole = Array<null>(axis).fill(null);
  return concat(
    windows(x.shape[axis], count).map((window) => max(slice(x, ...whole, window), axis, { keepDim: true })),
    axis,
  );
}

/**
 * The largest value of each of `size` windows that together cover the image. Of equal values the first one takes the
 * gradient; where windows differ in size they share it.
 *
 * @param x images `[N, C, H, W]`
 * @param size height and width of the result
 * @returns `[N, C, size, size]`
 * @throws {RangeError} when `x` has no four axes, or a size is not a whole number of 1 or more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[1, 9, 2, 4], [3, 5, 8, 7]]]]);
 * using y = x.adaptiveMaxPool2d([1, 2]);
 * assertEquals(y.toArray(), [[[[9, 8]]]]);
 * ```
 */
export function adaptiveMaxPool2d(x: Tensor, size: Size2d): Tensor {
  const wanted = sizeOfResult("adaptiveMaxPool2d", x, size);
  const window = evenWindow(x, wanted);
  if (window !== null) return maxPool2d(x, window);
  return scope(() => windowMaxima(windowMaxima(x, 2, wanted[0]), 3, wanted[1]));
}
