/**
 * What carries the bytes of a copy between a device's block and a place on the far side. The copy engine decides what is
 * copied and what it means; a transport only starts copies and knows which are finished.
 *
 * @module
 */
import { addressOf, memoryAt } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import type { Place } from "./far.ts";
import type { Block } from "./pool.ts";

/** Which way bytes go: from the device to the far side, or back. */
export type Direction = "out" | "in";

/** A copy that was started. */
export interface Copy {
  /** Whether it is finished. */
  readonly isFinished: boolean;
  /** When it was finished, in milliseconds of `performance.now()`, as near as is known. */
  readonly finishedMs: number;
  /** Why it failed, in the system's words, when it is finished; null: it did not. */
  readonly failure: string | null;
  /** Blocks this thread until it is finished. */
  wait(): void;
}

/** Starts copies. */
export interface Transport {
  /** Starts copying `bytes` bytes between a device's block and a place on the far side. */
  start(direction: Direction, device: Block, far: Place, bytes: number): Copy;
}

/** Copies at once: every copy is finished when it was started. */
export class InlineTransport implements Transport {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  start(direction: Direction, device: Block, { disk, block }: Place, bytes: number): Copy {
    if (disk === null) {
      const there = memoryAt(block.segment.address + block.offset, bytes);
      this.#move(direction, device, new Uint8Array(there));
      return { isFinished: true, finishedMs: performance.now(), failure: null, wait() {} };
    }
    const buffer = new Uint8Array(new ArrayBuffer(bytes));
    if (direction === "out") this.#move(direction, device, buffer);
    const copy = disk.start(direction, addressOf(buffer), block.offset, bytes);
    copy.wait();
    if (direction === "in" && copy.failure === null) this.#move(direction, device, buffer);
    return copy;
  }

  #move(direction: Direction, { segment: { address }, offset }: Block, host: Uint8Array): void {
    if (direction === "out") this.#backend.read(address, offset, host);
    else this.#backend.write(address, offset, host);
  }
}
