/**
 * The graphs of a convolution's weight gradient. Each is in two: sums over some images each, which can be computed one
 * after the other, and the sum of those. How many images a partial sum is over depends on sizes alone, so the result is
 * the same in every bit, whether all is computed at once or in pieces.
 *
 * @module
 */
import { type GraphBuilder, runtime, type Value } from "../../../ort/mod.ts";
import type { DType } from "../../dtype.ts";
import { blockSize } from "../../layout.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { blockedConvolution, type ConvAttributes, fillsBlocks } from "./geometry.ts";
import { swapRows, widened } from "./rows.ts";

/** Settings of a weight gradient. */
export type WeightAttributes = ConvAttributes & { kernel: readonly number[]; bias: boolean };

/** What a graph is built for. */
export interface WeightSizes {
  attributes: WeightAttributes;
  /** Shape of the image, `[N, C, H, W]`. */
  image: Shape;
  /** Shape of the result's gradient, `[N, O, H', W']`. */
  small: Shape;
  /** Images that a partial sum is over; divides N. */
  share: number;
  dtype: DType;
}

/** A graph of the weight gradient. */
export interface WeightForm {
  /** Whether it reads image and gradient in blocks (of an image of fewer channels than a block: never). */
  blocked: readonly [image: boolean, gradient: boolean];
  /** Images that a partial sum is over. */
  share(attributes: WeightAttributes, image: Shape, small: Shape): number;
  /** Partial sums that are computed at once at least, of more. */
  least: () => number;
  /** Rows in which {@link parts} lie: the channels of the image come in so many blocks, one after the other. */
  blocks(attributes: WeightAttributes, image: Shape): number;
  /** About how many elements {@link parts} takes for temporaries, of all images at once. */
  temporaries(attributes: WeightAttributes, image: Shape, small: Shape): number;
  /** Partial sums: `[blocks, N / share, …]` in memory, whatever the shape. */
  parts(g: GraphBuilder, x: Value, dy: Value, sizes: WeightSizes): Value;
  /** The sum of partial sums `[blocks, N / share, …]`, as filters `[O, C / groups, kH, kW]`. */
  total(g: GraphBuilder, parts: Value, sizes: WeightSizes): Value;
}

/**
 * Products of each image: as many as there are threads, so that one computes each. Fewer would be shared out among them,
 * and rounded in other places.
 */
const oneEach = () => runtime().threads;
/** Plain convolutions of a group each: a single one would be shared out among threads. */
const two = () => 2;

/** Image and gradient moved about, and moved about once more. */
function twice(_: WeightAttributes, image: Shape, small: Shape): number {
  return 2 * (sizeOf(image) + sizeOf(small));
}

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

/** The image without the rows and columns that no window reaches; a channel's columns are `width` numbers each. */
function reached(
  g: GraphBuilder,
  x: Value,
  [, , height, columns]: Shape,
  rest: number[],
  width: number,
): Value {
  const [below, right] = rest.map((places) => Math.min(0, places));
  if (below === 0 && right === 0) return x;
  return g.node("Slice", [
    x,
    g.ints([0, 0]),
    g.ints([height + below, (columns + right) * width]),
    g.ints([2, 3]),
  ]);
}

/** `[blocks, count, size]` added up over the middle axis. */
function addParts(g: GraphBuilder, parts: Value, { image, share, dtype }: WeightSizes): Value {
  return g.node("MatMul", [g.fill([1, image[0] / share], 1, dtype), parts]);
}

/** Matrices of the images added up. (Measured: over the axis in the middle it takes four times as long.) */
function addImages(g: GraphBuilder, parts: Value, matrix: readonly number[]): Value {
  const matrices = g.node("Reshape", [parts, g.ints([-1, ...matrix])]);
  return g.node("ReduceSum", [matrices, g.ints([0])], { keepdims: 0 });
}

/** Whether {@link batchAsChannels} applies: whole blocks of images and of outputs, and no rest. */
export function fitsBatchAsChannels(a: WeightAttributes, image: Shape, small: Shape): boolean {
  const B = blockSize();
  return fillsBlocks(image[0], B) && fillsBlocks(small[1], B) &&
    beyond(a, image, small).every((rest) => rest >= 0);
}

