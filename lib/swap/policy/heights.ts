/**
 * A row of heights of which whole ranges rise and sink while the highest stays known: a tree of maxima in which what is
 * added to a range waits at the ranges that make it up. Each call takes as many steps as the row's length has bits.
 *
 * @module
 */

/** Heights by position. */
export class Heights {
  readonly #size: number;
  /** Of each node: the greatest height below it, with all that was added to it and below. Leaves come last. */
  readonly #most: Float64Array;
  /** Of each inner node: what was added to all below it. */
  readonly #added: Float64Array;

  constructor(heights: ArrayLike<number>) {
    this.#size = 1;
    while (this.#size < heights.length) this.#size *= 2;
    this.#most = new Float64Array(2 * this.#size).fill(-Infinity);
    this.#most.set(heights, this.#size);
    this.#added = new Float64Array(this.#size);
    for (let node = this.#size - 1; node >= 1; node--) this.#renew(node);
  }

  /** The greatest height; -Infinity where there is none. */
  get most(): number {
    return this.#most[1];
  }

  /** The first position of the greatest height. */
  highest(): number {
    let node = 1;
    while (node < this.#size) node = 2 * node + (this.#most[2 * node] >= this.#most[2 * node + 1] ? 0 : 1);
    return node - this.#size;
  }

  /** The last position from `from` to `to`, both within, that is higher than `limit`; -1: none is. */
  lastAbove(from: number, to: number, limit: number): number {
    return from > to ? -1 : this.#lastAbove(1, 0, this.#size - 1, from, to, limit);
  }

  /** The same below a node of positions `low` to `high`; `limit` is lowered by what waits above the node. */
  #lastAbove(node: number, low: number, high: number, from: number, to: number, limit: number): number {
    if (high < from || low > to || this.#most[node] <= limit) return -1;
    if (low === high) return low;
    const below = limit - this.#added[node];
    const middle = (low + high) >> 1;
    const right = this.#lastAbove(2 * node + 1, middle + 1, high, from, to, below);
    return right >= 0 ? right : this.#lastAbove(2 * node, low, middle, from, to, below);
  }

  /** Adds `amount` at each position from `from` to `to`, both within. */
  add(from: number, to: number, amount: number): void {
    if (from > to) return;
    let [low, high] = [from + this.#size, to + this.#size + 1];
    while (low < high) {
      if (low & 1) this.#raise(low++, amount);
      if (high & 1) this.#raise(--high, amount);
      low >>= 1;
      high >>= 1;
    }
    for (let node = (from + this.#size) >> 1; node >= 1; node >>= 1) this.#renew(node);
    for (let node = (to + this.#size) >> 1; node >= 1; node >>= 1) this.#renew(node);
  }

  #raise(node: number, amount: number): void {
    this.#most[node] += amount;
    if (node < this.#size) this.#added[node] += amount;
  }

  #renew(node: number): void {
    const [left, right] = [this.#most[2 * node], this.#most[2 * node + 1]];
    this.#most[node] = (left > right ? left : right) + this.#added[node];
  }
}
