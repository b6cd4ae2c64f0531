/**
 * Pooling. Where windows do not overlap (the usual case) the gradients are made of nearest-neighbour enlargement and
 * comparisons, in the blocked layout too: several times faster than indices (`kernels.md`, section 3), and the first of
 * equal values takes the gradient, as in PyTorch.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { defineOp, type Op } from "../op.ts";
import type { DType } from "../dtype.ts";
import { blockSize } from "../layout.ts";
import { type Shape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import {
  blockedWindow,
  blocksFor,
  convOutputSize,
  fillsBlocks,
  pairOf,
  type Size2d,
} from "./conv/geometry.ts";
import { STEP } from "./unary.ts";

/** Options of pooling, as in PyTorch. */
export interface PoolOptions {
  /** Step of the window. Default: its size. */
  stride?: Size2d;
  /** Places added around the image, which never win (maximum) or count as zeros (average). Default 0. */
  padding?: Size2d;
}

type Window = {
  size: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
};

function windowOf(op: string, x: Tensor, size: Size2d, options: PoolOptions): Window {
  if (x.rank !== 4) {
    throw new RangeError(`${op}: expected images [N, C, H, W] but found ${showShape(x.shape)}`);
  }
  const window = pairOf(op, "a window", size, 1);
  const padding = pairOf(op, "padding", options.padding ?? 0, 0);
  if (padding.some((pad, i) => 2 * pad > window[i])) {
    throw new RangeError(
      `${op}: expected padding of at most half the window [${window}] but found [${padding}]`,
    );
  }
  return { size: window, stride: pairOf(op, "a stride", options.stride ?? window, 1), padding };
}

function pooledShape(op: string, image: Shape, { size, stride, padding }: Window): number[] {
  return [
    image[0],
    image[1],
    ...convOutputSize(op, image, size, { stride, padding, dilation: [1, 1], groups: 1 }),
  ];
}

/** Whether windows tile the image: side by side, nothing left over. */
function tiles(image: Shape, { size, stride, padding }: Window): boolean {
  return [0, 1].every((i) => stride[i] === size[i] && padding[i] === 0 && image[2 + i] % size[i] === 0);
}

function canBlock(x: Tensor, window: Window): boolean {
  return tiles(x.shape, window) && fillsBlocks(x.shape[1], blocksFor(x));
}

/** Every value repeated over its window. */
function enlarge(g: GraphBuilder, x: Value, size: readonly number[], blocked: boolean): Value {
  const scales = [1, 1, ...size];
  if (blocked) return g.blocked("Upsample", [x], { scales });
  return g.node("Resize", [x, "", g.values(scales, [4])], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}

function maxPool(g: GraphBuilder, x: Value, { size, stride, padding }: Window, blocked: boolean): Value {
  const pads = [...padding, ...padding];
  if (!blocked) return g.node("MaxPool", [x], { kernel_shape: size, strides: stride, pads });
  return g.blocked("MaxPool", [x], { ...blockedWindow(size, stride, pads), ceil_mode: 0 });
}

const maxPoolBackward: Op<[Tensor, Tensor, Tensor], Window> = defineOp<[Tensor, Tensor, Tensor], Window>({
  name: "maxPool2dBackward",
  shaped: true,
  rows: true,
  layout: "own",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape, blocked: x.blocked }],
  graph: (g, [dy, x, y], { attributes: window, inputs: [small, image] }) => {
    const blocked = image.blocked ?? false;
    const channels = image.shape[1];
    let gradient = dy;
    if (blocked && !small.blocked) gradient = g.blocked("ReorderInput", [dy]);
    if (!blocked && small.blocked) gradient = g.blocked("ReorderOutput", [dy], { channels });
    // Enlarging has no kernel for float64.
    if (!tiles(image.shape, window) || image.dtype === "float64") {
      return [scattered(g, gradient, x, window, image.shape, image.dtype)];
    }
    const { size } = window;
    // 0 at the largest values of each window, negative elsewhere; a rank on top lets the first of equals win.
    const below = g.node("Sub", [x, enlarge(g, y, size, blocked)]);
    const [, , height, width] = image.shape;
    const lanes = blocked ? blockSize() : 1;
    const lines = g.node("Reshape", [below, g.ints([-1, height, width * lanes])]);
    const raised = g.node("Add", [lines, ranks(g, image.shape, size, lanes)]);
    const ranked = g.node("Reshape", [raised, g.ints([...image.shape])]);
    const best = enlarge(g, maxPool(g, ranked, window, blocked), size, blocked);
    const chosen = g.node("HardSigmoid", [g.node("Sub", [ranked, best])], { ...STEP, beta: { float: 1 } });
    return [g.node("Mul", [enlarge(g, gradient, size, blocked), chosen])];
  },
});

/** Windows that overlap: the places of the largest values, and a sum into them. */
function scattered(g: GraphBuilder, dy: Value, x: Value, window: Window, image: Shape, dtype: DType): Value {
  const { size, stride, padding } = window;
  const [, places] = g.nodes("MaxPool", 2, [x], {
    kernel_shape: size,
    strides: stride,
    pads: [...padding, ...padding],
  });
  const zeros = g.node("Expand", [g.scalar(0, dtype), g.ints([sizeOf(image)])]);
  const flat = (value: Value) => g.node("Reshape", [value, g.ints([-1])]);
  const sums = g.node("ScatterElements", [zeros, flat(places), flat(dy)], { axis: 0, reduction: "add" });
  return g.node("Reshape", [sums, g.ints([...image])]);
}

