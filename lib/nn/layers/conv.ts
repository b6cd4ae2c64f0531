/**
 * Convolutional layers.
 *
 * @module
 */
import {
  type Activation,
  conv1d,
  type Conv1dOptions,
  conv2d,
  type ConvOptions,
  convTranspose2d,
  type ConvTransposeOptions,
  type Size2d,
} from "../../tensor/ops/conv/mod.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { uniform } from "../init.ts";
import { type FusedActivation, Module } from "../module.ts";
import { parameter } from "../parameter.ts";
import { checkSizes, type LayerOptions, settings } from "./options.ts";

interface Biased extends LayerOptions {
  /** Whether a bias is added; default true. */
  bias?: boolean;
}

/** Options of {@linkcode Conv2d}. */
export type Conv2dLayerOptions = ConvOptions & Biased;
/** Options of {@linkcode Conv1d}. */
export type Conv1dLayerOptions = Conv1dOptions & Biased;
/** Options of {@linkcode ConvTranspose2d}. */
export type ConvTranspose2dLayerOptions = ConvTransposeOptions & Biased;

const DEFAULTS = { stride: 1, padding: 0, outputPadding: 0, dilation: 1, groups: 1, bias: true };

/** Weights and bias as PyTorch draws them: uniform from ±1 / √fan, the fan being that of the weight's second axis. */
abstract class Convolution extends Module {
  /** The filters. */
  readonly weight: Tensor;
  /** One number a channel of the output, or null. */
  readonly bias: Tensor | null;
  private readonly text: string;

  constructor(
    kind: string,
    sizes: { inputs: number; outputs: number; groups: number },
    shape: readonly number[],
    size: Size2d,
    options: Biased,
  ) {
    super();
    const { inputs, outputs, groups } = sizes;
    checkSizes(kind, { ...sizes, size: shape[2], "size[1]": shape.at(-1)! });
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new RangeError(
        `${kind}: expected inputs and outputs that divide by ${groups} groups but found ${inputs} and ${outputs}`,
      );
    }
    const bound = 1 / Math.sqrt(shape[1] * sizeOf(shape.slice(2)));
    this.weight = parameter(uniform(shape, -bound, bound, options));
    this.bias = options.bias === false ? null : parameter(uniform([outputs], -bound, bound, options));
    this.text = settings([inputs, outputs, size], options, DEFAULTS);
  }

  override describe(): string {
    return this.text;
  }
}

/**
 * Two-dimensional convolution of images `[N, inputs, H, W]`; see `conv2d` for the size of the result.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Conv2d(3, 8, 3, { padding: 1, stride: 2 });
 * using images = ebb.ones([1, 3, 6, 6]);
 * using y = layer.forward(images);
 * assertEquals(y.shape, [1, 8, 3, 3]);
 * ```
 */
export class Conv2d extends Convolution {
  private readonly options: ConvOptions;

  /** `size`: of the filters, one number or rows and columns. */
  constructor(inputs: number, outputs: number, size: Size2d, options: Conv2dLayerOptions = {}) {
    const { groups = 1, stride, padding, dilation } = options;
    super(
      "Conv2d",
      { inputs, outputs, groups },
      [outputs, inputs / groups, ...pair(size)],
      size,
      options,
    );
    this.options = { stride, padding, dilation, groups };
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }

  override fused(activation: FusedActivation): ((x: Tensor) => Tensor) | null {
    if (activation !== "relu" || !this.isPlain(Conv2d)) return null;
    const follow: Activation = activation;
    return (x) => conv2d(x, this.weight, this.bias, { ...this.options, activation: follow });
  }
}

/**
 * One-dimensional convolution of signals `[N, inputs, L]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Conv1d(1, 1, 3, { bias: false });
 * ebb.nn.init.assign(layer.weight, ebb.tensor([[[1, 0, -1]]]));
 * using signal = ebb.tensor([[[1, 2, 4, 8, 16]]]);
 * using y = layer.forward(signal); // not mirrored; two places shorter, as there is no padding
 * assertEquals(y.toArray(), [[[-3, -6, -12]]]);
 * ```
 */
export class Conv1d extends Convolution {
  private readonly options: Conv1dOptions;

  constructor(inputs: number, outputs: number, size: number, options: Conv1dLayerOptions = {}) {
    const { groups = 1, stride, padding, dilation } = options;
    super("Conv1d", { inputs, outputs, groups }, [outputs, inputs / groups, size], size, options);
    this.options = { stride, padding, dilation, groups };
  }

  override forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/**
 * Transposed convolution of images `[N, inputs, H, W]`, which with a stride makes them larger.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using down = new ebb.nn.Conv2d(3, 8, 4, { stride: 2, padding: 1 });
 * using up = new ebb.nn.ConvTranspose2d(8, 3, 4, { stride: 2, padding: 1 });
 * assertEquals(up.weight.shape, down.weight.shape); // [inputs, outputs, H, W]: as of the convolution that it undoes
 * using images = ebb.ones([1, 3, 28, 28]);
 * using small = down.forward(images);
 * using large = up.forward(small);
 * assertEquals([small.shape, large.shape], [[1, 8, 14, 14], [1, 3, 28, 28]]);
 * ```
 */
export class ConvTranspose2d extends Convolution {
  private readonly options: ConvTransposeOptions;

  constructor(inputs: number, outputs: number, size: Size2d, options: ConvTranspose2dLayerOptions = {}) {
    const { groups = 1, stride, padding, dilation, outputPadding } = options;
    super(
      "ConvTranspose2d",
      { inputs, outputs, groups },
      [inputs, outputs / groups, ...pair(size)],
      size,
      options,
    );
    this.options = { stride, padding, dilation, groups, outputPadding };
  }

  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}

function pair(size: Size2d): [number, number] {
  return typeof size === "number" ? [size, size] : [size[0], size[1]];
}
