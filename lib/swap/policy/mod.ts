/**
 * Policies as composable functions over plain data: the namespace `policy`.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const MiB = 2 ** 20;
 * const trace: ebb.Trace = { // plain data; that of a real step is swap.trace()
 *   names: ["relu", "reluGrad"],
 *   ops: [0, 0, 0, 1, 1],
 *   phases: [0, 0, 0, 1, 1],
 *   temporaries: [0, 0, 4 * MiB, 0, 0],
 *   opMs: [1, 1, 1, 1, 1],
 *   stepMs: 5,
 *   storages: [{ bytes: 2 * MiB, born: 0, died: 4, uses: [0, 4], origin: -1 }],
 * };
 * const { candidates, compose, fit, needOf, prefetch, rank } = ebb.policy;
 * const generate = compose(candidates(), rank({ sizeWeight: 2 }), fit({ budget: "5 MiB" }), prefetch());
 * const plan = generate(trace);
 * assertEquals([Math.max(...needOf(trace)), plan.predicted.peakBytes], [6 * MiB, 4 * MiB]);
 * assertEquals(plan.moves.map(({ storage, out, back }) => [storage, out, back]), [[0, 0, 4]]);
 * assert(plan.reasons[0].startsWith("moves: idle from relu (op 0) to reluGrad (op 4)"));
 * ```
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
