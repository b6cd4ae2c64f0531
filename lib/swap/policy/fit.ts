/**
 * Chooses candidates until the step fits the budget: the third step of a policy.
 *
 * @module
 */
import { type Bytes, formatBytes, parseBytes } from "../../device/bytes.ts";
import type { Candidate, Draft, Move, PolicyFunction } from "../plan.ts";
import { Choice } from "./choice.ts";
import { type GivenBandwidth, linkOf } from "./link.ts";
import { lastAway, needOf, withinStep } from "./need.ts";
import { countOver, peakOf } from "./rank.ts";
import { simulateDraft } from "./simulate.ts";

/** Settings of {@linkcode fit}. */
export interface FitOptions {
  /** The most bytes that may lie on the device. */
  budget: Bytes;
  /** Speed of the link: bytes per second both ways, or each way. Default: the draft's. */
  bandwidth?: GivenBandwidth;
  /** The most bytes that may be away at once, of host memory and disk together. Default: any number. */
  far?: Bytes;
}

/** How often a plan that does not fit by simulation is given more moves. */
const ROUNDS = 8;

/**
 * Takes the op that needs most, and of the candidates that are gone while it runs the one of the best score whose copies
 * the link has time for: out before that op, back after it. Where the link has time for none, the best one leaves all the
 * same, and the step waits. That goes on until no op needs more than the budget, or nothing helps. The result is
 * simulated, and while that exceeds the budget, more is chosen.
 *
 * What is chosen is charged at once, to memory and to the link; the shipped SmartSwap (arXiv:2509.11076) tests a whole
 * pass of candidates against the same free time. If scores do not depend on the budget (those of `rank()` before `fit`
 * do not), a plan for more budget has some of the moves of that for less and no others.
 *
 * Moves that the draft has already stay. Each new one is fetched when it is needed: see `prefetch`.
 *
 * @throws {RangeError} when the budget is no amount of memory, or a bandwidth no positive number.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const MiB = 2 ** 20;
 * const trace: ebb.Trace = {
 *   names: ["relu", "reluGrad"],
 *   ops: [0, 0, 0, 1, 1],
 *   phases: [0, 0, 0, 1, 1],
 *   temporaries: [0, 0, 4 * MiB, 0, 0],
 *   opMs: null,
 *   stepMs: 5,
 *   storages: [
 *     { bytes: 2 * MiB, born: 0, died: 4, uses: [0, 4], origin: -1 },
 *     { bytes: MiB, born: -1, died: 5, uses: [0, 4], origin: 1 },
 *   ],
 * };
 * const { candidates, compose, fit } = ebb.policy;
 * const plan = compose(candidates(), fit({ budget: "5 MiB", bandwidth: 10e9 }))(trace);
 * assertEquals(plan.moves.map(({ storage }) => storage), [0]);
 * assert(plan.predicted.peakBytes <= 5 * MiB);
 * assertEquals(plan.reasons[0], "moves: idle from relu (op 0) to reluGrad (op 4), frees 2 MiB at the peak, relu (op 2)");
 * ```
 */
export function fit({ budget, bandwidth, far }: FitOptions): PolicyFunction {
  const budgetBytes = parseBytes(budget, "fit budget");
  const given = linkOf("fit", bandwidth);
  const farBytes = far === undefined || far === Infinity ? Infinity : parseBytes(far, "fit far");
  return (draft) => {
    const { trace } = draft;
    const settled: Draft = { ...draft, budgetBytes, bandwidth: { ...draft.bandwidth, ...given } };
    const choice = new Choice(trace, unmoved(draft), draft.moves, settled.bandwidth, farBytes);
    choice.relieve(budgetBytes);
    const movesOf = () => [
      ...draft.moves,
      ...choice.chosen.map(({ candidate }): Move => ({ ...candidate, prefetch: candidate.back })),
    ];
    let moves = movesOf();
    let limit = budgetBytes;
    for (let round = 0; round < ROUNDS; round++) {
      const excess = peakOf(simulateDraft(settled, moves).residentBytes) - budgetBytes;
      if (excess <= 0 || !choice.relieve(limit -= excess)) break;
      moves = movesOf();
    }
    return { ...settled, moves, reasons: explained(settled, choice) };
  };
}

/** Candidates that are not away already. */
function unmoved({ candidates, moves }: Draft): readonly Candidate[] {
  if (moves.length === 0) return candidates;
  const byStorage = Map.groupBy(moves, ({ storage }) => storage);
  return candidates.filter(({ storage, out, until }) =>
    !byStorage.get(storage)?.some((move) => move.out < until && out < move.until)
  );
}

/** Why each storage moves, or stays. */
function explained(
  { trace, reasons, candidates, moves, budgetBytes }: Draft,
  { chosen, refused }: Pick<Choice, "chosen" | "refused">,
) {
  const texts: Record<number, string> = { ...reasons };
  const { length } = trace.ops;
  const name = (position: number) => {
    if (position < 0) return "the step's beginning";
    const place = position % length;
    return `${trace.names[trace.ops[place]]} (op ${place}${position >= length ? " of the next step" : ""})`;
  };
  trace.storages.forEach((_, index) => texts[index] ??= "stays: no candidate");
  const need = needOf(trace);
  const over = countOver(need, budgetBytes);
  const isMoved = new Set(
    [...moves, ...chosen.map(({ candidate }) => candidate)].map(({ storage }) => storage),
  );
  for (const candidate of candidates) {
    if (isMoved.has(candidate.storage)) continue;
    const covers = withinStep(candidate.out + 1, lastAway(candidate), length)
      .some(([from, to]) => over[to + 1] > over[from]);
    if (covers) isMoved.add(candidate.storage);
    texts[candidate.storage] = refused.has(candidate.storage)
      ? "stays: the far side has no room for it"
      : covers
      ? "stays: what moves makes room enough"
      : "stays: while it idles no op needs more than the budget";
  }
  const peak = need.indexOf(peakOf(need));
  // The last word about a storage is that on the first of its moves that was chosen: it gains most.
  for (const { candidate, at, isTimely } of [...chosen].reverse()) {
    const { storage, bytes, out, back, until } = candidate;
    const idle = back === Infinity
      ? `not used after ${name(out)} until it is freed after ${name(until)}`
      : `idle from ${name(out)} to ${name(back)}`;
    const place = at === peak ? `the peak, ${name(at)}` : name(at);
    const waits = isTimely ? "" : "; the link has no time for it, so ops wait";
    texts[storage] = `moves: ${idle}, frees ${formatBytes(bytes)} at ${place}${waits}`;
  }
  return texts;
}
