/**
 * The graphs of a convolution's weight gradient. Each takes the image `x`, the result's gradient `dy` and their sizes,
 * and gives `[O, C / groups, kH, kW]`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import type { Spec } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { blockedConvolution, type ConvAttributes, fillsBlocks } from "./geometry.ts";
import { swapRows, widened } from "./rows.ts";

/** Settings of a weight gradient. */
export type WeightAttributes = ConvAttributes & { kernel: readonly number[]; bias: boolean };

/** Rows and columns that windows reach below and to the right of the image; negative where the stride leaves a rest. */
function beyond(
  { kernel, stride, padding, dilation }: WeightAttributes,
  image: Shape,
  small: Shape,
): number[] {
  return [0, 1].map((i) =>
    dilation[i] * (kernel[i] - 1) + 1 + stride[i] * (small[2 + i] - 1) - image[2 + i] - padding[i]
  );
}

/** Whether {@link batchAsChannels} applies: whole blocks of images and of outputs, and no rest. */
export function fitsBatchAsChannels(a: WeightAttributes, image: Shape, small: Shape): boolean {
  const B = blockSize();
  return fillsBlocks(image[0], B) && fillsBlocks(small[1], B) &&
    beyond(a, image, small).every((rest) => rest >= 0);
}

/**
 * Whole blocks of images and of outputs: a blocked convolution whose channels are the images and whose filter is the
 * gradient. A blocked image has the channels of a block side by side in its width; a plain one (fewer channels than a
 * block) stays as it is. (Measured on AVX-512: up to a fifth faster than
 * {@link channelsLast}, at worst a tie, and 1.7 times as fast as {@link columns} for 3 channels.)
 */
export function batchAsChannels(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  a: WeightAttributes,
  { shape: [n, c, height, width] }: Spec,
  { shape: [, o, rows, cols] }: Spec,
): Value {
  const B = blockSize();
  const { kernel: [kh, kw], stride, padding } = a;
  const [below, right] = beyond(a, [n, c, height, width], [n, o, rows, cols]);
  const lanes = fillsBlocks(c, B) ? B : 1;
  const [inputBlocks, outputBlocks, groups] = [c / lanes, o / B, n / B];
  const wide = width + padding[1] + right;
  let padded = widened(g, x, c, lanes > 1, padding[1], right);
  if (inputBlocks > 1) padded = swapRows(g, padded, [1, n, inputBlocks, height * wide * lanes]);
  const columns = g.node("Reshape", [padded, g.ints([inputBlocks, n, height * wide * lanes, 1])]);
  const picture = g.node("Reshape", [
    g.blocked("ReorderInput", [columns]),
    g.ints([inputBlocks, n, height, wide * lanes]),
  ]);
  const filter = g.node("Reshape", [
    swapRows(g, dy, [groups, B, outputBlocks * rows * cols, B]),
    g.ints([groups * o, B, rows, cols]),
  ]);
  const sums = g.blocked(
    "Conv",
    [picture, filter],
    blockedConvolution(
      [rows, cols],
      [1, 1],
      [padding[0], 0, below, 0],
      [stride[0], stride[1] * lanes],
      groups,
    ),
  );
  const parts = g.node("Reshape", [sums, g.ints([inputBlocks, groups, o * kh * kw * lanes])]);
  const total = g.node("MatMul", [g.fill([1, groups], 1), parts]);
  const places = g.node("Reshape", [total, g.ints([inputBlocks, outputBlocks, kh * kw, lanes, B])]);
  return g.node("Reshape", [
    g.node("Transpose", [places], { perm: [1, 4, 0, 3, 2] }),
    g.ints([o, c, kh, kw]),
  ]);
}

/** One tap: the image at the places that the stride reaches, times the gradient. */
export function pointwise(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  { stride }: WeightAttributes,
  image: Spec,
  small: Spec,
): Value {
  const [n, c] = image.shape;
  const [, o, rows, cols] = small.shape;
  const picked = stride[0] === 1 && stride[1] === 1
    ? x
    : g.node("MaxPool", [x], { kernel_shape: [1, 1], strides: stride });
  const products = g.fused("FusedMatMul", [
    g.node("Reshape", [dy, g.ints([n, o, rows * cols])]),
    g.node("Reshape", [picked, g.ints([n, c, rows * cols])]),
  ], { transB: 1 });
  return g.node("Reshape", [
    g.node("ReduceSum", [products, g.ints([0])], { keepdims: 0 }),
    g.ints([o, c, 1, 1]),
  ]);
}