/** Channels of an image that lie side by side. */
function lanesOf([, channels]: Shape): number {
  return fillsBlocks(channels, blockSize()) ? blockSize() : 1;
}

/**
 * Whole blocks of images and of outputs: a blocked convolution whose channels are the images and whose filter is the
 * gradient. A blocked image has the channels of a block side by side in its width; a plain one (fewer channels than a
 * block) stays as it is. (Measured on AVX-512: up to a fifth faster than
 * {@link channelsLast}, at worst a tie, and 1.7 times as fast as {@link columns} for 3 channels.)
 */
export const batchAsChannels: WeightForm = {
  blocked: [true, true],
  share: () => blockSize(),
  least: () => 1,
  blocks: (_, image) => image[1] / lanesOf(image),
  temporaries: twice,
  parts(g, x, dy, { attributes: a, image, small }) {
    const B = blockSize();
    const { stride, padding } = a;
    const [n, c, height, width] = image;
    const [, o, rows, cols] = small;
    const [below, right] = beyond(a, image, small);
    const lanes = lanesOf(image);
    const [inputBlocks, outputBlocks, groups] = [c / lanes, o / B, n / B];
    const wide = width + padding[1] + right;
    // The filter first: ONNX Runtime then computes it last, when what the picture was made from is free again.
    const filter = g.node("Reshape", [
      swapRows(g, dy, [groups, B, outputBlocks * rows * cols, B]),
      g.ints([groups * o, B, rows, cols]),
    ]);
    let padded = widened(g, x, c, lanes > 1, padding[1], right);
    if (inputBlocks > 1) padded = swapRows(g, padded, [1, n, inputBlocks, height * wide * lanes]);
    const columns = g.node("Reshape", [padded, g.ints([inputBlocks, n, height * wide * lanes, 1])]);
    const picture = g.node("Reshape", [
      g.blocked("ReorderInput", [columns]),
      g.ints([inputBlocks, n, height, wide * lanes]),
    ]);
    return g.blocked(
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
  },
  total(g, parts, sizes) {
    const { attributes: { kernel: [kh, kw] }, image, small: [, o] } = sizes;
    const B = blockSize();
    const lanes = lanesOf(image);
    const inputBlocks = image[1] / lanes;
    const total = addParts(g, parts, sizes);
    const places = g.node("Reshape", [total, g.ints([inputBlocks, o / B, kh * kw, lanes, B])]);
    return g.node("Reshape", [
      g.node("Transpose", [places], { perm: [1, 4, 0, 3, 2] }),
      g.ints([o, image[1], kh, kw]),
    ]);
  },
};

/** One tap: the image at the places that the stride reaches, times the gradient. */
export const pointwise: WeightForm = {
  blocked: [false, false],
  share: () => 1,
  least: oneEach,
  blocks: () => 1,
  temporaries: twice,
  parts(g, x, dy, { attributes: { stride }, image: [n, c], small: [, o, rows, cols] }) {
    const picked = stride[0] === 1 && stride[1] === 1
      ? x
      : g.node("MaxPool", [x], { kernel_shape: [1, 1], strides: stride });
    return g.fused("FusedMatMul", [
      g.node("Reshape", [dy, g.ints([n, o, rows * cols])]),
      g.node("Reshape", [picked, g.ints([n, c, rows * cols])]),
    ], { transB: 1 });
  },
  total(g, parts, { image: [, c], small: [, o] }) {
    return g.node("Reshape", [addImages(g, parts, [o, c]), g.ints([o, c, 1, 1])]);
  },
};

/** Few channels: each tap's window of the padded image beside the others, times the gradient. */
export const columns: WeightForm = {
  blocked: [false, false],
  share: () => 1,
  least: oneEach,
  blocks: () => 1,
  temporaries: ({ kernel }, [n, c], [, , rows, cols]) => 2 * sizeOf([n, c, rows, cols, ...kernel]),
  parts(g, x, dy, { attributes: { kernel: [kh, kw], stride, padding }, image: [n, c], small }) {
    const [, o, rows, cols] = small;
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
    return g.fused("FusedMatMul", [stacked, gradient], { transB: 1 });
  },
  total(g, parts, { attributes: { kernel: [kh, kw] }, image: [, c], small: [, o] }) {
    const total = g.node("Reshape", [addImages(g, parts, [kh * kw * c, o]), g.ints([kh, kw, c, o])]);
    return g.node("Transpose", [total], { perm: [3, 2, 0, 1] });
  },
};

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
export const channelsLast: WeightForm = {
  blocked: [true, false],
  share({ kernel: [kh, kw] }, [n, c], [, o, rows, cols]) {
    return n / groupsOf(n, o * c * kh * kw * 4, rows * cols);
  },
  least: two,
  blocks: () => 1,
  temporaries: twice,
  parts(g, x, dy, { attributes: a, image, small, share }) {
    const { stride, padding } = a;
    const [n, c, height, width] = image;
    const [, o, rows, cols] = small;
    const groups = n / share;
    const filter = share === 1 ? g.node("Reshape", [dy, g.ints([n * o, 1, rows, cols])]) : g.node("Reshape", [
      g.node("Transpose", [g.node("Reshape", [dy, g.ints([groups, share, o, rows * cols])])], {
        perm: [0, 2, 1, 3],
      }),
      g.ints([groups * o, share, rows, cols]),
    ]);
    const last = g.blocked("ReorderOutput", [x], { channels: c, channels_last: 1 });
    const rest = beyond(a, image, small);
    const whole = g.node("Reshape", [last, g.ints([1, n, height, width * c])]);
    return g.node("Conv", [reached(g, whole, image, rest, c), filter], {
      group: groups,
      kernel_shape: [rows, cols],
      dilations: [stride[0], stride[1] * c],
      pads: [padding[0], padding[1] * c, Math.max(0, rest[0]), Math.max(0, rest[1]) * c],
    });
  },
  total(g, parts, sizes) {
    const { attributes: { kernel: [kh, kw] }, image: [, c], small: [, o] } = sizes;
    const total = g.node("Reshape", [addParts(g, parts, sizes), g.ints([o, kh, kw, c])]);
    return g.node("Transpose", [total], { perm: [0, 3, 1, 2] });
  },
};

/** Images that are summed up at once where the batch can be cut so; more cost as much (measured: 4 to 64). */
const SHARES = [8, 7, 6, 5, 4];

/** Any groups and dilation: images become channels, channels become images. */
export const transposedBatch: WeightForm = {
  blocked: [false, false],
  share({ kernel, groups }, [n, c], [, o]) {
    const share = SHARES.find((images) => n % images === 0) ?? n;
    return n / share * 4 * sizeOf([o, c / groups, ...kernel]) > PARTIALS.each ? n : share;
  },
  least: two,
  blocks: ({ groups }, [, c]) => c / groups,
  temporaries: twice,
  parts(g, x, dy, { attributes: a, image, small, share }) {
    const { stride, padding, dilation, groups } = a;
    const [n, c, height, width] = image;
    const [, o, rows, cols] = small;
    const [each, count] = [c / groups, n / share];
    const turned = g.node("Transpose", [
      g.node("Reshape", [x, g.ints([count, share, groups, each, height * width])]),
    ], { perm: [3, 0, 2, 1, 4] });
    const whole = g.node("Reshape", [turned, g.ints([each, groups * n, height, width])]);
    const filter = g.node("Reshape", [
      g.node("Transpose", [g.node("Reshape", [dy, g.ints([count, share, o, rows * cols])])], {
        perm: [0, 2, 1, 3],
      }),
      g.ints([count * o, share, rows, cols]),
    ]);
    const rest = beyond(a, image, small);
    return g.node("Conv", [reached(g, whole, image, rest, 1), filter], {
      group: count * groups,
      kernel_shape: [rows, cols],
      strides: dilation,
      dilations: stride,
      pads: [...padding, Math.max(0, rest[0]), Math.max(0, rest[1])],
    });
  },
  total(g, parts, sizes) {
    const { attributes: { kernel: [kh, kw], groups }, image: [n, c], small: [, o], share } = sizes;
    const total = share === n ? parts : addParts(g, parts, sizes);
    return g.node("Transpose", [g.node("Reshape", [total, g.ints([c / groups, o, kh, kw])])], {
      perm: [1, 0, 2, 3],
    });
  },
};
