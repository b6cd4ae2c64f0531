/**
 * When what left begins to come back: the fourth step of a policy.
 *
 * @module
 */
import type { Bandwidth, Draft, Move, PolicyFunction } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { copyMs, lastAway, needOf, positionAt, startOf, startsOf, withinStep } from "./need.ts";
import { simulate } from "./simulate.ts";

/** Settings of {@linkcode prefetch}. */
export interface PrefetchOptions {
  /** Copies begin this many times as long ahead as the link needs for them. Default 1. */
  slack?: number;
}

/**
 * Lets each move's way back begin so early that it ends in time, one copy after the other on the link, from the last that
 * is needed to the first; no earlier than the copy out has ended; and only into memory that no op up to then needs, so
 * that the step still fits the budget. Where there is none it begins later, at the latest when it is needed.
 *
 * That is worked out twice: with room taken for free as soon as a storage begins to leave, and only when it has left. Of
 * the two, and of the moves as they were, those are taken of which a simulation says that the step is shortest. Moves
 * come out in the order in which they come back.
 *
 * @throws {RangeError} when `slack` is no number of at least 0.
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
export function prefetch({ slack = 1 }: PrefetchOptions = {}): PolicyFunction {
  if (!(slack >= 0)) throw new RangeError(`prefetch: expected slack to be at least 0 but found ${slack}`);
  return (draft) => {
    if (draft.moves.length === 0) return draft;
    let [moves, leastMs] = [draft.moves, Infinity];
    for (const isPatient of [false, true, null]) {
      const these = isPatient === null ? draft.moves : scheduled(draft, slack, isPatient);
      const { stepMs, stallMs } = simulate(draft.trace, { ...draft, moves: these });
      if (stepMs < leastMs) [moves, leastMs] = [these, stepMs];
      if (!stallMs.some((ms) => ms > 0)) break;
    }
    return { ...draft, moves };
  };
}

/** The moves with their way back set. `isPatient`: room is free only when what leaves has left. */
function scheduled(draft: Draft, slack: number, isPatient: boolean): Move[] {
  const { trace, bandwidth, budgetBytes } = draft;
  const { length } = trace.ops;
  const starts = startsOf(trace);
  const left = leftAt(trace, draft.moves, starts, bandwidth);
  const resident = needOf(trace);
  const change = new Float64Array(length + 1);
  for (const move of draft.moves) {
    for (const [from, to] of withinStep(isPatient ? left.get(move)! : move.out + 1, lastAway(move), length)) {
      change[from] -= move.bytes;
      change[to + 1] += move.bytes;
    }
  }
  for (let i = 0, sum = 0; i < length; i++) resident[i] += sum += change[i];
  /** When the link is taken by copies that come later. */
  let takenMs = Infinity;
  const order = draft.moves.filter(({ back }) => back !== Infinity).sort((a, b) => b.back - a.back);
  const planned = order.map((move): Move => {
    const { back, bytes } = move;
    const beginMs = Math.min(startOf(starts, back), takenMs) - slack * copyMs(bytes, "in", bandwidth);
    // The op that runs then: its copy begins before the op does.
    const wanted = Math.max(positionAt(starts, beginMs + 1e-9) - 1, left.get(move)!);
    let begin = back;
    while (begin > wanted && resident[(begin - 1) % length] + bytes <= budgetBytes) {
      begin--;
      resident[begin % length] += bytes;
    }
    takenMs = Math.max(beginMs, startOf(starts, begin));
    return { ...move, prefetch: begin };
  });
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
