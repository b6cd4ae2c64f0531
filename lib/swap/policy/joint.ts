/**
 * Complete ways to make plans: by swapping alone, and by keeping, swapping or computing again, whatever is fastest.
 *
 * @module
 */
import type { Plan, PolicyInput } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { candidates } from "./candidates.ts";
import { compose } from "./compose.ts";
import { fastest } from "./fastest.ts";
import { fit } from "./fit.ts";
import { prefetch } from "./prefetch.ts";
import { rank } from "./rank.ts";
import { recompute } from "./recompute.ts";

/** Bytes from which on storages move. */
const LEAST = 16 << 10;
/** How much is dropped, as shares of what exceeds the budget, and in cascades of which share of the budget. */
const TRIALS: readonly { cascade: number; shares: readonly number[] }[] = [
  { cascade: 0.6, shares: [0.5, 1, 0.25, 0.75, 0.125] },
  { cascade: 0.3, shares: [1, 0.25, 0.5] },
  { cascade: 0.15, shares: [1, 0.25] },
];
/** Ops that are planned for in all trials together, so that long steps are not planned for too long; and at least two. */
const MOST_OPS = 20_000;

/** Plans by swapping alone: `candidates`, `rank`, `fit`, `prefetch`. */
export function swapping({ budget, bandwidth }: PolicyInput): (trace: Trace) => Plan {
  return compose(candidates({ minBytes: LEAST }), rank(), fit({ budget, bandwidth }), prefetch());
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
  const { budget, bandwidth } = input;
  const trials = TRIALS.flatMap(({ cascade, shares }) =>
    shares.map((share) =>
      compose(
        recompute({ budget, share, cascade, minBytes: LEAST }),
        candidates({ minBytes: LEAST }),
        rank(),
        fit({ budget, bandwidth }),
        prefetch(),
      )
    )
  );
  return (trace) => {
    const canRecompute = trace.opMs !== null && trace.pure !== undefined;
    const count = canRecompute ? Math.max(2, Math.floor(MOST_OPS / trace.ops.length)) : 0;
    return fastest(swapping(input), ...trials.slice(0, count))(trace);
  };
}
