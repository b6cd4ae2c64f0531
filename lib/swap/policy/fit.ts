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

/** A candidate, when it is away, and when it could be if the step waits for copies. */
interface Option {
  readonly candidate: Candidate;
  readonly ranges: readonly Range[];
  readonly widest: readonly Range[];
  taken: boolean;
}

/** Candidates that have been chosen, and what that does to memory and link. */
class Choice {
  readonly #draft: Draft;
  readonly #starts: Float64Array;
  /** The best first. */
  readonly #options: readonly Option[];
  readonly #chosen: Candidate[] = [];
  /** Milliseconds of chosen copies, by the position after which they leave and for which they come back. */
  readonly #out: Sums;
  readonly #in: Sums;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#starts = startsOf(draft.trace);
    const length = draft.trace.ops.length;
    this.#out = new Sums(length + 1);
    this.#in = new Sums(2 * length + 1);
    this.#options = [...draft.candidates]
      .sort((a, b) => b.score - a.score)
      .map((candidate) => ({
        candidate,
        ranges: awayRanges(candidate, this.#starts, draft.bandwidth),
        widest: awayRanges(candidate, this.#starts, INSTANT),
        taken: false,
      }));
  }

  /** Chooses until `excess`, which is charged with what is chosen, is nowhere above 0. False if nothing was found. */
  relieve(excess: Float64Array): boolean {
    const before = this.#chosen.length;
    const hopeless = new Uint8Array(excess.length);
    for (;;) {
      let worst = -1;
      for (let i = 0; i < excess.length; i++) {
        if (excess[i] > 0 && !hopeless[i] && (worst < 0 || excess[i] > excess[worst])) worst = i;
      }
      if (worst < 0) return this.#chosen.length > before;
      this.#relieveAt(worst, excess);
      hopeless[worst] = 1;
    }
  }

  /** Moves of what is chosen, fetched when needed. */
  moves(): Move[] {
    return this.#chosen.map((candidate) => ({ ...candidate, prefetch: candidate.back }));
  }

  /** Chooses for one op: what the link has time for, else what is away then at all, else what it would wait for. */
  #relieveAt(position: number, excess: Float64Array): void {
    const late: Option[] = [];
    const waiting: Option[] = [];
    for (const option of this.#options) {
      if (excess[position] <= 0) return;
      if (option.taken) continue;
      if (!covers(option.ranges, position)) {
        if (covers(option.widest, position)) waiting.push(option);
      } else if (this.#hasTime(option.candidate, position)) {
        this.#take(option, option.ranges, excess);
      } else {
        late.push(option);
      }
    }
    for (const option of late) if (excess[position] > 0) this.#take(option, option.ranges, excess);
    for (const option of waiting) if (excess[position] > 0) this.#take(option, option.widest, excess);
  }

  #take(option: Option, ranges: readonly Range[], excess: Float64Array): void {
    const { candidate } = option;
    const { bandwidth } = this.#draft;
    option.taken = true;
    this.#chosen.push(candidate);
    for (const [from, to] of ranges) for (let i = from; i <= to; i++) excess[i] -= candidate.bytes;
    this.#out.add(candidate.out + 1, copyMs(candidate.bytes, "out", bandwidth));
    if (candidate.back !== Infinity) this.#in.add(candidate.back, copyMs(candidate.bytes, "in", bandwidth));
  }

  /** Whether both copies fit beside those that are chosen: out before `position`, in after it. */
  #hasTime({ bytes, out, back }: Candidate, position: number): boolean {
    const { bandwidth, trace } = this.#draft;
    const length = trace.ops.length;
    const at = out < position ? position : position + length;
    const time = (from: number, to: number) => startOf(this.#starts, to) - startOf(this.#starts, from);
    const leaving = this.#out.between(out + 1, Math.min(at, length)) + copyMs(bytes, "out", bandwidth);
    if (leaving > time(out + 1, at)) return false;
    if (back === Infinity) return true;
    const returning = this.#in.between(at + 1, back) + copyMs(bytes, "in", bandwidth);
    return returning <= time(Math.min(at + 1, back), back);
  }
}

/** Sums of numbers at positions, over any range in logarithmic time (Fenwick, 1994). */
class Sums {
  readonly #tree: Float64Array;

  constructor(length: number) {
    this.#tree = new Float64Array(length + 1);
  }

  add(position: number, value: number): void {
    for (let i = position + 1; i < this.#tree.length; i += i & -i) this.#tree[i] += value;
  }

  /** From `from` to `to`, both within. */
  between(from: number, to: number): number {
    return from > to ? 0 : this.#before(to + 1) - this.#before(from);
  }

  #before(position: number): number {
    let sum = 0;
    for (let i = Math.min(position, this.#tree.length - 1); i > 0; i -= i & -i) sum += this.#tree[i];
    return sum;
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
