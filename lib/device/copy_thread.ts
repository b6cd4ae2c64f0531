/**
 * Copies between host addresses on a thread of their own, in the order asked for, while this thread computes. There is
 * one such thread for all CPU devices, started with the first copy; it does not keep the process alive.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Address } from "../ort/mod.ts";
import { copyLoop, HEADER, SLOTS } from "./copy_loop.ts";
import type { Block } from "./pool.ts";
import type { Direction, Transport } from "./transport.ts";

const [ASKED, FINISHED] = [0, 1];

/** The thread as a transport. */
export class CopyThread implements Transport {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #entries: BigUint64Array<SharedArrayBuffer>;

  /** Starts the thread (about 50 ms, once). */
  constructor() {
    const ring = new SharedArrayBuffer(HEADER + SLOTS * 3 * 8);
    this.#control = new Int32Array(ring, 0, 2);
    this.#entries = new BigUint64Array(ring, HEADER);
    // Of Deno's two kinds of worker this is the one that can be left behind at the end (`unref`).
    const code = `(${copyLoop})(require("node:worker_threads").workerData, ${SLOTS}, ${HEADER})`;
    new Worker(code, { eval: true, workerData: ring }).unref();
  }

  start(direction: Direction, device: Block, host: Block, bytes: number): number {
    const [from, to] = direction === "out" ? [device, host] : [host, device];
    return this.copy(from.segment.address + from.offset, to.segment.address + to.offset, bytes);
  }

  /** Starts a copy between addresses; returns its number. */
  copy(from: Address, to: Address, bytes: number): number {
    const number = Atomics.load(this.#control, ASKED);
    this.wait((number - SLOTS) | 0); // until its slot is free
    const entry = 3 * (number & (SLOTS - 1));
    this.#entries[entry] = BigInt(from);
    this.#entries[entry + 1] = BigInt(to);
    this.#entries[entry + 2] = BigInt(bytes);
    Atomics.store(this.#control, ASKED, (number + 1) | 0);
    Atomics.notify(this.#control, ASKED);
    return number;
  }

  isFinished(number: number): boolean {
    // Counters wrap around; the difference does not.
    return ((Atomics.load(this.#control, FINISHED) - number) | 0) > 0;
  }

  wait(number: number): void {
    for (;;) {
      const finished = Atomics.load(this.#control, FINISHED);
      if (((finished - number) | 0) > 0) return;
      Atomics.wait(this.#control, FINISHED, finished);
    }
  }
}

let shared: CopyThread | undefined;

/** The one copying thread of this process. */
export function copyThread(): CopyThread {
  return shared ??= new CopyThread();
}
