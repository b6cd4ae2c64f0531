/**
 * Policies as composable functions over plain data: the namespace `policy`.
 *
 * @module
 */
export { belady, everything, lru } from "./alternatives.ts";
export { bound, type BoundOptions } from "./bound.ts";
export { candidates, type CandidatesOptions } from "./candidates.ts";
export { ASSUMED_BANDWIDTH, compose } from "./compose.ts";
export { fastest } from "./fastest.ts";
export { fit, type FitOptions } from "./fit.ts";
export { joint, swapping } from "./joint.ts";
export { needOf } from "./need.ts";
export { prefetch, type PrefetchOptions } from "./prefetch.ts";
export { largestFirst, longestIdleFirst, rank, type RankOptions } from "./rank.ts";
export { recompute, type RecomputeOptions } from "./recompute.ts";
export { simulate, type Simulated } from "./simulate.ts";
