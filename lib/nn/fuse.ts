/**
 * A layer and the activation behind it in one call where the layer can and nobody looks in between.
 *
 * @module
 */
import { gelu, relu } from "../tensor/ops/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GELU, ReLU } from "./layers/activation.ts";
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
