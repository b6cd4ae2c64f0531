/**
 * Chooses candidates until the step fits the budget: the third step of a policy.
 *
 * @module
 */
import { type Bytes, formatBytes, parseBytes } from "../../device/bytes.ts";
import type { Bandwidth, Candidate, Draft, Move, PolicyFunction } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { awayRanges, copyMs, needOf, startOf, startsOf } from "./need.ts";
import { simulate } from "./simulate.ts";

/** Settings of {@linkcode fit}. */
export interface FitOptions {
  /** The most bytes that may lie on the device. */
  budget: Bytes;
  /** Speed of the link: bytes per second both ways, or each way. Default: the draft's. */
  bandwidth?: number | Partial<Bandwidth>;
}

/** How often a plan that does not fit by simulation is given more moves. */
const ROUNDS = 12;

/**
 * Takes the op that exceeds the budget most, and of the candidates that relieve it the one of the best score whose
 * copies the link has time for; until no op exceeds the budget. What is taken is charged at once, to memory and to the
 * link (the shipped SmartSwap tests a whole pass of candidates against the same free time). Where the link has time for
 * none, the best one moves all the same, and the step waits. The result is simulated, and what then still exceeds the
 * budget is treated likewise.
 *
 * @throws {RangeError} when the budget is no amount of memory.
 */
export function fit({ budget, bandwidth = {} }: FitOptions): PolicyFunction {
  const budgetBytes = parseBytes(budget, "fit budget");
  const given = typeof bandwidth === "number" ? { out: bandwidth, in: bandwidth } : bandwidth;
  return (draft) => {
    const settled = { ...draft, budgetBytes, bandwidth: { ...draft.bandwidth, ...given } };
    const choice = new Choice(settled);
    const excess = needOf(draft.trace).map((bytes) => bytes - budgetBytes);
    choice.relieve(excess);
    for (let round = 0; round < ROUNDS; round++) {
      const moves = choice.moves();
      const { residentBytes } = simulate(draft.trace, { ...settled, moves });
      const rest = Float64Array.from(residentBytes, (bytes) => bytes - budgetBytes);
      if (!rest.some((bytes) => bytes > 0) || !choice.relieve(rest)) break;
    }
    const moves = [...draft.moves, ...choice.moves()];
    return { ...settled, moves, reasons: explained(settled, moves) };
  };
}

type Range = [from: number, to: number];

/** A link on which copies take no time. */
const INSTANT: Bandwidth = { out: Infinity, in: Infinity };

function covers(ranges: readonly Range[], position: number): boolean {
  return ranges.some(([from, to]) => from <= position && position <= to);
}

/** Candidates that have been chosen, and what that does to memory and link. */
class Choice {
  readonly #draft: Draft;
  readonly #starts: Float64Array;
  /** Not chosen yet, the best first, with when they are away, and when they could be if the step waits for copies. */
  readonly #left: { candidate: Candidate; ranges: Range[]; widest: Range[] }[];
  readonly #chosen: Candidate[] = [];

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#starts = startsOf(draft.trace);
    this.#left = [...draft.candidates]
      .sort((a, b) => b.score - a.score)
      .map((candidate) => ({
        candidate,
        ranges: awayRanges(candidate, this.#starts, draft.bandwidth),
        widest: awayRanges(candidate, this.#starts, INSTANT),
      }));
  }

  /** Chooses until `excess`, which is charged with what is chosen, is nowhere above 0. False if nothing was found. */
  relieve(excess: Float64Array): boolean {
    const hopeless = new Uint8Array(excess.length);
    let found = false;
    for (;;) {
      let worst = -1;
      for (let i = 0; i < excess.length; i++) {
        if (excess[i] > 0 && !hopeless[i] && (worst < 0 || excess[i] > excess[worst])) worst = i;
      }
      if (worst < 0) return found;
      const index = this.#best(worst);
      if (index < 0) {
        hopeless[worst] = 1;
        continue;
      }
      const [{ candidate, ranges, widest }] = this.#left.splice(index, 1);
      for (const [from, to] of covers(ranges, worst) ? ranges : widest) {
        for (let i = from; i <= to; i++) excess[i] -= candidate.bytes;
      }
      this.#chosen.push(candidate);
      found = true;
    }
  }

  /** Moves of what is chosen, fetched when needed. */
  moves(): Move[] {
    return this.#chosen.map((candidate) => ({ ...candidate, prefetch: candidate.back }));
  }

  /** The best candidate that is away at `position`: that the link has time for, or at all, or if the step waits. */
  #best(position: number): number {
    let [away, late] = [-1, -1];
    for (let i = 0; i < this.#left.length; i++) {
      const { candidate, ranges, widest } = this.#left[i];
      if (covers(ranges, position)) {
        if (this.#hasTime(candidate, position)) return i;
        if (away < 0) away = i;
      } else if (late < 0 && covers(widest, position)) {
        late = i;
      }
    }
    return away >= 0 ? away : late;
  }

  /** Whether both copies fit beside those that are chosen: out before `position`, in after it. */
  #hasTime(candidate: Candidate, position: number): boolean {
    const { bandwidth, trace } = this.#draft;
    const length = trace.ops.length;
    const at = candidate.out < position ? position : position + length;
    const time = (from: number, to: number) => startOf(this.#starts, to) - startOf(this.#starts, from);
    let [out, back] = [copyMs(candidate.bytes, "out", bandwidth), copyMs(candidate.bytes, "in", bandwidth)];
    for (const other of this.#chosen) {
      if (other.out >= candidate.out && other.out < at) out += copyMs(other.bytes, "out", bandwidth);
      if (other.back > at && other.back <= candidate.back && other.back !== Infinity) {
        back += copyMs(other.bytes, "in", bandwidth);
      }
    }
    if (out > time(candidate.out + 1, at)) return false;
    return candidate.back === Infinity || back <= time(Math.min(at + 1, candidate.back), candidate.back);
  }
}

/** Why each storage moves, or stays. */
function explained({ trace, reasons }: Draft, moves: readonly Move[]): Record<number, string> {
  const texts: Record<number, string> = { ...reasons };
  const length = trace.ops.length;
  const name = (position: number) => {
    if (position < 0) return "the step's beginning";
    const place = position % length;
    return `${trace.names[trace.ops[place]]} (op ${place}${position >= length ? " of the next step" : ""})`;
  };
  for (const { storage, bytes, out, back } of moves) {
    texts[storage] = back === Infinity
      ? `moves: ${formatBytes(bytes)} that nobody uses after ${name(out)}`
      : `moves: idle from ${name(out)} to ${name(back)}`;
  }
  return texts;
}

/** Bytes on the device while each op runs if moves are away as long as the link allows. */
export function residentUnder(trace: Trace, moves: readonly Move[], bandwidth: Bandwidth): Float64Array {
  const resident = needOf(trace);
  const starts = startsOf(trace);
  for (const move of moves) {
    for (const [from, to] of awayRanges(move, starts, bandwidth)) {
      for (let i = from; i <= to; i++) resident[i] -= move.bytes;
    }
  }
  return resident;
}
