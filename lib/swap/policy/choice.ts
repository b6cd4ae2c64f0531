/**
 * The greedy search behind `fit`: which candidates leave so that no op needs more than it may. What is chosen is charged
 * at once, to memory and to the link.
 *
 * Nothing here depends on the budget but when it stops. So with more budget it chooses the same candidates in the same
 * order, only fewer of them.
 *
 * @module
 */
import type { Bandwidth, Candidate } from "../plan.ts";
import { durations, type Trace } from "../trace.ts";
import { Heights } from "./heights.ts";
import { Lane } from "./lane.ts";
import { copyMs, lastAway, needOf, withinStep } from "./need.ts";

/** Sinks an op that nothing relieves below all others; sums of bytes stay exact beside it. */
const HOPELESS = 2 ** 52;

/** A position beyond all. */
const NEVER = 0x7fffffff;

/** A candidate that was chosen, and why. */
export interface Chosen {
  readonly candidate: Candidate;
  /** The op that needed most when it was chosen. */
  readonly at: number;
  /** Whether the link has time for its copies while ops run; else the step waits for them. */
  readonly isTimely: boolean;
}

/** Chooses candidates. */
export class Choice {
  /** What was chosen, in order. */
  readonly chosen: Chosen[] = [];
  /** Storages for which the far side had no room at some time. */
  readonly refused = new Set<number>();
  readonly #length: number;
  /** Not chosen yet, the best first. */
  readonly #left: Candidate[];
  /** Of each of them: how long its copies take, when it can be gone, both positions within. */
  readonly #outMs: Float64Array;
  readonly #inMs: Float64Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** The ops, both within, before and after which the link may have time for its copies: fewer and fewer. */
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  readonly #isTaken: Uint8Array;
  /** Those left, and those of them for which the link may have time: the best first. */
  #open: Int32Array;
  #timely: Int32Array;
  /** How many are in these lists that should not be. */
  readonly #stale = { open: 0, timely: 0 };
  /** How far the lists have been searched for which op. */
  #cursor = { worst: -1, timely: 0, open: 0 };
  /** Bytes on the device by position, without what is chosen. */
  readonly #resident: Heights;
  readonly #lanes: { out: Lane; in: Lane };
  /** Bytes away by position, and how many there may be. */
  readonly #away: Heights;
  readonly #farBytes: number;

