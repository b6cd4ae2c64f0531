/**
 * Other ways to choose, of the same type, for comparison: everything that is saved for backward, the least recently
 * used, and the farthest next use.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import { type Candidate, type Move, type PolicyFunction } from "../plan.ts";
import { needOf } from "./need.ts";

/**
 * Moves every candidate that leaves in the forward pass for the backward pass, and fetches it when it is needed, as
 * PyTorch's `save_on_cpu` does. Stands in place of `rank` and `fit`.
 */
export function everything(): PolicyFunction {
  return (draft) => {
    const { phases } = draft.trace;
    const moves = draft.candidates
      .filter(({ out, back }) => phases[out] === 0 && phases[back] === 1)
      .map((candidate): Move => ({ ...candidate, prefetch: candidate.back }));
    return { ...draft, moves: [...draft.moves, ...moves] };
  };
}

/** Sends away, where an op needs more than the budget, what was not used for the longest time. */
export function lru({ budget }: { budget: Bytes }): PolicyFunction {
  // It leaves only when room is needed, so it is on its way while the op waits.
  return sweep(
    budget,
    (a, b) => a.out - b.out,
    (candidate, position) => ({ ...candidate, out: position - 1 }),
  );
}

/**
 * Sends away, where an op needs more than the budget, what is used farthest in the future (Belady, 1966), and does so as
 * soon as it idles: with one size the fewest bytes that any policy can move.
 */
export function belady({ budget }: { budget: Bytes }): PolicyFunction {
  return sweep(budget, (a, b) => b.until - a.until, (candidate) => candidate);
}

/** Goes through the ops; at each that exceeds the budget takes open candidates in order until it fits. */
function sweep(
  budget: Bytes,
  order: (a: Candidate, b: Candidate) => number,
  leaving: (candidate: Candidate, position: number) => Candidate,
): PolicyFunction {
  const budgetBytes = parseBytes(budget, "budget");
  return (draft) => {
    const length = draft.trace.ops.length;
    const need = needOf(draft.trace);
    const away = new Float64Array(length);
    const byOut = [...draft.candidates].sort((a, b) => a.out - b.out);
    const moves: Move[] = [];
    let open: Candidate[] = [];
    let next = 0;
    for (let p = 0; p < length; p++) {
      while (next < byOut.length && byOut[next].out < p) open.push(byOut[next++]);
      open = open.filter(({ until }) => until > p);
      if (need[p] - away[p] <= budgetBytes) continue;
      open.sort(order);
      while (open.length > 0 && need[p] - away[p] > budgetBytes) {
        const move = leaving(open.shift()!, p);
        moves.push({ ...move, prefetch: move.back });
        for (let i = move.out + 1; i < Math.min(move.until, length); i++) away[i] += move.bytes;
        for (let i = 0; i < move.until - length; i++) away[i] += move.bytes;
      }
    }
    return { ...draft, moves: [...draft.moves, ...moves], budgetBytes };
  };
}
