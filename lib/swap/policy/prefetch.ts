/**
 * When what left begins to come back: the fourth step of a policy.
 *
 * @module
 */
import type { Bandwidth, Draft, Move, PolicyFunction } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { Heights } from "./heights.ts";
import { copyMs, lastAway, needOf, positionAt, startOf, startsOf, withinStep } from "./need.ts";
import { simulateDraft } from "./simulate.ts";

/** Settings of {@linkcode prefetch}. */
export interface PrefetchOptions {
  /** Copies begin this many times as long ahead as the link needs for them. Default 1. */
  slack?: number;
  /** How often it is worked out again with the times that a simulation has found, as long as that helps. Default 1. */
  rounds?: number;
}

/**
 * Lets each move's way back begin so early that it ends in time, one copy after the other on the link, from the last that
 * is needed to the first; no earlier than the copy out has ended; and only into memory that no op up to then needs, so
 * that the step still fits the budget. Where there is none it begins later, at the latest when it is needed.
 *
 * That is worked out in several ways: memory goes first to copies that are needed last, or to those that are needed
 * first; and it is taken for free as soon as a storage begins to leave, or only when it has left. Where the step waits all
 * the same, ops start later than without copies: then it is worked out again with those times. Of all that, and of the
 * moves as they were, those are taken of which a simulation says that the step is shortest. Moves come out in the order in
 * which they come back.
 *
 * @throws {RangeError} when `slack` is no number of at least 0, or `rounds` no whole number of at least 0.
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
 *   temporaries: [0, 1e6, 0, 0, 0],
 *   opMs: [1, 1, 1, 1, 1],
 *   stepMs: 5,
 *   storages: [{ bytes: 1e6, born: 0, died: 4, uses: [0, 4], origin: -1 }],
 * };
 * const { candidates, compose, fit, prefetch } = ebb.policy;
 * // A copy takes a millisecond, as long as an op.
 * const plan = compose(candidates(), fit({ budget: 1e6, bandwidth: 1e9 }), prefetch())(trace);
 * assertEquals(plan.moves.map(({ out, prefetch, back }) => [out, prefetch, back]), [[0, 3, 4]]);
 * ```
 */
export function prefetch({ slack = 1, rounds = 1 }: PrefetchOptions = {}): PolicyFunction {
  if (!(slack >= 0)) throw new RangeError(`prefetch: expected slack to be at least 0 but found ${slack}`);
  if (!(Number.isInteger(rounds) && rounds >= 0)) {
    throw new RangeError(`prefetch: expected rounds to be a whole number of at least 0 but found ${rounds}`);
  }
  return (draft) => {
    if (draft.moves.length === 0) return draft;
    let best = tried(draft, draft.moves);
    for (let round = 0, starts = startsOf(draft.trace); round <= rounds && best.waits; round++) {
      const before = best;
      for (const way of WAYS) {
        const trial = tried(draft, scheduled(draft, slack, starts, way));
        if (trial.stepMs < best.stepMs) best = trial;
        if (!trial.waits) break;
      }
      if (best === before) break;
      starts = best.starts;
    }
    return { ...draft, moves: best.moves };
  };
}

/** How memory is shared out. */
interface Way {
  /** To copies that are needed first, and not last. */
  readonly isUrgentFirst: boolean;
  /** Room is free only when what leaves has left. */
  readonly isPatient: boolean;
}

const WAYS: readonly Way[] = [
  { isUrgentFirst: false, isPatient: false },
  { isUrgentFirst: false, isPatient: true },
  { isUrgentFirst: true, isPatient: false },
  { isUrgentFirst: true, isPatient: true },
];

/** What a simulation says of moves. */
interface Trial {
  readonly moves: readonly Move[];
  readonly stepMs: number;
  /** When each op starts, and when the step ends. */
  readonly starts: Float64Array;
  /** Whether some op waits. */
  readonly waits: boolean;
}

function tried(draft: Draft, moves: readonly Move[]): Trial {
  const { stepMs, startMs, stallMs } = simulateDraft(draft, moves);
  return {
    moves,
    stepMs,
    starts: Float64Array.from([...startMs, stepMs]),
    waits: stallMs.some((ms) => ms > 0),
  };
}

/** The moves with their way back set. */
function scheduled(draft: Draft, slack: number, starts: Float64Array, way: Way): Move[] {
  const { trace, bandwidth, budgetBytes } = draft;
  const { length } = trace.ops;
  const left = leftAt(trace, draft.moves, starts, bandwidth);
  const resident = needOf(trace);
  const change = new Float64Array(length + 1);
  for (const move of draft.moves) {
    const from = way.isPatient ? left.get(move)! : move.out + 1;
    for (const [first, last] of withinStep(from, lastAway(move), length)) {
      change[first] -= move.bytes;
      change[last + 1] += move.bytes;
    }
  }
  for (let i = 0, sum = 0; i < length; i++) resident[i] += sum += change[i];
  const heights = new Heights(resident);
  const planned: Move[] = [];
  /** Takes memory for a move from `wanted` on, or from as early as there is some; from when. */
  const place = (move: Move, wanted: number): number => {
    const { back, bytes } = move;
    let begin = Math.min(wanted, back);
    for (const [from, to] of withinStep(begin, back - 1, length)) {
      const full = heights.lastAbove(from, to, budgetBytes - bytes);
      // Ranges are in the order of time: what is full in a later one counts.
      if (full >= 0) begin = full + 1 + (full < begin % length || begin >= length ? length : 0);
    }
    for (const [from, to] of withinStep(begin, back - 1, length)) heights.add(from, to, bytes);
    planned.push({ ...move, prefetch: begin });
    return begin;
  };
  /** When the link is taken by copies that come later. */
  let takenMs = Infinity;
  const order = draft.moves.filter(({ back }) => back !== Infinity).sort((a, b) => b.back - a.back);
  const wishes = order.map((move): [Move, number] => {
    const beginMs = Math.min(startOf(starts, move.back), takenMs) -
      slack * copyMs(move.bytes, "in", bandwidth);
    // The op that runs then: its copy begins before the op does.
    const wanted = Math.max(positionAt(starts, beginMs + 1e-9) - 1, left.get(move)!);
    takenMs = way.isUrgentFirst ? beginMs : Math.max(beginMs, startOf(starts, place(move, wanted)));
    return [move, wanted];
  });
  if (way.isUrgentFirst) { for (const [move, wanted] of wishes.reverse()) place(move, wanted); }
  const forgotten = draft.moves.filter(({ back }) => back === Infinity);
  return [...planned.sort((a, b) => a.prefetch - b.prefetch || a.back - b.back), ...forgotten];
}

/** The first op that starts when a move's copy out has ended, those before it on the link included. */
function leftAt(
  trace: Trace,
  moves: readonly Move[],
  starts: Float64Array,
  bandwidth: Bandwidth,
): Map<Move, number> {
  const left = new Map<Move, number>();
  let freeMs = 0;
  for (const move of [...moves].sort((a, b) => a.out - b.out)) {
    const startMs = move.out < 0 ? 0 : startOf(starts, move.out + 1);
    freeMs = Math.max(freeMs, startMs) + copyMs(move.bytes, "out", bandwidth);
    // What leaves for long ends by the time that it is needed at the latest: that op waits for it.
    left.set(move, Math.min(positionAt(starts, freeMs), lastAway(move) + 1, 2 * trace.ops.length - 1));
  }
  return left;
}