  /** `moved` leave in any case; at most `farBytes` bytes are away at once. */
  constructor(
    trace: Trace,
    candidates: readonly Candidate[],
    moved: readonly Candidate[],
    bandwidth: Bandwidth,
    farBytes = Infinity,
  ) {
    this.#farBytes = farBytes;
    this.#away = new Heights(new Float64Array(trace.ops.length));
    this.#length = trace.ops.length;
    const left = this.#left = [...candidates].sort((a, b) => b.score - a.score || a.out - b.out);
    this.#outMs = Float64Array.from(left, ({ bytes }) => copyMs(bytes, "out", bandwidth));
    this.#inMs = Float64Array.from(
      left,
      ({ back, bytes }) => back === Infinity ? 0 : copyMs(bytes, "in", bandwidth),
    );
    this.#first = Int32Array.from(left, ({ out }) => out + 1);
    this.#last = Int32Array.from(left, lastAway);
    this.#low = this.#first.slice();
    this.#high = this.#last.slice();
    this.#isTaken = new Uint8Array(left.length);
    this.#open = Int32Array.from(left, (_, i) => i);
    this.#timely = this.#open;
    this.#resident = new Heights(needOf(trace));
    const ms = durations(trace);
    this.#lanes = { out: new Lane(ms), in: new Lane(ms) };
    for (const { out, back, until, bytes } of moved) {
      const [from, to] = [out + 1, lastAway({ back, until })];
      this.#lanes.out.takeFirst(from, to, copyMs(bytes, "out", bandwidth));
      if (back !== Infinity) this.#lanes.in.takeLast(from, to, copyMs(bytes, "in", bandwidth));
      this.#sink(from, to, bytes);
      this.#send(from, to, bytes);
    }
  }

  /** Chooses until no op needs more than `budgetBytes`, except where nothing helps. False if nothing was chosen. */
  relieve(budgetBytes: number): boolean {
    const before = this.chosen.length;
    while (this.#resident.most > budgetBytes) {
      const worst = this.#resident.highest();
      if (!this.#chooseFor(worst)) this.#resident.add(worst, worst, -HOPELESS);
    }
    return this.chosen.length > before;
  }

  /** Chooses the best candidate that is gone while op `worst` runs: of those that the link has time for, or of all. */
  #chooseFor(worst: number): boolean {
    this.#turnTo(worst);
    const [timely, low, high] = [this.#timely, this.#low, this.#high];
    for (; this.#cursor.timely < timely.length; this.#cursor.timely++) {
      const i = timely[this.#cursor.timely];
      const at = worst >= low[i] ? worst : worst + this.#length;
      if (at > high[i] || at < low[i] || !this.#hasTime(i, at) || !this.#hasRoom(i)) continue;
      this.#take(i, worst, true);
      return true;
    }
    const [open, first, last] = [this.#open, this.#first, this.#last];
    for (; this.#cursor.open < open.length; this.#cursor.open++) {
      const i = open[this.#cursor.open];
      const at = worst >= first[i] ? worst : worst + this.#length;
      if (at > last[i] || at < first[i] || this.#isTaken[i] === 1 || !this.#hasRoom(i)) continue;
      this.#take(i, worst, false);
      return true;
    }
    return false;
  }

  /** Whether the copy out of candidate `i` can end before op `at`, and that back begin after it. */
  #hasTime(i: number, at: number): boolean {
    const [first, last] = [this.#first[i], this.#last[i]];
    // Time only gets less: what is missing once is missing ever after, for earlier ops and for later ones.
    if (!this.#lanes.out.fits(first, at - 1, this.#outMs[i])) {
      this.#low[i] = this.#lanes.out.fits(first, last - 1, this.#outMs[i]) ? at + 1 : NEVER;
    } else if (!this.#lanes.in.fits(at + 1, last, this.#inMs[i])) {
      this.#high[i] = this.#lanes.in.fits(first + 1, last, this.#inMs[i]) ? at - 1 : -1;
    } else {
      return true;
    }
    if (this.#low[i] > this.#high[i]) this.#stale.timely++;
    return false;
  }

  /** Whether the far side has room for candidate `i` as long as it is away. */
  #hasRoom(i: number): boolean {
    if (this.#farBytes === Infinity) return true;
    const { storage, bytes } = this.#left[i];
    const isFull = withinStep(this.#first[i], this.#last[i], this.#length)
      .some(([from, to]) => this.#away.lastAbove(from, to, this.#farBytes - bytes) >= 0);
    if (isFull) this.refused.add(storage);
    return !isFull;
  }

  /** Looks at the lists from the beginning for another op; makes them short when they have become long for nothing. */
  #turnTo(worst: number): void {
    // For the same op what was passed over need not be looked at again.
    if (worst === this.#cursor.worst) return;
    this.#cursor = { worst, timely: 0, open: 0 };
    if (this.#stale.open > this.#open.length / 8) {
      this.#open = this.#open.filter((i) => this.#isTaken[i] === 0);
      this.#stale.open = 0;
    }
    if (this.#stale.timely > this.#timely.length / 8) {
      this.#timely = this.#timely.filter((i) => this.#low[i] <= this.#high[i]);
      this.#stale.timely = 0;
    }
  }

  #take(i: number, worst: number, isTimely: boolean): void {
    this.#isTaken[i] = 1;
    this.#low[i] = NEVER;
    this.#stale.open++;
    this.#stale.timely++;
    const candidate = this.#left[i];
    const [first, last] = [this.#first[i], this.#last[i]];
    const left = this.#lanes.out.takeFirst(first, last, this.#outMs[i]) + 1;
    const comes = this.#lanes.in.takeLast(first, last, this.#inMs[i]);
    // Where the link has no time ops wait, and it is gone from the first of them to the last.
    if (isTimely) this.#sink(left, comes - 1, candidate.bytes);
    else this.#sink(first, last, candidate.bytes);
    this.#send(first, last, candidate.bytes);
    this.chosen.push({ candidate, at: worst, isTimely });
  }

  /** Counts bytes as away while they are on the link too. */
  #send(from: number, to: number, bytes: number): void {
    if (this.#farBytes === Infinity) return;
    for (const [low, high] of withinStep(from, to, this.#length)) this.#away.add(low, high, bytes);
  }

  #sink(from: number, to: number, bytes: number): void {
    for (const [low, high] of withinStep(from, to, this.#length)) this.#resident.add(low, high, -bytes);
  }
}
