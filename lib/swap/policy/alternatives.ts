/**
 * Other ways to choose, of the same type and in place of `rank` and `fit`, for comparison: everything that is saved for
 * backward, the least recently used, and the farthest next use. They move what `candidates` found; where it did not run
 * before, storages of any size.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import type { Candidate, Draft, Move, PolicyFunction } from "../plan.ts";
import { successors } from "../trace.ts";
import { candidates } from "./candidates.ts";
import type { FitOptions } from "./fit.ts";
import { linkOf } from "./link.ts";
import { lastAway, needOf } from "./need.ts";

/**
 * Moves all that idles from the forward to the backward pass, whatever the budget, and fetches it when it is needed, as
 * PyTorch's `save_on_cpu` does.
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
 *   opMs: [1, 1, 1, 1],
 *   stepMs: 4,
 *   storages: [
 *     { bytes: 1000, born: -1, died: 4, uses: [0, 3], origin: 0 }, // a parameter, which both read
 *     { bytes: 1000, born: 0, died: 3, uses: [0, 1, 3], origin: -1 }, // what the first op made
 *     { bytes: 1000, born: 2, died: 3, uses: [2, 3], origin: -1 }, // a gradient
 *   ],
 * };
 * const plan = ebb.policy.compose(ebb.policy.everything())(trace);
 * assertEquals(plan.moves.map(({ storage, out, prefetch }) => [storage, out, prefetch]), [[0, 0, 3], [1, 1, 3]]);
 * ```
 */
export function everything(): PolicyFunction {
  return (draft) => {
    const { phases } = draft.trace;
    const isSaved = ({ out, back }: Candidate) => phases[out] === 0 && phases[back] === 1;
    const moves = found(draft).filter(isSaved).map((one): Move => ({ ...one, prefetch: one.back }));
    return withMoves(draft, moves, "moves: saved for backward", "stays: not saved for backward");
  };
}

/**
 * Sends away, before an op that would exceed the budget, what was not used for the longest time, as caches do. It knows
 * nothing of the future: what is sent away is on its way while the op waits.
 *
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 1, 1, 1],
 *   temporaries: [0, 0, 0, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1, 1],
 *   stepMs: 6,
 *   storages: [
 *     { bytes: 1000, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1000, born: 1, died: 5, uses: [1, 5], origin: -1 },
 *     { bytes: 1000, born: 2, died: 2, uses: [2], origin: -1 },
 *   ],
 * };
 * // Op 2 has room for one of the first two: the one used earlier leaves, though it is needed sooner.
 * const { moves, predicted } = ebb.policy.compose(ebb.policy.lru({ budget: 2000 }))(trace);
 * assertEquals(moves.map(({ storage, out, back }) => [storage, out, back]), [[0, 1, 3]]);
 * assert(predicted.peakBytes === 2000 && predicted.stallMs > 0);
 * ```
 */
export function lru({ budget }: { budget: Bytes }): PolicyFunction {
  const budgetBytes = parseBytes(budget, "lru budget");
  return (draft) => {
    const next = successors(draft.trace);
    const { length } = draft.trace.ops;
    const victims = sweep(draft, budgetBytes, ({ out }, lap) => -(out + lap));
    const moves = victims.map(({ candidate, position, isLate }): Move => {
      const { storage, back, until } = candidate;
      if (!isLate) return { ...candidate, out: position - 1, prefetch: back };
      // It stays beyond the step's end and leaves in the next step, as who it is there.
      const out = position - 1;
      return {
        ...candidate,
        storage: next[storage],
        out,
        back: back - length,
        until: until - length,
        prefetch: back - length,
      };
    });
    return withMoves(
      { ...draft, budgetBytes },
      moves,
      "moves: not used for the longest time",
      "stays: used of late",
    );
  };
}

/**
 * Sends away, where an op would exceed the budget, what is used farthest in the future (Belady, 1966), as soon as it
 * idles, as if copies took no time. Where storages are of one size and none idles across the step's end, no plan moves
 * less. With unlike sizes that is a heuristic, and more budget may now and then move more bytes.
 *
 * @throws {RangeError} when the budget is no amount of memory, or a bandwidth no positive number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0, 0, 0],
 *   phases: [0, 0, 0, 1, 1, 1],
 *   temporaries: [0, 0, 0, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1, 1],
 *   stepMs: 6,
 *   storages: [
 *     { bytes: 1000, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1000, born: 1, died: 5, uses: [1, 5], origin: -1 },
 *     { bytes: 1000, born: 2, died: 2, uses: [2], origin: -1 },
 *   ],
 * };
 * // Op 2 has room for one of the first two: the one that is needed later leaves.
 * const { moves, predicted } = ebb.policy.compose(ebb.policy.belady({ budget: 2000 }))(trace);
 * assertEquals(moves.map(({ storage, out, back }) => [storage, out, back]), [[1, 1, 5]]);
 * assertEquals(predicted.peakBytes, 2000);
 * ```
 */
