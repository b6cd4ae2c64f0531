/**
 * Which candidates are worth most: the second step of a policy, in several ways.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import type { Candidate, Draft, PolicyFunction } from "../plan.ts";
import { awayRanges, needOf, startsOf } from "./need.ts";

/** Settings of {@linkcode rank}. */
export interface RankOptions {
  /** Weight of the size beside that of the coverage. Default 2, as in the paper. */
  sizeWeight?: number;
  /** What counts as too much; default the draft's budget, or half of the step's need where it has none yet. */
  budget?: Bytes;
}

/**
 * The paper's score: how many of the ops that need too much a candidate relieves, and the cube root of its size, each
 * scaled to 0 … 1, the latter weighted (SmartSwap, arXiv:2509.11076; `minmax(coverage) + 2·minmax(∛size)`).
 */
export function rank({ sizeWeight = 2, budget }: RankOptions = {}): PolicyFunction {
  return (draft) => {
    const need = needOf(draft.trace);
    const given = budget === undefined ? draft.budgetBytes : parseBytes(budget, "rank budget");
    const limit = given === Infinity ? need.reduce((a, b) => Math.max(a, b), 0) / 2 : given;
    const starts = startsOf(draft.trace);
    // Ops over the limit before each position.
    const over = new Int32Array(need.length + 1);
    need.forEach((bytes, i) => {
      over[i + 1] = over[i] + (bytes > limit ? 1 : 0);
    });
    const covered = draft.candidates.map((candidate) =>
      awayRanges(candidate, starts, draft.bandwidth)
        .reduce((sum, [from, to]) => sum + over[to + 1] - over[from], 0)
    );
    const sizes = draft.candidates.map(({ bytes }) => Math.cbrt(bytes));
    const [coverage, size] = [scaled(covered), scaled(sizes)];
    return scoredBy(draft, (_, i) => coverage[i] + sizeWeight * size[i]);
  };
}

/** Prefers large storages. */
export function largestFirst(): PolicyFunction {
  return (draft) => scoredBy(draft, ({ bytes }) => bytes);
}

/** Prefers storages that idle for many ops. */
export function longestIdleFirst(): PolicyFunction {
  return (draft) => scoredBy(draft, ({ out, until }) => until - out);
}

function scoredBy(draft: Draft, score: (candidate: Candidate, index: number) => number): Draft {
  return { ...draft, candidates: draft.candidates.map((one, i) => ({ ...one, score: score(one, i) })) };
}

function scaled(values: readonly number[]): number[] {
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  return values.map((value) => high > low ? (value - low) / (high - low) : 0);
}
