/**
 * When what left begins to come back: the fourth step of a policy.
 *
 * @module
 */
import type { Move, PolicyFunction } from "../plan.ts";
import { residentUnder } from "./fit.ts";
import { awayRanges, copyMs, positionAt, startOf, startsOf } from "./need.ts";

/** Settings of {@linkcode prefetch}. */
export interface PrefetchOptions {
  /** Copies are given this many times as long as the link needs. Default 1. */
  slack?: number;
}

/**
 * Lets each move's way back begin so early that it ends in time, one copy after the other on the link, and no earlier
 * than there is room: from the last that is needed to the first.
 */
export function prefetch({ slack = 1 }: PrefetchOptions = {}): PolicyFunction {
  return (draft) => {
    const { trace, bandwidth, budgetBytes } = draft;
    const length = trace.ops.length;
    const starts = startsOf(trace);
    const stepMs = starts[length];
    const resident = residentUnder(trace, draft.moves, bandwidth);
    let free = Infinity;
    const planned = new Map<Move, Move>();
    const order = draft.moves.filter(({ back }) => back !== Infinity).sort((a, b) => b.back - a.back);
    for (const move of order) {
      const begin = Math.min(startOf(starts, move.back), free) - slack * copyMs(move.bytes, "in", bandwidth);
      // The position that starts at that time or before it.
      const wanted = begin < stepMs
        ? positionAt(starts, Math.max(0, begin + 1e-9)) - 1
        : length + positionAt(starts, begin - stepMs + 1e-9) - 1;
      const ranges = awayRanges(move, starts, bandwidth);
      const isAway = (position: number) => ranges.some(([from, to]) => from <= position && position <= to);
      let at = move.back;
      while (at - 1 > move.out && at - 1 >= wanted) {
        const place = (at - 1) % length;
        // While it is away its bytes come on top; before and after they are counted already.
        if (isAway(place) && resident[place] + move.bytes > budgetBytes) break;
        at--;
        if (isAway(place)) resident[place] += move.bytes;
        else if (at <= wanted) break;
      }
      free = Math.min(begin, startOf(starts, at));
      planned.set(move, { ...move, prefetch: at });
    }
    return { ...draft, moves: draft.moves.map((move) => planned.get(move) ?? move) };
  };
}
