/**
 * One direction of the link between device and far side: how much of its time during each op of a step is not taken yet.
 * A step follows on a like one, so a copy that begins at the end of one goes on at the beginning of the next.
 *
 * @module
 */

/** Milliseconds below which a copy counts as done: rounding of sums. */
const DUST = 1e-9;

/** The time of one direction of a link. Positions are those of ops; those of the next step are counted on. */
export class Lane {
  readonly #length: number;
  /** Milliseconds left during each op. */
  readonly #free: Float64Array;
  /** The same as a Fenwick tree of partial sums. */
  readonly #sums: Float64Array;
  /** Where to look for time from a position on: itself, or beyond positions that have none left. */
  readonly #after: Int32Array;
  readonly #before: Int32Array;

  /** `durations` are milliseconds by position. */
  constructor(durations: ArrayLike<number>) {
    const length = this.#length = durations.length;
    this.#free = Float64Array.from(durations);
    this.#sums = new Float64Array(length + 1);
    for (let i = 1; i <= length; i++) {
      this.#sums[i] += durations[i - 1];
      const parent = i + (i & -i);
      if (parent <= length) this.#sums[parent] += this.#sums[i];
    }
    this.#after = Int32Array.from({ length: length + 1 }, (_, i) => i);
    this.#before = Int32Array.from({ length: length + 1 }, (_, i) => i);
  }

  /** Milliseconds left from position `from` to `to`, both within. */
  left(from: number, to: number): number {
    if (to < from) return 0;
    return this.#upTo(to + 1) - this.#upTo(from);
  }

  /** Whether a copy of `ms` milliseconds fits between two positions, both within. */
  fits(from: number, to: number, ms: number): boolean {
    return this.left(from, to) + DUST >= ms;
  }

  /**
   * Takes `ms` milliseconds, or as many as there are, as early as possible.
   *
   * @returns the position during which the copy ends; `from - 1` for one that takes no time.
   */
  takeFirst(from: number, to: number, ms: number): number {
    let last = from - 1;
    let position = from;
    while (ms > DUST && position <= to) {
      const place = position % this.#length;
      const free = this.#find(this.#after, place, 1);
      position += free - place;
      if (free === this.#length || position > to) continue;
      ms -= this.#take(free, ms);
      last = position++;
    }
    return last;
  }

  /**
   * Takes `ms` milliseconds, or as many as there are, as late as possible.
   *
   * @returns the position during which the copy begins; `to + 1` for one that takes no time.
   */
  takeLast(from: number, to: number, ms: number): number {
    let first = to + 1;
    let position = to;
    while (ms > DUST && position >= from) {
      const place = position % this.#length;
      // Counted from 1, so that 0 is the end.
      const free = this.#find(this.#before, place + 1, -1) - 1;
      position -= place - free;
      if (free < 0 || position < from) continue;
      ms -= this.#take(free, ms);
      first = position--;
    }
    return first;
  }

  #take(place: number, wanted: number): number {
    const ms = Math.min(wanted, this.#free[place]);
    this.#free[place] -= ms;
    if (this.#free[place] <= DUST) {
      this.#after[place] = place + 1;
      this.#before[place + 1] = place;
    }
    for (let i = place + 1; i <= this.#length; i += i & -i) this.#sums[i] -= ms;
    return ms;
  }

  /** Follows a chain to its end, and shortens it. */
  #find(chain: Int32Array, place: number, direction: 1 | -1): number {
    const end = direction > 0 ? this.#length : 0;
    while (place !== end && chain[place] !== place) {
      chain[place] = chain[chain[place]];
      place = chain[place];
    }
    return place;
  }

  /** Milliseconds left before a position. */
  #upTo(position: number): number {
    let ms = 0;
    if (position >= this.#length) {
      for (let i = this.#length; i > 0; i -= i & -i) ms += this.#sums[i];
      position -= this.#length;
    }
    for (let i = Math.min(position, this.#length); i > 0; i -= i & -i) ms += this.#sums[i];
    return ms;
  }
}
