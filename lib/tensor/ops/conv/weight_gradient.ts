/**
 * The gradient of a convolution with respect to its filters (and bias): the image convolved with the result's gradient.
 * Where channels fill blocks, that is one two-dimensional convolution over the image with channels last, whose width is
 * dilated by the number of channels, one group an image (`kernels.md`, section 1, "c2dR"); few channels are copied out
 * as columns for a matrix product; filters of one tap are a matrix product; the rest is a convolution over the
 * transposed batch.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { defineOp, type GraphContext, type Op, type Spec } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { conv } from "./forward.ts";
import { blocksFor, type ConvAttributes, fillsBlocks } from "./geometry.ts";
import { convInputGradient } from "./input_gradient.ts";

type Attributes = ConvAttributes & { kernel: readonly number[]; bias: boolean };

/** `[x, dy]` → the gradients of filters `[O, C / groups, kH, kW]` and, if asked for, of the bias `[O]`. */
export const convWeightGradient: Op<[Tensor, Tensor], Attributes> = defineOp<[Tensor, Tensor], Attributes>({
  name: "conv2dWeightGradient",
  shaped: true,
  layout: ([x, dy]) => blocksFor(x) > 1 && x.device === dy.device,
  infer: ([x, dy], { kernel, groups, bias }) => {
    const outputs = dy.shape[1];
    const filters: Spec = { dtype: x.dtype, shape: [outputs, x.shape[1] / groups, ...kernel] };
    return bias ? [filters, { dtype: x.dtype, shape: [outputs] }] : [filters];
  },
  graph: (g, [x, dy], context) => {
    const { attributes, inputs: [image, small] } = context;
    const plain = (value: Value, spec: Spec) =>
      spec.blocked ? g.blocked("ReorderOutput", [value], { channels: spec.shape[1] }) : value;
    const gradient = plain(dy, small);
    const filters = filtersGraph(g, x, gradient, context, () => plain(x, image));
    if (!attributes.bias) return [filters];
    const rows = g.node("ReduceSum", [gradient, g.ints([2, 3])], { keepdims: 0 });
    return [filters, g.node("ReduceSum", [rows, g.ints([0])], { keepdims: 0 })];
  },
  saves: { inputs: [0, 1] },
  gradient: ({ inputs: [x, dy], specs, attributes, needs }, [dw]) => {
    const { kernel: _kernel, bias, ...geometry } = attributes;
    if (bias) throw new Error("conv2dWeightGradient: expected no second derivative through a bias");
    return [
      needs[0] ? convInputGradient([dy, dw], { ...geometry, image: specs[0].shape }) : null,
      needs[1] ? conv([x, dw, null], { ...geometry, activation: "none" }) : null,
    ];
  },
});

function filtersGraph(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  { attributes, inputs: [image, small], provider }: GraphContext<Attributes>,
  plain: () => Value,
): Value {
  const { kernel: [kh, kw], padding, dilation, groups } = attributes;
  const channels = image.shape[1];
  const simple = groups === 1 && dilation[0] === 1 && dilation[1] === 1;
  const cpu = provider === "cpu" && image.dtype === "float32";
  if (simple && cpu && kh === 1 && kw === 1 && padding[0] === 0 && padding[1] === 0) {
    return pointwise(g, plain(), dy, attributes, image, small);
  }
  if (simple && cpu && fillsBlocks(channels, blockSize())) {
    return channelsLast(g, x, dy, attributes, image, small);
  }
  if (simple && cpu && channels < 16) return columns(g, plain(), dy, attributes, image, small);
  return transposedBatch(g, plain(), dy, attributes, image, small);
}

/** One tap: the image at the places that the stride reaches, times the gradient. */
function pointwise(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  { stride }: Attributes,
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
function columns(g: GraphBuilder, x: Value, dy: Value, a: Attributes, image: Spec, small: Spec): Value {
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
function channelsLast(g: GraphBuilder, x: Value, dy: Value, a: Attributes, image: Spec, small: Spec): Value {
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
  const blocked = image.blocked ? x : g.blocked("ReorderInput", [x]);
  const last = g.blocked("ReorderOutput", [blocked], { channels: c, channels_last: 1 });
  let picture = g.node("Reshape", [last, g.ints([1, n, height, width * c])]);
  // What the windows reach below and to the right; less than the image where the stride leaves a rest.
  const below = kh + stride[0] * (rows - 1) - height - padding[0];
  const right = kw + stride[1] * (cols - 1) - width - padding[1];
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
function transposedBatch(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  a: Attributes,
  image: Spec,
  small: Spec,
): Value {
  const { kernel: [kh, kw], stride, padding, dilation, groups } = a;
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
  const below = dilation[0] * (kh - 1) + 1 + stride[0] * (rows - 1) - height - padding[0];
  const right = dilation[1] * (kw - 1) + 1 + stride[1] * (cols - 1) - width - padding[1];
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
