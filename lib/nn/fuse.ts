/**
 * A layer and the activation behind it in one call where the layer can and nobody looks in between, and modules in the
 * order in which they are fastest where the result does not depend on it.
 *
 * @module
 */
import { gelu, relu } from "../tensor/ops/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GELU, ReLU } from "./layers/activation.ts";
import { MaxPool2d } from "./layers/pool.ts";
import type { FusedActivation, Module } from "./module.ts";

const FUNCTIONS = { relu, gelu };

/** `activation(layer(x))`. */
export function forwardWith(layer: Module, activation: FusedActivation, x: Tensor): Tensor {
  const fused = layer.fused(activation);
  return fused === null ? FUNCTIONS[activation](layer.forward(x)) : fused(x);
}

/** The activation that a module stands for and nothing else; null: none. */
export function activationOf(module: Module | undefined): FusedActivation | null {
  if (module?.isPlain(ReLU)) return "relu";
  if (module?.isPlain(GELU)) return "gelu";
  return null;
}

/**
 * Modules as they are best called one after the other. The largest of rectified values is the rectified largest value,
 * so max-pooling goes before a ReLU, which then has fewer values to look at.
 */
export function inFastOrder(modules: readonly Module[]): readonly Module[] {
  const order = [...modules];
  for (let i = 1; i < order.length; i++) {
    if (order[i].isPlain(MaxPool2d) && order[i - 1].isPlain(ReLU)) {
      [order[i - 1], order[i]] = [order[i], order[i - 1]];
    }
  }
  return order;
}
