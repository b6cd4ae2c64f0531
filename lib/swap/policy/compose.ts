/**
 * Puts policy functions together to one that makes plans of traces.
 *
 * @module
 */
import type { Bandwidth, Draft, Plan, PolicyFunction } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { peakOf } from "./rank.ts";
import { whyDropped } from "./recomputed.ts";
import { simulate } from "./simulate.ts";

/**
 * Bytes per second taken where no function states a link's speed: those of a copy within main memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0],
 *   phases: [0, 1],
 *   temporaries: [0, 0],
 *   opMs: [1, 1],
 *   stepMs: 2,
 *   storages: [],
 * };
 * const { ASSUMED_BANDWIDTH, compose, fit } = ebb.policy;
 * assertEquals(compose(fit({ budget: "1 GiB" }))(trace).bandwidth, ASSUMED_BANDWIDTH);
 * const measured = { out: 2e9, in: 3e9 };
 * assertEquals(compose(fit({ budget: "1 GiB", bandwidth: measured }))(trace).bandwidth, measured);
 * ```
 */
export const ASSUMED_BANDWIDTH: Bandwidth = { out: 8e9, in: 8e9 };

/**
 * A function that makes a plan of a trace by handing a draft from one policy function to the next, as SmartSwap goes from
 * profile to plan (arXiv:2509.11076). The draft begins with no candidate, no move, no budget and
 * {@linkcode ASSUMED_BANDWIDTH}; what comes out is simulated, which gives the plan's prediction. A trace is never
 * changed, and the same trace gives the same plan.
 *
 * @throws what one of the functions throws.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { candidates, compose, fit, prefetch, rank } = ebb.policy;
 * const trace: ebb.Trace = {
 *   names: ["relu"],
 *   ops: [0, 0, 0, 0],
 *   phases: [0, 0, 1, 1],
 *   temporaries: [0, 0, 0, 0],
 *   opMs: null,
 *   stepMs: 4,
 *   storages: [
 *     { bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1 << 20, born: 2, died: 2, uses: [2], origin: -1 },
 *   ],
 * };
 * const full = [candidates(), rank(), fit({ budget: "1 MiB" }), prefetch()];
 * assertEquals(compose(...full)(trace).moves.map(({ storage, out, back }) => [storage, out, back]), [[0, 0, 3]]);
 *
 * // A function of one's own: what the first op makes stays.
 * const spareFirst: ebb.PolicyFunction = (draft) => ({
 *   ...draft,
 *   candidates: draft.candidates.filter(({ storage }) => draft.trace.storages[storage].born !== 0),
 * });
 * assertEquals(compose(full[0], spareFirst, ...full.slice(1))(trace).moves, []);
 * ```
 */
export function compose(...functions: PolicyFunction[]): (trace: Trace) => Plan {
  return (trace) => {
    const empty: Draft = {
      trace,
      candidates: [],
      moves: [],
      recomputed: [],
      budgetBytes: Infinity,
      bandwidth: ASSUMED_BANDWIDTH,
      reasons: {},
    };
    const draft = functions.reduce((draft, next) => next(draft), empty);
    const { moves, recomputed, budgetBytes, bandwidth } = draft;
    const reasons = { ...draft.reasons, ...whyDropped(trace, recomputed) };
    const { residentBytes, stepMs, stallMs } = simulate(trace, { moves, recomputed, budgetBytes, bandwidth });
    const predicted = {
      peakBytes: peakOf(residentBytes),
      stepMs,
      stallMs: stallMs.reduce((a, b) => a + b, 0),
    };
    return { moves, recomputed, budgetBytes, bandwidth, reasons, predicted };
  };
}
