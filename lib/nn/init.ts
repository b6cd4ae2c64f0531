/**
 * Initialisation of weights: He's (arXiv:1502.01852) and Glorot's ("Xavier", AISTATS 2010), as in PyTorch's `nn.init`.
 * Each makes a tensor of a shape; {@linkcode assign} puts it into a parameter. Numbers come from the seeded generator.
 *
 * @module
 */
import { fromHost, type TensorOptions } from "../tensor/create.ts";
import { fromNumbers, isFloating } from "../tensor/dtype.ts";
import { copy_ } from "../tensor/ops/copy.ts";
import { defaultGenerator, type Generator } from "../tensor/random.ts";
import { checkShape, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Where numbers come from and where they go. */
export interface InitOptions extends Omit<TensorOptions, "requiresGrad"> {
  /** Source of the numbers; default the one that `seed` sets. */
  generator?: Generator;
}

/** What follows a layer, for its gain. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** Settings of He's initialisation. */
export interface KaimingOptions extends InitOptions {
  /** Slope of leaky ReLU on the negative side; default 0. */
  slope?: number;
  /** Keep the variance of values (fanIn, default) or of gradients (fanOut). */
  mode?: "fanIn" | "fanOut";
  /** What follows; default leakyRelu. */
  nonlinearity?: Nonlinearity;
}

/** Settings of Glorot's initialisation. */
export interface XavierOptions extends InitOptions {
  /** Factor of the standard deviation; default 1. */
  gain?: number;
}

/** The factor by which weights before `nonlinearity` are larger. */
export function gainOf(nonlinearity: Nonlinearity, slope = 0): number {
  switch (nonlinearity) {
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "tanh":
      return 5 / 3;
    case "selu":
      return 3 / 4;
    default:
      return 1;
  }
}

/**
 * How many values enter an output (`fanIn`), and into how many an input enters (`fanOut`), for weights `[out, in, ...]`.
 *
 * @throws {RangeError} when there are fewer than two axes.
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new RangeError(`init: expected a weight of at least two axes but found ${showShape(shape)}`);
  }
  const taps = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * taps, fanOut: shape[0] * taps };
}

/** Uniform draws from [low, high). */
export function uniform(shape: Shape, low = 0, high = 1, options: InitOptions = {}): Tensor {
  return drawn(shape, options, (generator, values) => generator.fillUniform(values, low, high));
}

/** Draws from a normal distribution. */
export function normal(shape: Shape, mean = 0, deviation = 1, options: InitOptions = {}): Tensor {
  return drawn(shape, options, (generator, values) => generator.fillNormal(values, mean, deviation));
}

/**
 * Uniform draws from ±gain · √(3 / fan).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { assign, kaimingUniform } = ebb.nn.init;
 * using layer = new ebb.nn.Linear(300, 10);
 * assign(layer.weight, kaimingUniform([10, 300], { nonlinearity: "relu" }));
 * const largest = Math.max(...layer.weight.data() as Float32Array);
 * assert(largest > 0.1 && largest <= Math.sqrt(6 / 300));
 * ```
 */
export function kaimingUniform(shape: Shape, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingDeviation(shape, options);
  return uniform(shape, -bound, bound, options);
}

/** Normal draws with a standard deviation of gain / √fan. */
export function kaimingNormal(shape: Shape, options: KaimingOptions = {}): Tensor {
  return normal(shape, 0, kaimingDeviation(shape, options), options);
}

/** Uniform draws from ±gain · √(6 / (fanIn + fanOut)). */
export function xavierUniform(shape: Shape, options: XavierOptions = {}): Tensor {
  const bound = Math.sqrt(3) * xavierDeviation(shape, options);
  return uniform(shape, -bound, bound, options);
}

/** Normal draws with a standard deviation of gain · √(2 / (fanIn + fanOut)). */
export function xavierNormal(shape: Shape, options: XavierOptions = {}): Tensor {
  return normal(shape, 0, xavierDeviation(shape, options), options);
}

/** Copies `values` into `parameter` and frees them. */
export function assign(parameter: Tensor, values: Tensor): Tensor {
  noGrad(() => copy_(parameter, values));
  values.dispose();
  return parameter;
}

function kaimingDeviation(shape: Shape, options: KaimingOptions): number {
  const { slope = 0, mode = "fanIn", nonlinearity = "leakyRelu" } = options;
  const fan = fans(shape)[mode];
  return fan === 0 ? 0 : gainOf(nonlinearity, slope) / Math.sqrt(fan);
}

function xavierDeviation(shape: Shape, { gain = 1 }: XavierOptions): number {
  const { fanIn, fanOut } = fans(shape);
  return fanIn + fanOut === 0 ? 0 : gain * Math.sqrt(2 / (fanIn + fanOut));
}

function drawn(
  shape: Shape,
  options: InitOptions,
  fill: (generator: Generator, values: Float32Array<ArrayBuffer>) => void,
): Tensor {
  const { generator = defaultGenerator(), dtype = "float32", device } = options;
  if (!isFloating(dtype)) throw new TypeError(`init: expected a floating type but found ${dtype}`);
  const values = new Float32Array(sizeOf(checkShape("init", shape)));
  fill(generator, values);
  const array = dtype === "float32" ? values : fromNumbers(Array.from(values), dtype);
  return fromHost(array, [...shape], { dtype, device });
}
