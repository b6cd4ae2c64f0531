/**
 * Optimizers, schedules, gradient clipping, loss scaling: the namespace `optim`.
 *
 * @module
 */
export { Adam, type AdamOptions, AdamW } from "./adam.ts";
export { clipGradNorm, type ClipGradNormOptions, clipGradValue } from "./clip.ts";
export { GradScaler, type GradScalerOptions, type GradScalerState, type Stepped } from "./grad_scaler.ts";
export {
  type CommonOptions,
  type Group,
  Optimizer,
  type ParameterGroup,
  type Parameters,
  type Update,
} from "./optimizer.ts";
export { type Scheduled, Scheduler, type SchedulerState } from "./scheduler.ts";
export {
  compose,
  constant,
  cosine,
  exponential,
  linear,
  milestones,
  oneCycle,
  type OneCycleOptions,
  type Schedule,
  sequence,
  stepDecay,
  warmUp,
} from "./schedules.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
export type { OptimizerState, ParameterState } from "./state.ts";
