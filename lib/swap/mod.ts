/**
 * Swap: training in less device memory than a step needs (Chameleon / SmartSwap, arXiv:2509.11076).
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
