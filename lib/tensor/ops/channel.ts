/**
 * Graph pieces over channels of images: sums, dot products and affine maps, for the plain and the blocked layout. Each
 * is one pass over memory, as ONNX Runtime does not fuse element-wise nodes on the CPU.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { type Activation, blockedConvolution } from "./conv/geometry.ts";

/** Adds up the rows of `[N, C]`. */
function addImages(g: GraphBuilder, rows: Value, [images, channels]: Shape): Value {
  const table = g.node("Reshape", [rows, g.ints([images, channels])]);
  return g.node("Reshape", [g.node("MatMul", [g.fill([1, images], 1), table]), g.ints([channels])]);
}

/** Sum of each channel, `[C]`. */
export function channelSum(g: GraphBuilder, x: Value, shape: Shape, blocked: boolean): Value {
  if (!blocked) {
    const rows = g.node("ReduceSum", [x, g.ints([2, 3])], { keepdims: 0 });
    return g.node("ReduceSum", [rows, g.ints([0])], { keepdims: 0 });
  }
  const means = addImages(g, g.blocked("GlobalAveragePool", [x]), shape);
  return g.node("Mul", [means, g.scalar(shape[2] * shape[3])]);
}

/** Sum over each channel of the products of two images, `[C]`. */
export function channelDot(g: GraphBuilder, x: Value, y: Value, shape: Shape, blocked: boolean): Value {
  const [images, channels, height, width] = shape;
  const planes = images * channels;
  if (!blocked) {
    const flat = [planes, 1, height * width];
    const rows = [x, y].map((value) => g.node("Reshape", [value, g.ints(flat)]));
    const dots = g.node("MatMul", [
      rows[0],
      g.node("Reshape", [rows[1], g.ints([planes, height * width, 1])]),
    ]);
    const table = g.node("Reshape", [dots, g.ints([images, channels])]);
    return g.node("ReduceSum", [table, g.ints([0])], { keepdims: 0 });
  }
  // A convolution whose filter is the other image, one group a plane.
  const image = g.node("Reshape", [x, g.ints([1, planes, height, width])]);
  const filter = g.node("Reshape", [y, g.ints([planes, 1, height, width])]);
  const window = blockedConvolution([height, width], [1, 1], [0, 0, 0, 0], [1, 1], planes);
  return addImages(g, g.blocked("Conv", [image, filter], window), shape);
}

/** `scale · x + shift` per channel of a blocked image, with ReLU if wanted, and another image added. */
export function depthwise(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  shift: Value,
  channels: number,
  activation: Activation = "none",
  added: Value[] = [],
): Value {
  const window = blockedConvolution([1, 1], [1, 1], [0, 0, 0, 0], [1, 1], channels, activation);
  const filter = g.node("Reshape", [scale, g.ints([channels, 1, 1, 1])]);
  return g.blocked("Conv", [x, filter, shift, ...added], window);
}

/** `a · dy + k · x + c` per channel. */
export function channelAffine(
  g: GraphBuilder,
  dy: Value,
  a: Value,
  x: Value,
  k: Value,
  c: Value,
  channels: number,
  blocked: boolean,
  dtype: DType,
): Value {
  if (blocked) {
    const rest = depthwise(g, x, k, c, channels);
    return depthwise(g, dy, a, g.fill([channels], 0), channels, "none", [rest]);
  }
  const perChannel = (value: Value) => g.node("Reshape", [value, g.ints([channels, 1, 1])]);
  const scaled = g.node("Mul", [x, perChannel(k)]);
  if (dtype === "float32") {
    const filter = g.node("Reshape", [a, g.ints([channels, 1, 1, 1])]);
    return g.fused("FusedConv", [dy, filter, c, scaled], { group: channels, kernel_shape: [1, 1] });
  }
  return g.node("Add", [g.node("Mul", [dy, perChannel(a)]), g.node("Add", [scaled, perChannel(c)])]);
}
