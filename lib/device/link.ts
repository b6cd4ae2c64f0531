/**
 * A link of a stated speed between a device and the host, so that a slow bus can be studied on any machine: a copy is
 * not finished before such a link would have carried it. Each direction is a lane of its own, as on PCI Express, and
 * carries one copy after the other.
 *
 * @module
 */
import type { Direction } from "./transport.ts";

/** A link's speed, the same in both directions. */
export interface LinkOptions {
  /** Bytes that pass in a second. */
  bytesPerSecond: number;
  /** Milliseconds from a copy's last byte sent to its arrival; default 0. */
  latencyMs?: number;
}

/** Says when copies would be finished. */
export class Link {
  readonly #bytesPerMs: number;
  readonly #latencyMs: number;
  readonly #freeAtMs: Record<Direction, number> = { out: 0, in: 0 };

  /** Throws a sentence when the speed is no speed. */
  constructor({ bytesPerSecond, latencyMs = 0 }: LinkOptions) {
    if (!(bytesPerSecond > 0) || !(latencyMs >= 0 && latencyMs < Infinity)) {
      throw new RangeError(
        `link: expected bytesPerSecond above 0 and latencyMs of at least 0 but found ${bytesPerSecond} and ${latencyMs}`,
      );
    }
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#latencyMs = latencyMs;
  }

  /** Puts a copy of `bytes` bytes on the link now; when it will have arrived, in milliseconds of `performance.now()`. */
  send(direction: Direction, bytes: number): number {
    const start = Math.max(performance.now(), this.#freeAtMs[direction]);
    this.#freeAtMs[direction] = start + bytes / this.#bytesPerMs;
    return this.#freeAtMs[direction] + this.#latencyMs;
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread until `ms` of `performance.now()`, to a few microseconds. */
export function blockUntil(ms: number): void {
  for (;;) {
    const left = ms - performance.now();
    if (left <= 0) return;
    // A wait wakes up late by a part of a millisecond: the rest is spun away.
    if (left > 1) Atomics.wait(nobody, 0, 0, left - 1);
  }
}
