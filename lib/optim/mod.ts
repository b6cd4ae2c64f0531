/**
 * Optimizers, schedules, gradient clipping, loss scaling: the namespace `optim`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { clipGradNorm, compose, cosine, Scheduler, SGD, warmUp } = ebb.optim;
 * using w = ebb.tensor([3, -2], { requiresGrad: true });
 * using optimizer = new SGD([w], { lr: 0.2, momentum: 0.9 });
 * const scheduler = new Scheduler(optimizer, compose(warmUp(5), cosine(100)));
 * const rates = [];
 * for (let step = 0; step < 100; step++) {
 *   ebb.scope(() => {
 *     optimizer.zeroGrad();
 *     w.square().sum().backward();
 *     clipGradNorm([w], 1);
 *     optimizer.step();
 *   });
 *   rates.push(optimizer.lr);
 *   scheduler.step();
 * }
 * const loss = ebb.scope(() => w.square().sum().item());
 * assert(loss < 1e-3 && rates[0] < rates[5] && rates[5] > rates[99]);
 * ```
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
