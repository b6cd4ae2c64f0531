/**
 * The best of several plans, by simulation.
 *
 * @module
 */
import type { Plan } from "../plan.ts";
import type { Trace } from "../trace.ts";

/**
 * Makes plans in several ways and takes the one that is predicted to be the fastest of those that fit their budget, or,
 * where none fits, the one that comes closest. So it is no slower than the best of them alone, as far as predictions hold.
 *
 * @param makers what `compose` gives, at least one; of equally fast plans that of the earlier one is taken
 * @throws {RangeError} when no maker is given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { candidates, compose, fastest, fit, prefetch, rank, recompute } = ebb.policy;
 * const budget = "1 MiB";
 * const swapOnly = compose(candidates(), rank(), fit({ budget }), prefetch());
 * const both = compose(recompute({ budget }), candidates(), rank(), fit({ budget }), prefetch());
 * assertEquals(typeof fastest(swapOnly, both), "function"); // (trace) => plan, as each of them
 * ```
 */
export function fastest(...makers: readonly ((trace: Trace) => Plan)[]): (trace: Trace) => Plan {
  if (makers.length === 0) {
    throw new RangeError("fastest: expected at least one way to make plans but found none");
  }
  return (trace) => {
    const plans: Plan[] = [];
    for (const make of makers) {
      const plan = make(trace);
      // Nothing betters a plan under which no op waits, and none runs twice.
      if (isIdeal(plan)) return plan;
      plans.push(plan);
    }
    return fastestOf(plans);
  };
}

/** Whether a step under a plan fits, and takes no longer than its ops. */
export function isIdeal({ budgetBytes, predicted, recomputed = [] }: Plan): boolean {
  return predicted.peakBytes <= budgetBytes && predicted.stallMs === 0 && recomputed.length === 0;
}

/** Of plans of one trace, the first one that no other betters. */
export function fastestOf(plans: readonly Plan[]): Plan {
  const excess = ({ budgetBytes, predicted }: Plan) => Math.max(0, predicted.peakBytes - budgetBytes);
  return plans.reduce((best, plan) => {
    const less = excess(plan) - excess(best);
    return less < 0 || (less === 0 && plan.predicted.stepMs < best.predicted.stepMs) ? plan : best;
  });
}
