/**
 * Modules, layers, initialisation: the namespace `nn`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } = ebb.nn;
 * using model = new Sequential(
 *   new Conv2d(1, 8, 3, { padding: 1 }),
 *   new ReLU(),
 *   new MaxPool2d(2),
 *   new Flatten(),
 *   new Linear(8 * 14 * 14, 10),
 * );
 * using images = ebb.rand([4, 1, 28, 28]);
 * using scores = model.forward(images);
 * assertEquals([scores.shape, model.parameters().length], [[4, 10], 4]);
 * assertEquals(Object.keys(model.stateDict()), ["0.weight", "0.bias", "4.weight", "4.bias"]); // as in PyTorch
 * ```
 *
 * @module
 */
export { ModuleList, Sequential } from "./containers.ts";
export type { ForwardHook, ForwardPreHook } from "./hooks.ts";
export * as init from "./init.ts";
export { GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh } from "./layers/activation.ts";
export {
  type AttentionOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
} from "./layers/attention.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormLayerOptions } from "./layers/batch_norm.ts";
export {
  Conv1d,
  type Conv1dLayerOptions,
  Conv2d,
  type Conv2dLayerOptions,
  ConvTranspose2d,
  type ConvTranspose2dLayerOptions,
} from "./layers/conv.ts";
export { Dropout } from "./layers/dropout.ts";
export { Embedding } from "./layers/embedding.ts";
export { Linear, type LinearLayerOptions } from "./layers/linear.ts";
export { GroupNorm, LayerNorm, type LayerNormLayerOptions, type NormLayerOptions } from "./layers/norm.ts";
export type { LayerOptions } from "./layers/options.ts";
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./layers/pool.ts";
export { Flatten, Identity } from "./layers/shape.ts";
export { TransformerBlock, type TransformerBlockOptions } from "./layers/transformer.ts";
export type { Members, Named } from "./members.ts";
export { type FusedActivation, Module } from "./module.ts";
export { buffer, parameter } from "./parameter.ts";
export type { LoadOptions, LoadReport } from "./state.ts";
