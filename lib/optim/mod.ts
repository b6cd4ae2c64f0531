/**
 * Optimizers, schedules, gradient clipping, loss scaling: the namespace `optim`.
 *
 * @module
 */
export { Adam, type AdamOptions, AdamW } from "./adam.ts";
export {
  type CommonOptions,
  type Group,
  Optimizer,
  type ParameterGroup,
  type Parameters,
  type Update,
} from "./optimizer.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
export type { OptimizerState, ParameterState } from "./state.ts";
