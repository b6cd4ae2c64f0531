/**
 * Activation functions as layers.
 *
 * @module
 */
import { gelu, leakyRelu, relu, sigmoid, silu, softmax, tanh } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";

/**
 * `max(x, 0)`. Behind a convolution, batch norm or linear layer in a `Sequential` it runs in the same call.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { Linear, ReLU, Sequential } = ebb.nn;
 * using model = new Sequential(new Linear(4, 8), new ReLU());
 * using x = ebb.randn([2, 4]);
 * const profile = await ebb.profile(() => ebb.scope(() => model.forward(x).min().item()));
 * assert(profile.result >= 0);
 * assertEquals(profile.ops.map(({ name }) => name), ["linear", "min"]); // one call for both layers
 * ```
 */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/**
 * `x` where it is positive, `slope · x` elsewhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.LeakyReLU(0.25);
 * using x = ebb.tensor([-8, 0, 8]);
 * using y = layer.forward(x);
 * assertEquals(y.toArray(), [-2, 0, 8]);
 * ```
 */
export class LeakyReLU extends Module {
  /** Factor of negative numbers. */
  readonly slope: number;

  /** `slope`: default 0.01 */
  constructor(slope = 0.01) {
    super();
    this.slope = slope;
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.slope);
  }

  override describe(): string {
    return `${this.slope}`;
  }
}

/**
 * `x · Φ(x)`, exactly (by the error function). Behind a linear layer in a `Sequential` it runs in the same call.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.GELU();
 * using x = ebb.tensor([-1, 1]);
 * using y = layer.forward(x);
 * const [below, above] = y.data() as Float32Array;
 * assertAlmostEquals(above, 0.841345, 1e-5); // Φ(1); the approximation by tanh gives 0.841192
 * assertAlmostEquals(below, above - 1, 1e-5);
 * ```
 */
export class GELU extends Module {
  override forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/**
 * `x · sigmoid(x)`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.SiLU();
 * using x = ebb.tensor([-1.2785]); // where it is lowest
 * using y = layer.forward(x);
 * assertAlmostEquals(y.item(), -0.278465, 1e-5);
 * ```
 */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/**
 * `1 / (1 + exp(−x))`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.Sigmoid();
 * using scores = ebb.tensor([0, Math.log(3)]); // log-odds of 1 : 1 and 3 : 1
 * using probabilities = layer.forward(scores);
 * using expected = ebb.tensor([0.5, 0.75]);
 * assert(ebb.allClose(probabilities, expected));
 * ```
 */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/**
 * The hyperbolic tangent.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.Tanh();
 * using x = ebb.tensor([-100, 0, 0.01, 100]);
 * using y = layer.forward(x);
 * const [low, middle, small, high] = y.data() as Float32Array;
 * assertEquals([low, middle, high], [-1, 0, 1]);
 * assert(Math.abs(small - 0.01) < 1e-6); // near 0 it is nearly the identity
 * ```
 */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/**
 * Shares that add up to 1 along an axis.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.Softmax();
 * using scores = ebb.tensor([[0, 0, Math.log(2)], [1000, 1000, 1000 + Math.log(2)]]);
 * using shares = layer.forward(scores);
 * using expected = ebb.tensor([[0.25, 0.25, 0.5], [0.25, 0.25, 0.5]]);
 * assert(ebb.allClose(shares, expected, { rtol: 1e-3 })); // only differences count, and none overflows
 * ```
 */
export class Softmax extends Module {
  /** The axis. */
  readonly axis: number;

  /** `axis`: default the last */
  constructor(axis = -1) {
    super();
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.axis);
  }

  override describe(): string {
    return `${this.axis}`;
  }
}