/** Row-major rank of each place in its window, as numbers too small to disturb any other difference. */
function ranks(
  g: GraphBuilder,
  [, , height, width]: Shape,
  [kh, kw]: readonly number[],
  lanes: number,
): Value {
  const values: number[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const rank = (kh * kw - 1 - ((row % kh) * kw + column % kw)) * 1e-37;
      for (let lane = 0; lane < lanes; lane++) values.push(rank);
    }
  }
  return g.values(values, [height, width * lanes]);
}

const maxPoolOp = defineOp<[Tensor], Window>({
  name: "maxPool2d",
  shaped: true,
  layout: ([x], window) => canBlock(x, window),
  infer: (
    [x],
    window,
  ) => [{ dtype: x.dtype, shape: pooledShape("maxPool2d", x.shape, window), blocked: x.blocked }],
  graph: (g, [x], { attributes, inputs: [image] }) => [maxPool(g, x, attributes, image.blocked ?? false)],
  saves: { inputs: [0], outputs: [0] },
  gradient: ({ inputs: [x], outputs: [y], attributes }, [dy]) => [maxPoolBackward([dy, x, y], attributes)],
});

/**
 * The largest value of each window.
 *
 * @param x images `[N, C, H, W]`
 * @param size height and width of the window
 * @returns `[N, C, H', W']`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[1, 2], [3, 4]]]]);
 * using y = ebb.maxPool2d(x, 2);
 * assertEquals(y.toArray(), [[[[4]]]]);
 * ```
 */
export function maxPool2d(x: Tensor, size: Size2d, options: PoolOptions = {}): Tensor {
  return maxPoolOp([x], windowOf("maxPool2d", x, size, options));
}

function averagePool(g: GraphBuilder, x: Value, { size, stride, padding }: Window, blocked: boolean): Value {
  const pads = [...padding, ...padding];
  if (!blocked) {
    return g.node("AveragePool", [x], { kernel_shape: size, strides: stride, pads, count_include_pad: 1 });
  }
  return g.blocked("AveragePool", [x], {
    ...blockedWindow(size, stride, pads),
    ceil_mode: 0,
    count_include_pad: 1,
  });
}

const avgPoolBackward: Op<[Tensor], Window & { image: Shape }> = defineOp<
  [Tensor],
  Window & { image: Shape }
>({
  name: "avgPool2dBackward",
  shaped: true,
  layout: (_, { image, ...window }) => tiles(image, window),
  infer: ([dy], { image }) => [{ dtype: dy.dtype, shape: image, blocked: dy.blocked }],
  graph: (g, [dy], { attributes: { image, ...window }, inputs: [small] }) => {
    const share = 1 / (window.size[0] * window.size[1]);
    const { dtype } = small;
    if (tiles(image, window)) {
      return [enlarge(g, g.node("Mul", [dy, g.scalar(share, dtype)]), window.size, small.blocked ?? false)];
    }
    const beyond = [0, 1].map((i) =>
      image[2 + i] + 2 * window.padding[i] - (small.shape[2 + i] - 1) * window.stride[i] - window.size[i]
    );
    return [g.node("ConvTranspose", [dy, g.fill([image[1], 1, ...window.size], share, dtype)], {
      kernel_shape: window.size,
      strides: window.stride,
      pads: [...window.padding, ...window.padding],
      output_padding: beyond,
      group: image[1],
    })];
  },
  gradient: ({ attributes: { image: _image, ...window } }, [d]) => [avgPoolOp([d], window)],
});

const avgPoolOp: Op<[Tensor], Window> = defineOp<[Tensor], Window>({
  name: "avgPool2d",
  shaped: true,
  layout: ([x], window) => canBlock(x, window),
  infer: (
    [x],
    window,
  ) => [{ dtype: x.dtype, shape: pooledShape("avgPool2d", x.shape, window), blocked: x.blocked }],
  graph: (g, [x], { attributes, inputs: [image] }) => [averagePool(g, x, attributes, image.blocked ?? false)],
  gradient: ({ specs: [x], attributes }, [dy]) => [avgPoolBackward([dy], { ...attributes, image: x.shape })],
});

/**
 * The mean of each window; padded zeros count, as in PyTorch.
 *
 * @param x images `[N, C, H, W]`
 * @param size height and width of the window
 * @returns `[N, C, H', W']`
 * @throws {RangeError} when `x` has no four axes, or the window does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[4, 8], [12, 16]]]]);
 * using y = x.avgPool2d(2);
 * assertEquals(y.toArray(), [[[[10]]]]);
 * using padded = x.avgPool2d(2, { padding: 1 });
 * assertEquals(padded.toArray(), [[[[1, 2], [3, 4]]]]);
 * ```
 */
export function avgPool2d(x: Tensor, size: Size2d, options: PoolOptions = {}): Tensor {
  return avgPoolOp([x], windowOf("avgPool2d", x, size, options));
}
