/**
 * Graph pieces over the channels of images, for the plain and the blocked layout: sums, dot products and affine maps.
 * Each is one pass over memory, as ONNX Runtime does not fuse element-wise nodes on the CPU.
 *
 * @module
 */
import type { GraphBuilder, Provider, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Spec } from "../op.ts";
import type { Shape } from "../shape.ts";
import { type Activation, blockedConvolution } from "./conv/geometry.ts";

/** `1 / √(variance + ε)`. */
export function inverseDeviation(g: GraphBuilder, variance: Value, epsilon: number, dtype: DType): Value {
  return g.node("Reciprocal", [g.node("Sqrt", [g.node("Add", [variance, g.scalar(epsilon, dtype)])])]);
}

/** Sum over height and width, `[N, C]`. */
export function planeSums(g: GraphBuilder, x: Value, shape: Shape, blocked: boolean): Value {
  if (!blocked) return g.node("ReduceSum", [x, g.ints([2, 3])], { keepdims: 0 });
  const means = g.node("Reshape", [g.blocked("GlobalAveragePool", [x]), g.ints(shape.slice(0, 2))]);
  return g.node("Mul", [means, g.scalar(shape[2] * shape[3])]);
}

/** Sum over height and width of the products of two images, `[N, C]`. */
export function planeDots(g: GraphBuilder, x: Value, y: Value, shape: Shape, blocked: boolean): Value {
  const [images, channels, height, width] = shape;
  const planes = images * channels;
  const table = g.ints([images, channels]);
  if (!blocked) {
    const row = g.node("Reshape", [x, g.ints([planes, 1, height * width])]);
    const column = g.node("Reshape", [y, g.ints([planes, height * width, 1])]);
    return g.node("Reshape", [g.node("MatMul", [row, column]), table]);
  }
  // A convolution whose filter is the other image, one group a plane.
  const image = g.node("Reshape", [x, g.ints([1, planes, height, width])]);
  const filter = g.node("Reshape", [y, g.ints([planes, 1, height, width])]);
  const attributes = blockedConvolution([height, width], [1, 1], [0, 0, 0, 0], [1, 1], planes);
  return g.node("Reshape", [g.blocked("Conv", [image, filter], attributes), table]);
}

/** Adds up the rows of `[N, C]`. */
function addImages(g: GraphBuilder, rows: Value, [images, channels]: Shape): Value {
  return g.node("Reshape", [g.node("MatMul", [g.fill([1, images], 1), rows]), g.ints([channels])]);
}

/** Sum of each channel of a blocked image, `[C]`. */
export function channelSum(g: GraphBuilder, x: Value, shape: Shape): Value {
  return addImages(g, planeSums(g, x, shape, true), shape);
}

/** Sum over each channel of the products of two blocked images, `[C]`. */
export function channelDot(g: GraphBuilder, x: Value, y: Value, shape: Shape): Value {
  return addImages(g, planeDots(g, x, y, shape, true), shape);
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
  const attributes = blockedConvolution([1, 1], [1, 1], [0, 0, 0, 0], [1, 1], channels, activation);
  const filter = g.node("Reshape", [scale, g.ints([channels, 1, 1, 1])]);
  return g.blocked("Conv", [x, filter, shift, ...added], attributes);
}

/** `a · dy + k · x + c` per channel of images like `image`. */
export function affinePair(
  g: GraphBuilder,
  dy: Value,
  a: Value,
  x: Value,
  k: Value,
  c: Value,
  { dtype, shape: [, channels], blocked }: Spec,
  provider: Provider,
): Value {
  if (blocked) {
    const rest = depthwise(g, x, k, c, channels);
    return depthwise(g, dy, a, g.fill([channels], 0), channels, "none", [rest]);
  }
  const perChannel = (value: Value) => g.node("Reshape", [value, g.ints([channels, 1, 1])]);
  const scaled = g.node("Mul", [x, perChannel(k)]);
  // WebGPU's kernel leaves out what is to be added.
  if (dtype === "float32" && provider === "cpu") {
    const filter = g.node("Reshape", [a, g.ints([channels, 1, 1, 1])]);
    return g.fused("FusedConv", [dy, filter, c, scaled], { group: channels, kernel_shape: [1, 1] });
  }
  return g.node("Add", [g.node("Mul", [dy, perChannel(a)]), g.node("Add", [scaled, perChannel(c)])]);
}
