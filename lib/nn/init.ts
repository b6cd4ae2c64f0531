/**
 * Initialisation of weights: He's (arXiv:1502.01852) and Glorot's ("Xavier", AISTATS 2010), as in PyTorch's `nn.init`.
 * Each makes a tensor of a shape; {@linkcode assign} puts it into a parameter. Numbers come from the seeded generator.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { assign, kaimingNormal } = ebb.nn.init;
 * ebb.seed(1);
 * using model = ebb.models.mlp({ sizes: [784, 128, 10] });
 * for (const [name, parameter] of model.namedParameters()) {
 *   const { shape } = parameter;
 *   assign(parameter, name.endsWith("bias") ? ebb.zeros(shape) : kaimingNormal(shape, { nonlinearity: "relu" }));
 * }
 * const { "1.bias": bias, "1.weight": weight } = model.stateDict();
 * assertEquals(Math.max(...bias.data() as Float32Array), 0);
 * const deviation = ebb.scope(() => weight.std().item());
 * assertAlmostEquals(deviation, Math.sqrt(2 / 784), 1e-3);
 * ```
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

/**
 * The factor by which weights before `nonlinearity` are larger.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { gainOf } = ebb.nn.init;
 * assertEquals([gainOf("linear"), gainOf("relu"), gainOf("tanh")], [1, Math.sqrt(2), 5 / 3]);
 * assertEquals(gainOf("leakyRelu", 1), 1); // a slope of 1 lets everything through
 * ```
 */
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
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Conv2d(3, 64, 5);
 * assertEquals(ebb.nn.init.fans(layer.weight.shape), { fanIn: 3 * 5 * 5, fanOut: 64 * 5 * 5 });
 * ```
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new RangeError(`init: expected a weight of at least two axes but found ${showShape(shape)}`);
  }
  const taps = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * taps, fanOut: shape[0] * taps };
}

/**
 * Uniform draws from [low, high).
 *
 * @example
 * ```ts
 * import { assert, assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { uniform } = ebb.nn.init;
 * using weight = uniform([100, 100], -0.1, 0.1, { generator: new ebb.Generator(1) });
 * const values = weight.data() as Float32Array;
 * assert(values.every((value) => value >= -0.1 && value < 0.1));
 * using deviation = weight.std();
 * assertAlmostEquals(deviation.item(), 0.2 / Math.sqrt(12), 1e-3);
 * ```
 */
export function uniform(shape: Shape, low = 0, high = 1, options: InitOptions = {}): Tensor {
  return drawn(shape, options, (generator, values) => generator.fillUniform(values, low, high));
}

/**
 * Draws from a normal distribution.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { normal } = ebb.nn.init;
 * using weight = normal([100, 100], 0, 0.02, { generator: new ebb.Generator(1) }); // as GPT-2 begins
 * using deviation = weight.std();
 * assertAlmostEquals(deviation.item(), 0.02, 1e-3);
 * ```
 */
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

/**
 * Normal draws with a standard deviation of gain / √fan.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { kaimingNormal } = ebb.nn.init;
 * const generator = new ebb.Generator(1);
 * const power = ebb.scope(() => {
 *   let x = ebb.randn([64, 256], { generator });
 *   for (let layer = 0; layer < 10; layer++) {
 *     x = x.matmul(kaimingNormal([256, 256], { nonlinearity: "relu", generator })).relu();
 *   }
 *   return x.square().mean().item();
 * });
 * assert(power > 0.5 && power < 2); // about 1, as it was: values neither die out nor explode
 * ```
 */
export function kaimingNormal(shape: Shape, options: KaimingOptions = {}): Tensor {
  return normal(shape, 0, kaimingDeviation(shape, options), options);
}

/**
 * Uniform draws from ±gain · √(6 / (fanIn + fanOut)).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { xavierUniform } = ebb.nn.init;
 * using weight = xavierUniform([100, 200], { generator: new ebb.Generator(1) });
 * const largest = Math.max(...weight.data() as Float32Array);
 * const bound = Math.sqrt(6 / (100 + 200));
 * assert(largest > 0.99 * bound && largest <= bound);
 * ```
 */
export function xavierUniform(shape: Shape, options: XavierOptions = {}): Tensor {
  const bound = Math.sqrt(3) * xavierDeviation(shape, options);
  return uniform(shape, -bound, bound, options);
}

/**
 * Normal draws with a standard deviation of gain · √(2 / (fanIn + fanOut)).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { gainOf, xavierNormal } = ebb.nn.init;
 * using weight = xavierNormal([100, 200], { gain: gainOf("tanh"), generator: new ebb.Generator(1) });
 * using deviation = weight.std();
 * assertAlmostEquals(deviation.item(), (5 / 3) * Math.sqrt(2 / (100 + 200)), 2e-3);
 * ```
 */
export function xavierNormal(shape: Shape, options: XavierOptions = {}): Tensor {
  return normal(shape, 0, xavierDeviation(shape, options), options);
}

/**
 * Copies `values` into `parameter` and frees them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { assign, normal } = ebb.nn.init;
 * using layer = new ebb.nn.Linear(3, 2);
 * assign(layer.bias!, ebb.zeros([2]));
 * const values = normal([2, 3], 0, 0.02);
 * assign(layer.weight, values);
 * assertEquals([layer.bias!.toArray(), values.disposed, layer.weight.requiresGrad], [[0, 0], true, true]);
 * ```
 */
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
