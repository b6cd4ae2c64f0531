/**
 * Sizes of convolutions, and which of them the CPU's blocked kernels take.
 *
 * @module
 */
import type { Attribute } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { type Shape, showShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

/** One number for both directions, or `[vertical, horizontal]`. */
export type Size2d = number | readonly [number, number];

/** Options of a two-dimensional convolution, as in PyTorch. */
export interface ConvOptions {
  /** Step of the window. Default 1. */
  stride?: Size2d;
  /** Zeros around the image. Default 0. */
  padding?: Size2d;
  /** Distance between taps of the filter. Default 1. */
  dilation?: Size2d;
  /** Channels are split into so many groups that do not see each other. Default 1. */
  groups?: number;
}

/** The same, complete; part of a session's key. */
export type ConvAttributes = {
  stride: readonly [number, number];
  padding: readonly [number, number];
  dilation: readonly [number, number];
  groups: number;
};

/** Both directions of a size; checks that they are whole numbers of at least `least`. */
export function pairOf(op: string, name: string, size: Size2d, least: number): [number, number] {
  const pair: [number, number] = typeof size === "number" ? [size, size] : [size[0], size[1]];
  if (!pair.every((n) => Number.isInteger(n) && n >= least)) {
    throw new RangeError(
      `${op}: expected ${name} of whole numbers from ${least} but found ${JSON.stringify(size)}`,
    );
  }
  return pair;
}

/** Options with defaults filled in. Throws a sentence for what makes no sense. */
export function convAttributes(op: string, options: ConvOptions): ConvAttributes {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  if (!Number.isInteger(groups) || groups < 1) {
    throw new RangeError(`${op}: expected groups of at least 1 but found ${groups}`);
  }
  return {
    stride: pairOf(op, "a stride", stride, 1),
    padding: pairOf(op, "padding", padding, 0),
    dilation: pairOf(op, "a dilation", dilation, 1),
    groups,
  };
}

/** Height and width of the result. */
export function convOutputSize(
  op: string,
  image: Shape,
  kernel: readonly number[],
  a: ConvAttributes,
): number[] {
  return [0, 1].map((i) => {
    const span = a.dilation[i] * (kernel[i] - 1) + 1;
    const size = Math.floor((image[2 + i] + 2 * a.padding[i] - span) / a.stride[i]) + 1;
    if (size < 1) {
      throw new RangeError(
        `${op}: expected a window that fits the padded image but found a span of ${span} over ${
          showShape(image)
        } ` +
          `with padding ${a.padding[i]}`,
      );
    }
    return size;
  });
}

/** Checks image and filter of a convolution against each other. */
export function checkConv(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  const [outputs, inputs] = weight.shape;
  if (x.rank !== 4 || weight.rank !== 4 || x.shape[1] !== inputs * groups || outputs % groups !== 0) {
    throw new RangeError(
      `${op}: expected an image [N, C, H, W] and filters [O, C / ${groups}, kH, kW] but found ` +
        `${showShape(x.shape)} and ${showShape(weight.shape)}`,
    );
  }
  if (bias !== null && (bias.rank !== 1 || bias.shape[0] !== outputs)) {
    throw new RangeError(`${op}: expected a bias of shape [${outputs}] but found ${showShape(bias.shape)}`);
  }
  const types = [x, weight, bias ?? x].map((tensor) => tensor.dtype);
  if (new Set(types).size !== 1) {
    throw new TypeError(`${op}: expected operands of one type but found ${types.join(", ")}`);
  }
}

/** Channels in a block where the blocked kernels serve `x`; 1 where they do not. */
export function blocksFor(x: Tensor): number {
  return x.dtype === "float32" && x.device.provider === "cpu" ? blockSize() : 1;
}

/** Whether channels fill blocks. */
export function fillsBlocks(channels: number, block: number): boolean {
  return block > 1 && channels > 0 && channels % block === 0;
}

/** What may follow a convolution or normalisation in the same call. */
export type Activation = "none" | "relu";

/** Attributes of a window over a blocked image, whose nodes have no defaults. */
export function blockedWindow(
  kernel: readonly number[],
  stride: readonly number[],
  pads: readonly number[],
  dilation: readonly number[] = [1, 1],
): Record<string, Attribute> {
  return { kernel_shape: kernel, strides: stride, pads, dilations: dilation };
}

/** Attributes of a blocked convolution. */
export function blockedConvolution(
  kernel: readonly number[],
  stride: readonly number[],
  pads: readonly number[],
  dilation: readonly number[] = [1, 1],
  group = 1,
  activation: Activation = "none",
): Record<string, Attribute> {
  const window = blockedWindow(kernel, stride, pads, dilation);
  return activation === "relu" ? { ...window, group, activation: "Relu" } : { ...window, group };
}
