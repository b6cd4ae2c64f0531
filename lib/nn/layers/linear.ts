/**
 * The linear layer.
 *
 * @module
 */
import { linear } from "../../tensor/ops/linear.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { uniform } from "../init.ts";
import { type FusedActivation, Module } from "../module.ts";
import { parameter } from "../parameter.ts";
import { checkSizes, type LayerOptions, settings } from "./options.ts";

/** Options of {@linkcode Linear}. */
export interface LinearLayerOptions extends LayerOptions {
  /** Whether a bias is added; default true. */
  bias?: boolean;
}

/**
 * `x Wᵀ + b` over the last axis: `[..., inputs]` to `[..., outputs]`. Weights and bias begin as uniform draws from
 * ±1 / √inputs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Linear(3, 2);
 * using x = ebb.ones([5, 3]);
 * using y = layer.forward(x);
 * assertEquals([y.shape, layer.weight.shape], [[5, 2], [2, 3]]);
 * ```
 */
export class Linear extends Module {
  /** `[outputs, inputs]` */
  readonly weight: Tensor;
  /** `[outputs]`, or null */
  readonly bias: Tensor | null;

  constructor(inputs: number, outputs: number, options: LinearLayerOptions = {}) {
    super();
    checkSizes("Linear", { inputs, outputs });
    const bound = 1 / Math.sqrt(inputs);
    this.weight = parameter(uniform([outputs, inputs], -bound, bound, options));
    this.bias = options.bias === false ? null : parameter(uniform([outputs], -bound, bound, options));
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override fused(activation: FusedActivation): ((x: Tensor) => Tensor) | null {
    return this.isPlain(Linear) ? (x) => linear(x, this.weight, this.bias, { activation }) : null;
  }

  override describe(): string {
    const [outputs, inputs] = this.weight.shape;
    return settings([inputs, outputs], { bias: this.bias !== null }, { bias: true });
  }
}
