/**
 * Swap: training in less device memory than a step needs (Chameleon / SmartSwap, arXiv:2509.11076).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "192 KiB" }); // less than a step needs
 * using model = ebb.models.mlp({ sizes: [32, 32, 32, 32, 1], device });
 * using optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01 });
 * using x = ebb.randn([256, 32], { device });
 * using swap = ebb.swap(device);
 * for (let step = 0; step < 3; step++) {
 *   await swap.step(() =>
 *     ebb.scope(() => {
 *       optimizer.zeroGrad();
 *       model.forward(x).square().mean().backward();
 *       optimizer.step();
 *     })
 *   );
 * }
 * const { budgetBytes, neededBytes, reservedPeakBytes } = swap.report();
 * assert(neededBytes > budgetBytes && reservedPeakBytes <= budgetBytes);
 * ```
 *
 * @module
 */
export { ngramSimilarity, paperSimilarity, phaseSimilarities, type StepOps } from "./change.ts";
export { type ChromeTrace, chromeTrace, type TraceEvent } from "./chrome_trace.ts";
export type { Kind, Stage } from "./entry.ts";
export type {
  Bandwidth,
  Candidate,
  Draft,
  Move,
  Plan,
  PolicyFunction,
  PolicyInput,
  Recomputation,
  Simulation,
} from "./plan.ts";
export { profile, type ProfileOptions } from "./profile.ts";
export type {
  ProfileAverage,
  ProfileData,
  ProfiledCopy,
  ProfiledOp,
  ProfiledTensor,
  ProfiledWait,
  ProfileKey,
} from "./profile_data.ts";
export { Profile, type ProfileTableOptions } from "./profile_report.ts";
export { Report, type StepRecord, type StepReport, type TensorReport } from "./report.ts";
export type { Place, SavedStep, SwapState } from "./state.ts";
export { Swap, swap, type SwapOptions } from "./swap.ts";
export { type Phase, PHASES, type Trace, type TracedStorage } from "./trace.ts";
