/**
 * Which storages idle, from when to when: the first step of a policy.
 *
 * @module
 */
import { formatBytes } from "../../device/bytes.ts";
import type { Candidate, PolicyFunction } from "../plan.ts";
import { successors } from "../trace.ts";
import { exists } from "./need.ts";

/** Settings of {@linkcode candidates}. */
export interface CandidatesOptions {
  /** Smaller storages stay: a copy costs some microseconds whatever its size. Default 64 KiB. */
  minBytes?: number;
}

/**
 * Finds every time in which a storage is not used for at least one op between two that use it; beyond the step's end
 * for what outlives it, as optimizer states do between updates. What is never used again but not freed yet counts too.
 *
 * SmartSwap (arXiv:2509.11076) looks at the time from the last forward to the first backward use alone.
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
 *   opMs: null,
 *   stepMs: 4,
 *   storages: [{ bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 }],
 * };
 * const plan = ebb.policy.compose(ebb.policy.candidates(), ebb.policy.fit({ budget: "0.5 MiB" }))(trace);
 * assertEquals(plan.moves.map(({ out, back }) => [out, back]), [[0, 3]]);
 * ```
 */
export function candidates({ minBytes = 64 << 10 }: CandidatesOptions = {}): PolicyFunction {
  return (draft) => {
    const { trace } = draft;
    const length = trace.ops.length;
    const next = successors(trace);
    const found: Candidate[] = [];
    const reasons: Record<number, string> = { ...draft.reasons };
    trace.storages.forEach((storage, index) => {
      const { bytes, died, uses, origin } = storage;
      if (!exists(storage)) return;
      if (bytes < minBytes) {
        reasons[index] = `stays: smaller than ${formatBytes(minBytes)}`;
        return;
      }
      const before = found.length;
      const add = (out: number, back: number, until = back) => {
        if (until - out >= 2) found.push({ storage: index, bytes, out, back, until, score: 0 });
      };
      const isOld = storage.born < 0;
      const last = uses.at(-1) ?? (isOld ? -1 : storage.born);
      if (isOld && origin < 0) {
        if (uses.length > 0) add(-1, uses[0]);
        else if (died < length) add(-1, Infinity, died);
      }
      for (let i = 1; i < uses.length; i++) add(uses[i - 1], uses[i]);
      const later = died === length && next[index] >= 0 ? trace.storages[next[index]] : null;
      if (died < length) {
        if (uses.length > 0 || !isOld) add(last, Infinity, died);
      } else if (later !== null && later.uses.length > 0) {
        add(last, length + later.uses[0]);
      } else if (later !== null) {
        // Nobody uses it before it is freed in the next step, or ever.
        add(last, Infinity, length + Math.min(later.died, length - 1));
      }
      reasons[index] = found.length > before
        ? "stays: not in the way"
        : "stays: used without a pause in which it could leave";
    });
    return { ...draft, candidates: found, reasons };
  };
}