/** Few channels: each tap's window of the padded image beside the others, times the gradient. */
export function columns(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  a: WeightAttributes,
  image: Spec,
  small: Spec,
): Value {
  const { kernel: [kh, kw], stride, padding } = a;
  const [n, c] = image.shape;
  const [, o, rows, cols] = small.shape;
  const padded = padding[0] + padding[1] === 0
    ? x
    : g.node("Pad", [x, g.ints([0, 0, ...padding, 0, 0, ...padding])]);
  const windows: Value[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const ends = [i + stride[0] * (rows - 1) + 1, j + stride[1] * (cols - 1) + 1];
      windows.push(
        g.node("Slice", [padded, g.ints([i, j]), g.ints(ends), g.ints([2, 3]), g.ints([...stride])]),
      );
    }
  }
  const stacked = g.node("Reshape", [
    g.node("Concat", windows, { axis: 1 }),
    g.ints([n, kh * kw * c, rows * cols]),
  ]);
  const gradient = g.node("Reshape", [dy, g.ints([n, o, rows * cols])]);
  const products = g.fused("FusedMatMul", [stacked, gradient], { transB: 1 });
  const total = g.node("ReduceSum", [products, g.ints([0])], { keepdims: 0 });
  return g.node("Transpose", [g.node("Reshape", [total, g.ints([kh, kw, c, o])])], { perm: [3, 2, 0, 1] });
}

/** Bytes of partial sums up to which one group an image pays, and beyond it. */
const PARTIALS = { each: 5.2e6, shared: 1.3e6 };

/** Groups of images that are summed apart: enough for both threads, few enough that partial sums stay in cache. */
function groupsOf(images: number, bytesPerGroup: number, places: number): number {
  let groups = images;
  const tooMany = () =>
    groups * bytesPerGroup > (groups === images ? PARTIALS.each : PARTIALS.shared) ||
    images / groups * places < 200;
  while (groups > 4 && groups % 2 === 0 && tooMany()) groups /= 2;
  return groups;
}

/** Whole blocks of channels: the image with channels last is one wide picture, the gradient its filter. */
export function channelsLast(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  a: WeightAttributes,
  image: Spec,
  small: Spec,
): Value {
  const { kernel: [kh, kw], stride, padding } = a;
  const [n, c, height, width] = image.shape;
  const [, o, rows, cols] = small.shape;
  const groups = groupsOf(n, o * c * kh * kw * 4, rows * cols);
  const share = n / groups;
  const filter = share === 1 ? g.node("Reshape", [dy, g.ints([n * o, 1, rows, cols])]) : g.node("Reshape", [
    g.node("Transpose", [g.node("Reshape", [dy, g.ints([groups, share, o, rows * cols])])], {
      perm: [0, 2, 1, 3],
    }),
    g.ints([groups * o, share, rows, cols]),
  ]);
  const last = g.blocked("ReorderOutput", [x], { channels: c, channels_last: 1 });
  let picture = g.node("Reshape", [last, g.ints([1, n, height, width * c])]);
  const [below, right] = beyond(a, image.shape, small.shape);
  if (below < 0 || right < 0) {
    const ends = [height + Math.min(0, below), (width + Math.min(0, right)) * c];
    picture = g.node("Slice", [picture, g.ints([0, 0]), g.ints(ends), g.ints([2, 3])]);
  }
  const sums = g.node("Conv", [picture, filter], {
    group: groups,
    kernel_shape: [rows, cols],
    dilations: [stride[0], stride[1] * c],
    pads: [padding[0], padding[1] * c, Math.max(0, below), Math.max(0, right) * c],
  });
  const flat = g.node("Reshape", [sums, g.ints([groups, o * kh * kw * c])]);
  const total = g.node("MatMul", [g.fill([1, groups], 1), flat]);
  return g.node("Transpose", [g.node("Reshape", [total, g.ints([o, kh, kw, c])])], { perm: [0, 3, 1, 2] });
}

/** Any groups and dilation: images become channels, channels become images. */
export function transposedBatch(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  a: WeightAttributes,
  image: Spec,
  small: Spec,
): Value {
  const { stride, padding, dilation, groups } = a;
  const [n, c, height, width] = image.shape;
  const [, o, rows, cols] = small.shape;
  const each = c / groups;
  const turned = g.node("Transpose", [g.node("Reshape", [x, g.ints([n, groups, each, height * width])])], {
    perm: [2, 1, 0, 3],
  });
  let picture = g.node("Reshape", [turned, g.ints([each, groups * n, height, width])]);
  const filter = g.node("Reshape", [
    g.node("Transpose", [g.node("Reshape", [dy, g.ints([n, o, rows * cols])])], { perm: [1, 0, 2] }),
    g.ints([o, n, rows, cols]),
  ]);
  const [below, right] = beyond(a, image.shape, small.shape);
  if (below < 0 || right < 0) {
    const ends = [height + Math.min(0, below), width + Math.min(0, right)];
    picture = g.node("Slice", [picture, g.ints([0, 0]), g.ints(ends), g.ints([2, 3])]);
  }
  const sums = g.node("Conv", [picture, filter], {
    group: groups,
    kernel_shape: [rows, cols],
    strides: dilation,
    dilations: stride,
    pads: [...padding, Math.max(0, below), Math.max(0, right)],
  });
  return g.node("Transpose", [sums], { perm: [1, 0, 2, 3] });
}
