/**
 * What carries the bytes of a copy between a device's block and a block of host memory. The copy engine decides what is
 * copied and what it means; a transport only starts copies and knows which are finished.
 *
 * @module
 */
import { memoryAt } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import type { Block } from "./pool.ts";

/** Which way bytes go: from the device to the host, or back. */
export type Direction = "out" | "in";

/** Starts copies, and knows which are finished. */
export interface Transport {
  /** Starts copying `bytes` bytes between a device's block and a host block. Returns the copy's number. */
  start(direction: Direction, device: Block, host: Block, bytes: number): number;
  /** Whether copy `number` is finished. */
  isFinished(number: number): boolean;
  /** Blocks this thread until copy `number` is finished. */
  wait(number: number): void;
}

/** Copies at once, on this thread: every copy is finished when it was started. */
export class InlineTransport implements Transport {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  start(direction: Direction, device: Block, host: Block, bytes: number): number {
    const there = new Uint8Array(memoryAt(host.segment.address + host.offset, bytes));
    const { segment: { address }, offset } = device;
    if (direction === "out") this.#backend.read(address, offset, there);
    else this.#backend.write(address, offset, there);
    return 0;
  }

  isFinished(): boolean {
    return true;
  }

  wait(): void {}
}
