/**
 * Free blocks of a pool, in bins by size: four bins to each power of two, so that the best fit is found by looking at
 * few blocks.
 *
 * @module
 */
import type { Block } from "./pool.ts";

/** A block that only this much larger than asked for is close enough where blocks cannot be split. */
const SLACK = 1.125;

/** Bin of a size: its power of two and the next two bits. */
function binOf(bytes: number): number {
  const power = Math.floor(Math.log2(bytes));
  return power * 4 + Math.floor((bytes / 2 ** power - 1) * 4);
}

/** Free blocks, found by size. */
export class FreeList {
  readonly #bins: Block[][] = [];

  /** Adds a block. */
  add(block: Block): void {
    (this.#bins[binOf(block.bytes)] ??= []).push(block);
  }

  /** Takes a block out. */
  remove(block: Block): void {
    const bin = this.#bins[binOf(block.bytes)];
    bin[bin.indexOf(block)] = bin[bin.length - 1];
    bin.pop();
  }

  /** Takes out the smallest block of at least `bytes` bytes. */
  takeBest(bytes: number): Block | null {
    for (let index = binOf(bytes); index < this.#bins.length; index++) {
      const bin = this.#bins[index];
      if (bin === undefined || bin.length === 0) continue;
      let best: Block | null = null;
      for (const block of bin) {
        if (block.bytes >= bytes && (best === null || block.bytes < best.bytes)) best = block;
      }
      if (best !== null) {
        this.remove(best);
        return best;
      }
    }
    return null;
  }

  /** Takes out the smallest block of at least `bytes` bytes if it is not much larger. */
  takeClose(bytes: number): Block | null {
    const best = this.takeBest(bytes);
    if (best === null || best.bytes <= bytes * SLACK) return best;
    this.add(best);
    return null;
  }

  /** Size of the largest block, 0 if there is none. */
  largest(): number {
    const bin = this.#bins.findLast((blocks) => blocks !== undefined && blocks.length > 0);
    return bin === undefined ? 0 : Math.max(...bin.map((block) => block.bytes));
  }

  /** All blocks. */
  *[Symbol.iterator](): Iterator<Block> {
    for (const bin of this.#bins) if (bin) yield* bin;
  }
}