export function belady({ budget, bandwidth }: FitOptions): PolicyFunction {
  const budgetBytes = parseBytes(budget, "belady budget");
  const given = linkOf("belady", bandwidth);
  return (draft) => {
    const victims = sweep(draft, budgetBytes, (candidate, lap) => lastAway(candidate) + lap);
    const moves = victims.map(({ candidate }): Move => ({ ...candidate, prefetch: candidate.back }));
    return withMoves(
      { ...draft, bandwidth: { ...draft.bandwidth, ...given }, budgetBytes },
      moves,
      "moves: used farthest in the future",
      "stays: used sooner than others",
    );
  };
}

/** The draft's candidates, or all there are. */
function found(draft: Draft): readonly Candidate[] {
  return draft.candidates.length > 0 ? draft.candidates : candidates({ minBytes: 1 })(draft).candidates;
}

function withMoves(draft: Draft, moves: readonly Move[], moved: string, stayed: string): Draft {
  const reasons: Record<number, string> = { ...draft.reasons };
  for (const { storage } of found(draft)) reasons[storage] = stayed;
  for (const { storage } of moves) reasons[storage] = moved;
  return { ...draft, moves: [...draft.moves, ...moves], reasons };
}

/** One that leaves, and before which op, a position within the step. */
interface Victim {
  readonly candidate: Candidate;
  readonly position: number;
  /** Whether it stayed beyond the end of the step in which its idle time began. */
  readonly isLate: boolean;
}

/** Steps after which what leaves is taken for steady though it still changes. */
const LAPS = 6;

/**
 * Goes through like steps, one after the other, until the same storages leave in each; at each op that exceeds the
 * budget the idle ones of the greatest `key` leave, until it fits. `lap` is the position at which the candidate's step
 * begins.
 */
function sweep(
  draft: Draft,
  budgetBytes: number,
  key: (candidate: Candidate, lap: number) => number,
): Victim[] {
  const need = needOf(draft.trace);
  const { length } = need;
  const byOut = [...found(draft)].sort((a, b) => a.out - b.out);
  /** Those idle now and on the device, by key, the greatest last. */
  const idle: { candidate: Candidate; key: number; last: number; lap: number }[] = [];
  const open = (candidate: Candidate, lap: number) => {
    const one = { candidate, key: key(candidate, lap), last: lastAway(candidate) + lap, lap };
    let [low, high] = [0, idle.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (idle[middle].key < one.key) low = middle + 1;
      else high = middle;
    }
    idle.splice(low, 0, one);
  };
  const returning = new Float64Array((LAPS + 2) * length + 1);
  let away = 0;
  let steady: string | null = null;
  let before: readonly Victim[] = [];
  for (let lap = 0;; lap += length) {
    const victims: Victim[] = [];
    let opened = 0;
    for (let position = 0; position < length; position++) {
      away -= returning[lap + position];
      for (; opened < byOut.length && byOut[opened].out < position; opened++) open(byOut[opened], lap);
      while (need[position] - away > budgetBytes && idle.length > 0) {
        const { candidate, last, lap: begun } = idle.pop()!;
        if (last < lap + position) continue;
        victims.push({ candidate, position, isLate: begun < lap });
        away += candidate.bytes;
        returning[last + 1] += candidate.bytes;
      }
    }
    for (; opened < byOut.length; opened++) open(byOut[opened], lap);
    const state = victims.map(({ candidate, position }) =>
      `${candidate.storage}:${candidate.out}:${position}`
    ).join();
    // Where steps go on to differ, what leaves in two of them makes room enough in each.
    if (state === steady || lap === (LAPS - 1) * length) return once([...before, ...victims]);
    before = victims;
    steady = state;
  }
}

/** Each candidate once, as it leaves earliest. */
function once(victims: readonly Victim[]): Victim[] {
  const earliest = new Map<Candidate, Victim>();
  for (const victim of victims) {
    const other = earliest.get(victim.candidate);
    const isEarlier = other === undefined || (other.isLate && !victim.isLate) ||
      (other.isLate === victim.isLate && victim.position < other.position);
    if (isEarlier) earliest.set(victim.candidate, victim);
  }
  return [...earliest.values()];
}
