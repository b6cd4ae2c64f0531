/**
 * Activation functions as layers.
 *
 * @module
 */
import { gelu, leakyRelu, relu, sigmoid, silu, softmax, tanh } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";

/** `max(x, 0)`. Behind a convolution, batch norm or linear layer in a `Sequential` it runs in the same call. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** `x` where it is positive, `slope · x` elsewhere. */
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

/** `x · Φ(x)`, exactly (by the error function). Behind a linear layer in a `Sequential` it runs in the same call. */
export class GELU extends Module {
  override forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/** `x · sigmoid(x)`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** `1 / (1 + exp(−x))`. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** Shares that add up to 1 along an axis. */
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
