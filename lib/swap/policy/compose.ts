/**
 * Puts policy functions together to one that makes plans of traces.
 *
 * @module
 */
import type { Bandwidth, Draft, Plan, PolicyFunction } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { simulate } from "./simulate.ts";

/** Taken where no function states a link's speed: a fast memory's. */
export const ASSUMED_BANDWIDTH: Bandwidth = { out: 5e9, in: 5e9 };

/**
 * A function that makes a plan of a trace by handing a draft from one policy function to the next.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { candidates, compose, fit, prefetch } = ebb.policy;
 * // A function of one's own: whatever is made in the first op stays.
 * const spareFirst: ebb.PolicyFunction = (draft) => ({
 *   ...draft,
 *   candidates: draft.candidates.filter(({ storage }) => draft.trace.storages[storage].born > 0),
 * });
 * const generate = compose(candidates(), spareFirst, fit({ budget: "1 MiB" }), prefetch());
 * const trace = { names: [], ops: [], phases: [], temporaries: [], opMs: null, stepMs: 0, storages: [] };
 * assertEquals(generate(trace).moves, []);
 * ```
 */
export function compose(...functions: PolicyFunction[]): (trace: Trace) => Plan {
  return (trace) => {
    const empty: Draft = {
      trace,
      candidates: [],
      moves: [],
      budgetBytes: Infinity,
      bandwidth: ASSUMED_BANDWIDTH,
      reasons: {},
    };
    const { moves, budgetBytes, bandwidth, reasons } = functions.reduce((draft, f) => f(draft), empty);
    const { residentBytes, stepMs, stallMs } = simulate(trace, { moves, budgetBytes, bandwidth });
    const predicted = {
      peakBytes: residentBytes.reduce((a, b) => Math.max(a, b), 0),
      stepMs,
      stallMs: stallMs.reduce((a, b) => a + b, 0),
    };
    return { moves, budgetBytes, bandwidth, reasons, predicted };
  };
}
