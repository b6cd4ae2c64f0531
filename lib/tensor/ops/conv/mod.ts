/**
 * Convolutions in one and two dimensions, and the transposed one.
 *
 * @module
 */
import { scope } from "../../scope.ts";
import { showShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../arithmetic.ts";
import { reshape } from "../view.ts";
import { conv } from "./forward.ts";
import {
  type Activation,
  checkConv,
  convAttributes,
  type ConvOptions,
  convOutputSize,
  pairOf,
  type Size2d,
} from "./geometry.ts";
import { convInputGradient } from "./input_gradient.ts";

export type { Activation, ConvOptions, Size2d } from "./geometry.ts";

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends ConvOptions {
  /** What follows in the same call; `"relu"` saves a pass over the result. Default `"none"`. */
  activation?: Activation;
}

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch).
 *
 * @param x images `[N, C, H, W]`
 * @param weight filters `[O, C / groups, kH, kW]`
 * @param bias `[O]`, or null
 * @returns `[N, O, H', W']` with `H' = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1`
 * @throws {RangeError} when shapes do not fit each other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.ones([1, 1, 4, 4]);
 * using filters = ebb.ones([1, 1, 3, 3]);
 * using y = ebb.conv2d(images, filters, null, { padding: 1, stride: 2 });
 * assertEquals(y.toArray(), [[[[4, 6], [6, 9]]]]);
 * ```
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: Conv2dOptions = {},
): Tensor {
  return convolved("conv2d", x, weight, bias, options);
}

function convolved(
  op: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: Conv2dOptions,
): Tensor {
  const attributes = convAttributes(op, options);
  checkConv(op, x, weight, bias, attributes.groups);
  return conv([x, weight, bias], { ...attributes, activation: options.activation ?? "none" });
}

/** Options of {@link conv1d}: as those of {@link conv2d}, along one axis. */
export interface Conv1dOptions {
  /** Step of the window. Default 1. */
  stride?: number;
  /** Zeros at both ends. Default 0. */
  padding?: number;
  /** Distance between taps. Default 1. */
  dilation?: number;
  /** Groups of channels. Default 1. */
  groups?: number;
}

/**
 * One-dimensional convolution.
 *
 * @param x signals `[N, C, L]`
 * @param weight filters `[O, C / groups, k]`
 * @param bias `[O]`, or null
 * @returns `[N, O, L']`
 * @throws {RangeError} when shapes do not fit each other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using signal = ebb.tensor([[[1, 3, 5, 9]]]);
 * using average = ebb.tensor([[[0.5, 0.5]]]);
 * using y = ebb.conv1d(signal, average);
 * assertEquals(y.toArray(), [[[2, 4, 7]]]);
 * ```
 */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: Conv1dOptions = {},
): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [n, c, length] = x.shape;
  const [o, each, taps] = weight.shape;
  if (x.rank !== 3 || weight.rank !== 3 || c !== each * groups || o % groups !== 0) {
    throw new RangeError(
      `conv1d: expected signals [N, C, L] and filters [O, C / ${groups}, k] but found ${
        showShape(x.shape)
      } and ${showShape(weight.shape)}`,
    );
  }
  const along = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups } as const;
  // The shape rule would name conv2d.
  convOutputSize("conv1d", [n, c, 1, length], [1, taps], convAttributes("conv1d", along));
  return scope(() => {
    const filters = reshape(weight, [o, each, 1, taps]);
    const y = convolved("conv1d", reshape(x, [n, c, 1, length]), filters, bias, along);
    return reshape(y, [n, o, y.shape[3]]);
  });
}

/** Options of {@link convTranspose2d}. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the end, for sizes that a stride leaves open. Default 0. */
  outputPadding?: Size2d;
}

/**
 * Transposed convolution: the gradient of {@link conv2d} with respect to its image, as an operation of its own.
 *
 * @param x `[N, C, H, W]`
 * @param weight `[C, O / groups, kH, kW]`
 * @param bias `[O]`, or null
 * @returns `[N, O, H', W']` with `H' = (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1`
 * @throws {RangeError} when shapes or types do not fit each other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[1, 10]]]]);
 * using weight = ebb.tensor([[[[1, 2], [3, 4]]]]);
 * using y = ebb.convTranspose2d(x, weight, null, { stride: 2 }); // every number stamps the filter
 * assertEquals(y.toArray(), [[[[1, 2, 10, 20], [3, 4, 30, 40]]]]);
 * ```
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTransposeOptions = {},
): Tensor {
  const attributes = convAttributes("convTranspose2d", options);
  const extra = pairOf("convTranspose2d", "outputPadding", options.outputPadding ?? 0, 0);
  const { stride, padding, dilation, groups } = attributes;
  if (x.rank !== 4 || weight.rank !== 4 || x.shape[1] !== weight.shape[0] || x.dtype !== weight.dtype) {
    throw new RangeError(
      `convTranspose2d: expected images [N, C, H, W] and filters [C, O / ${groups}, kH, kW] of one type but found ` +
        `${x.dtype}${showShape(x.shape)} and ${weight.dtype}${showShape(weight.shape)}`,
    );
  }
  const [n, , ...size] = x.shape;
  const outputs = weight.shape[1] * groups;
  if (bias !== null && (bias.rank !== 1 || bias.shape[0] !== outputs || bias.dtype !== x.dtype)) {
    throw new RangeError(
      `convTranspose2d: expected a bias ${x.dtype}[${outputs}] but found ${bias.dtype}${
        showShape(bias.shape)
      }`,
    );
  }
  const image = [0, 1].map((i) =>
    (size[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight.shape[2 + i] - 1) + extra[i] + 1
  );
  return scope(() => {
    const y = convInputGradient([x, weight], { ...attributes, image: [n, outputs, ...image] });
    return bias === null ? y : add(y, reshape(bias, [outputs, 1, 1]));
  });
}
