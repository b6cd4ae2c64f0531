/**
 * Which candidates are worth most: the second step of a policy, in several ways.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import type { Candidate, Draft, PolicyFunction } from "../plan.ts";
import { lastAway, needOf, withinStep } from "./need.ts";

/** Settings of {@linkcode rank}. */
export interface RankOptions {
  /** Weight of the size beside that of the coverage. Default 2, as in the paper. */
  sizeWeight?: number;
  /** What counts as too much; default the draft's budget, or half of the step's peak need where it has none yet. */
  budget?: Bytes;
}

/**
 * The paper's score: how many of the ops that need too much run while a candidate is gone, and the cube root of its
 * size, each scaled to 0 … 1, the latter weighted: `minmax(coverage) + 2·minmax(∛size)` (SmartSwap, arXiv:2509.11076).
 *
 * Ops need too much beyond the draft's budget. Where that comes later, as in `compose(candidates(), rank(), fit(…))`,
 * half of the peak need stands in for it; scores then do not depend on the budget, so that a smaller budget gives a plan
 * with the same moves and further ones.
 *
 * @throws {RangeError} when `sizeWeight` is no number of at least 0, or `budget` no amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const MiB = 2 ** 20;
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 0, 1, 1, 1],
 *   temporaries: [0, 0, 0, MiB, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1, 1, 1],
 *   stepMs: 7,
 *   storages: [
 *     { bytes: 3 * MiB, born: 1, died: 5, uses: [1, 5], origin: -1 },
 *     { bytes: MiB, born: 0, died: 6, uses: [0, 6], origin: -1 },
 *   ],
 * };
 * const { candidates, compose, fit, rank } = ebb.policy;
 * const chosen = (sizeWeight: number) =>
 *   compose(candidates(), rank({ sizeWeight }), fit({ budget: 4 * MiB }))(trace).moves.map(({ storage }) => storage);
 * // One storage is larger, the other one is gone for longer while too much is needed.
 * assertEquals([chosen(2), chosen(0)], [[0], [1]]);
 * ```
 */
export function rank({ sizeWeight = 2, budget }: RankOptions = {}): PolicyFunction {
  if (!(sizeWeight >= 0)) {
    throw new RangeError(`rank: expected sizeWeight to be at least 0 but found ${sizeWeight}`);
  }
  const given = budget === undefined ? null : parseBytes(budget, "rank budget");
  return (draft) => {
    const need = needOf(draft.trace);
    const limit = given ?? (draft.budgetBytes < Infinity ? draft.budgetBytes : peakOf(need) / 2);
    const over = countOver(need, limit);
    const coverage = scaled(
      draft.candidates.map((candidate) =>
        withinStep(candidate.out + 1, lastAway(candidate), need.length)
          .reduce((sum, [from, to]) => sum + over[to + 1] - over[from], 0)
      ),
    );
    const size = scaled(draft.candidates.map(({ bytes }) => Math.cbrt(bytes)));
    return scoredBy(draft, (_, i) => coverage[i] + sizeWeight * size[i]);
  };
}

/**
 * Prefers large storages: the score is their bytes. Stands in place of {@linkcode rank}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const MiB = 2 ** 20;
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 0, 1, 1, 1],
 *   temporaries: [0, 0, 0, MiB, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1, 1, 1],
 *   stepMs: 7,
 *   storages: [
 *     { bytes: 3 * MiB, born: 1, died: 5, uses: [1, 5], origin: -1 },
 *     { bytes: MiB, born: 0, died: 6, uses: [0, 6], origin: -1 },
 *   ],
 * };
 * const { candidates, compose, fit, largestFirst } = ebb.policy;
 * const plan = compose(candidates(), largestFirst(), fit({ budget: 4 * MiB }))(trace);
 * assertEquals(plan.moves.map(({ storage, score }) => [storage, score]), [[0, 3 * MiB]]);
 * ```
 */
export function largestFirst(): PolicyFunction {
  return (draft) => scoredBy(draft, ({ bytes }) => bytes);
}

/**
 * Prefers storages that idle for many ops: the score is how many. Stands in place of {@linkcode rank}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const MiB = 2 ** 20;
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 0, 1, 1, 1],
 *   temporaries: [0, 0, 0, MiB, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1, 1, 1],
 *   stepMs: 7,
 *   storages: [
 *     { bytes: 3 * MiB, born: 1, died: 5, uses: [1, 5], origin: -1 },
 *     { bytes: MiB, born: 0, died: 6, uses: [0, 6], origin: -1 },
 *   ],
 * };
 * const { candidates, compose, fit, longestIdleFirst } = ebb.policy;
 * const plan = compose(candidates(), longestIdleFirst(), fit({ budget: 4 * MiB }))(trace);
 * assertEquals(plan.moves.map(({ storage, score }) => [storage, score]), [[1, 5]]); // ops 1 to 5
 * ```
 */
export function longestIdleFirst(): PolicyFunction {
  return (draft) => scoredBy(draft, (candidate) => lastAway(candidate) - candidate.out);
}

/** The greatest of some bytes; 0 of none. */
export function peakOf(bytes: ArrayLike<number>): number {
  let peak = 0;
  for (let i = 0; i < bytes.length; i++) peak = Math.max(peak, bytes[i]);
  return peak;
}

/** How many positions before each one exceed a limit; one more for all. */
export function countOver(need: ArrayLike<number>, limit: number): Int32Array {
  const over = new Int32Array(need.length + 1);
  for (let i = 0; i < need.length; i++) over[i + 1] = over[i] + (need[i] > limit ? 1 : 0);
  return over;
}

function scoredBy(draft: Draft, score: (candidate: Candidate, index: number) => number): Draft {
  return { ...draft, candidates: draft.candidates.map((one, i) => ({ ...one, score: score(one, i) })) };
}

/** Values brought to 0 … 1; all 0 where they do not differ. */
function scaled(values: readonly number[]): number[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return values.map((value) => high > low ? (value - low) / (high - low) : 0);
}
