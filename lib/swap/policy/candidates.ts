/**
 * Which storages idle, from when to when: the first step of a policy.
 *
 * @module
 */
import { formatBytes } from "../../device/bytes.ts";
import type { Candidate, PolicyFunction } from "../plan.ts";
import { successors, type Trace } from "../trace.ts";
import { exists, lastAway } from "./need.ts";

/** Settings of {@linkcode candidates}. */
export interface CandidatesOptions {
  /** Bytes below which a storage stays: a copy costs some microseconds whatever its size. Default 64 KiB. */
  minBytes?: number;
}

/**
 * Finds every time in which nobody uses a storage while at least one op runs: between two ops that use it, from the last
 * one to where it is freed, and from the last one of this step to the first one of the next, as optimizer states idle
 * between updates. That time belongs to the storage as this step leaves it; its successor, there from the beginning of
 * the next, does not get it again. A storage of unknown origin idles from the step's beginning (`out` is -1).
 *
 * SmartSwap (arXiv:2509.11076) looks at the time from the last forward to the first backward use alone, and at storages
 * of 20 MiB or more.
 *
 * @throws {RangeError} when `minBytes` is no number of at least 0.
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
  if (!(minBytes >= 0)) {
    throw new RangeError(`candidates: expected minBytes to be at least 0 but found ${minBytes}`);
  }
  return (draft) => {
    const { trace } = draft;
    const next = successors(trace);
    const found: Candidate[] = [];
    const reasons: Record<number, string> = { ...draft.reasons };
    trace.storages.forEach((storage, index) => {
      if (!exists(storage)) {
        reasons[index] = "stays: freed before the first op";
      } else if (storage.bytes < minBytes) {
        reasons[index] = `stays: smaller than ${formatBytes(minBytes)}`;
      } else {
        const before = found.length;
        collect(trace, index, next[index], found);
        reasons[index] = found.length > before
          ? "stays: idle at times, but nothing asked for its room"
          : "stays: used without a pause in which it could leave";
      }
    });
    return { ...draft, candidates: found, reasons };
  };
}

/** Adds the idle times of one storage, in their order. `next` is the one that it is in the next step. */
function collect({ ops, storages }: Trace, index: number, next: number, found: Candidate[]): void {
  const { bytes, born, died, uses, origin } = storages[index];
  const length = ops.length;
  const add = (out: number, back: number, until: number) => {
    if (lastAway({ back, until }) > out && out < length) {
      found.push({ storage: index, bytes, out, back, until, score: 0 });
    }
  };
  // Between an earlier op and this position nobody uses it; NaN: that time is another's.
  let idleFrom = born >= 0 ? born : origin < 0 ? -1 : NaN;
  for (const use of uses) {
    add(idleFrom, use, use);
    idleFrom = use;
  }
  if (died < length) return add(idleFrom, Infinity, died);
  if (next < 0) return;
  if (uses.length === 0 && born < 0) idleFrom = -1;
  const later = storages[next];
  // A storage that no step uses is its own successor, and never comes back.
  if (later.uses.length > 0) add(idleFrom, length + later.uses[0], length + later.uses[0]);
  else add(idleFrom, Infinity, length + Math.min(later.died, length - 1));
}
