/**
 * Complete ways to make plans: by swapping alone, and by keeping, swapping or computing again, whatever is fastest.
 *
 * @module
 */
import type { Plan, PolicyFunction, PolicyInput } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { belady } from "./alternatives.ts";
import { candidates } from "./candidates.ts";
import { compose } from "./compose.ts";
import { fastest, fastestOf, isIdeal } from "./fastest.ts";
import { fit } from "./fit.ts";
import { prefetch } from "./prefetch.ts";
import { rank } from "./rank.ts";
import { recompute, type RecomputeOptions } from "./recompute.ts";

/** Bytes from which on storages move. */
const LEAST = 16 << 10;
/** How much is dropped, as a share of what exceeds the budget, and in cascades of which share of the budget. */
const TRIALS: readonly Pick<RecomputeOptions, "share" | "cascade">[] = [
  { cascade: 0.6, share: 0.5 },
  { cascade: 0.6, share: 1 },
  { cascade: 0.6, share: 0.25 },
  { cascade: 0.6, share: 0.75 },
  { cascade: 0.3, share: 1 },
  { cascade: 0.3, share: 0.25 },
  { cascade: 0.6, share: 0.125 },
  { cascade: 0.3, share: 0.5 },
  { cascade: 0.15, share: 1 },
  { cascade: 0.15, share: 0.25 },
];
/** Ops that are planned for in all trials together, so that long steps are not planned for too long; and at least two. */
const MOST_OPS = 20_000;

/** Ways to choose what moves: by coverage and size, by coverage alone, and by Belady's rule. */
function choices({ budget, bandwidth, far = Infinity }: PolicyInput): readonly (readonly PolicyFunction[])[] {
  const fitting = fit({ budget, bandwidth, far });
  const ranked = [[rank(), fitting], [rank({ sizeWeight: 0 }), fitting]];
  // Belady's rule knows no limit on the far side.
  return far < Infinity ? ranked : [...ranked, [belady({ budget, bandwidth })]];
}

/** A complete policy: what `before` does, and then one of the {@linkcode choices}. */
function complete(
  before: readonly PolicyFunction[],
  choice: readonly PolicyFunction[],
  rounds: number,
): (trace: Trace) => Plan {
  return compose(...before, candidates({ minBytes: LEAST }), ...choice, prefetch({ rounds }));
}

/**
 * Plans by swapping alone: of those that `rank` and `fit` make, with the size of storages and without, and that of
 * `belady`, the fastest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 1, 1],
 *   temporaries: [0, 0, 1e6, 0, 0],
 *   opMs: [1, 1, 1, 1, 1],
 *   stepMs: 5,
 *   storages: [
 *     { bytes: 1e6, born: 0, died: 4, uses: [0, 4], origin: -1 },
 *   ],
 * };
 * // A copy takes a millisecond, as long as an op: the storage is gone while op 2 runs, and back in time.
 * const plan = ebb.policy.swapping({ budget: 1e6, bandwidth: { out: 1e9, in: 1e9 } })(trace);
 * assertEquals(plan.moves.map(({ out, prefetch, back }) => [out, prefetch, back]), [[0, 3, 4]]);
 * assertEquals([plan.predicted.peakBytes, plan.predicted.stepMs, plan.recomputed], [1e6, 5, []]);
 * ```
 */
export function swapping(input: PolicyInput): (trace: Trace) => Plan {
  return fastest(...choices(input).map((choice) => complete([], choice, 3)));
}

/**
 * Keeps, swaps or computes again, each storage by what it is predicted to cost: of plans that compute more or less again
 * and swap what is left, the fastest. Swapping alone is one of them, so it is never predicted to be slower than that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0],
 *   phases: [0, 0, 1, 1],
 *   temporaries: [0, 0, 0, 0],
 *   pure: [true, true, true, true],
 *   opMs: [1, 1, 1, 1],
 *   stepMs: 4,
 *   storages: [
 *     { bytes: 1 << 20, born: -1, died: 4, uses: [0, 3], origin: 0 },
 *     { bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1 << 20, born: 1, died: 1, uses: [1], origin: -1 },
 *   ],
 * };
 * const input = { budget: 2 << 20, bandwidth: { out: 1e8, in: 1e8 } }; // a copy takes ten ops, an op one
 * const { moves, recomputed } = ebb.policy.joint(input)(trace);
 * assertEquals([moves.length, recomputed!.length], [0, 1]);
 * ```
 */
export function joint(input: PolicyInput): (trace: Trace) => Plan {
  const { budget } = input;
  const all = choices(input);
  const swap = swapping(input);
  return (trace) => {
    const alone = swap(trace);
    if (trace.opMs === null || trace.pure === undefined || isIdeal(alone)) return alone;
    const count = Math.max(2, Math.floor(MOST_OPS / trace.ops.length));
    const drops = TRIALS.slice(0, count).map((trial) => [recompute({ budget, minBytes: LEAST, ...trial })]);
    // What is to be dropped is found with one way to choose what moves, and then worked out with each.
    const plans = drops.map((drop) => complete(drop, all[0], 0)(trace));
    const best = drops[plans.indexOf(fastestOf(plans))];
    return fastestOf([alone, ...all.map((choice) => complete(best, choice, 3)(trace))]);
  };
}
