/**
 * Copies on a thread of their own, in the order asked for, while this thread computes: between host addresses, and
 * between an address and a file. There is one such thread for the memory of all CPU devices and one for all files, so
 * that what goes to memory does not wait for a disk. A thread starts with the first copy and does not keep the process
 * alive.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { type Address, addressOf } from "../ort/mod.ts";
import { copyLoop, RING, TASK } from "./copy_loop.ts";
import type { Place } from "./far.ts";
import type { Block } from "./pool.ts";
import type { Copy, Direction, Transport } from "./transport.ts";

const [ASKED, FINISHED] = [0, 1];

/** A thread that copies, and the ring that feeds it. Tasks have numbers, which wrap around. */
export class CopyThread {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #entries: BigUint64Array<SharedArrayBuffer>;
  readonly #texts: Uint8Array<SharedArrayBuffer>;
  /** What failed tasks said whose slots are in use again, by number. */
  readonly #failures = new Map<number, string>();
  #files = 0;

  /** Starts the thread (about 50 ms, once). */
  constructor() {
    const { slots, header, numbers, text } = RING;
    const bytes = slots * numbers * 8;
    const ring = new SharedArrayBuffer(header + bytes + slots * text);
    this.#control = new Int32Array(ring, 0, 2);
    this.#entries = new BigUint64Array(ring, header, slots * numbers);
    this.#texts = new Uint8Array(ring, header + bytes);
    // Of Deno's two kinds of worker this is the one that can be left behind at the end (`unref`).
    const code = `(${copyLoop})(require("node:worker_threads").workerData, ${JSON.stringify(RING)}, ` +
      `require("node:fs"))`;
    new Worker(code, { eval: true, workerData: ring }).unref();
  }

  /** Starts a copy between addresses; returns its number. */
  copy(from: Address, to: Address, bytes: number): number {
    return this.#ask(TASK.copy, 0, from, to, bytes);
  }

  /** Starts to write memory to a file, from byte `position` on; returns the number. */
  write(file: number, from: Address, position: number, bytes: number): number {
    return this.#ask(TASK.write, file, from, position, bytes);
  }

  /** Starts to read memory from a file, from byte `position` on; returns the number. */
  read(file: number, position: number, to: Address, bytes: number): number {
    return this.#ask(TASK.read, file, position, to, bytes);
  }

  /**
   * Makes a file at `path`, where there must be none, and takes its name away again: it lives until {@link close}, or
   * the end of the process. Returns the file's number.
   *
   * @throws {Error} with what the system said.
   */
  open(path: string): number {
    const text = new TextEncoder().encode(path);
    const file = ++this.#files;
    const number = this.#ask(TASK.open, file, addressOf(new Uint8Array(text.buffer)), 0, text.length);
    this.wait(number);
    const said = this.failure(number);
    if (said !== null) throw new Error(said);
    return file;
  }

  /** Forgets what is in a file, after what was asked for before. */
  truncate(file: number): void {
    this.#ask(TASK.truncate, file, 0, 0, 0);
  }

  /** Ends a file, after what was asked for before. */
  close(file: number): void {
    this.#ask(TASK.close, file, 0, 0, 0);
  }

  /** Whether task `number` is finished. */
  isFinished(number: number): boolean {
    // Counters wrap around; the difference does not.
    return ((Atomics.load(this.#control, FINISHED) - number) | 0) > 0;
  }

  /** Blocks this thread until task `number` is finished. */
  wait(number: number): void {
    for (;;) {
      const finished = Atomics.load(this.#control, FINISHED);
      if (((finished - number) | 0) > 0) return;
      Atomics.wait(this.#control, FINISHED, finished);
    }
  }

  /** When task `number` was finished, in milliseconds of `performance.now()`; at the latest now, where its slot is in use again. */
  finishedMs(number: number): number {
    const now = performance.now();
    if (!this.#hasSlot(number)) return now;
    const place = RING.numbers * (number & (RING.slots - 1)) + 1;
    return Math.min(now, Number(this.#entries[place]) / 1000 - performance.timeOrigin);
  }

  /** Why task `number`, which is finished, failed; null: it did not. To be asked once. */
  failure(number: number): string | null {
    if (this.#hasSlot(number)) this.#note(number);
    const said = this.#failures.get(number) ?? null;
    this.#failures.delete(number);
    return said;
  }

  #ask(...slot: [task: number, file: number, from: number, to: number, bytes: number]): number {
    const number = Atomics.load(this.#control, ASKED);
    const former = (number - RING.slots) | 0; // in the same place of the ring
    this.wait(former);
    this.#note(former);
    const entry = RING.numbers * (number & (RING.slots - 1));
    slot.forEach((value, i) => this.#entries[entry + i] = BigInt(value));
    Atomics.store(this.#control, ASKED, (number + 1) | 0);
    Atomics.notify(this.#control, ASKED);
    return number;
  }

  /** Whether no later task is in the slot of task `number`. */
  #hasSlot(number: number): boolean {
    return ((Atomics.load(this.#control, ASKED) - number) | 0) <= RING.slots;
  }

  /** Takes over what a finished task says in its slot. */
  #note(number: number): void {
    const slot = number & (RING.slots - 1);
    const length = Number(this.#entries[slot * RING.numbers]);
    if (length === 0) return;
    const text = this.#texts.slice(slot * RING.text, slot * RING.text + length);
    this.#failures.set(number, new TextDecoder().decode(text));
    this.#entries[slot * RING.numbers] = 0n;
  }
}

/** A task of a thread as a copy. */
export class ThreadCopy implements Copy {
  readonly #thread: CopyThread;
  readonly #number: number;
  #failure: string | null | undefined;

  /** Task `number` of `thread`. */
  constructor(thread: CopyThread, number: number) {
    this.#thread = thread;
    this.#number = number;
  }

  get isFinished(): boolean {
    return this.#thread.isFinished(this.#number);
  }

  get finishedMs(): number {
    return this.#thread.finishedMs(this.#number);
  }

  get failure(): string | null {
    return this.#failure === undefined ? this.#failure = this.#thread.failure(this.#number) : this.#failure;
  }

  wait(): void {
    this.#thread.wait(this.#number);
  }
}

/** Copies of a CPU device, on the threads. */
export class ThreadTransport implements Transport {
  start(direction: Direction, device: Block, far: Place, bytes: number): Copy {
    const here = device.segment.address + device.offset;
    if (far.disk !== null) return far.disk.start(direction, here, far.block.offset, bytes);
    const there = far.block.segment.address + far.block.offset;
    const [from, to] = direction === "out" ? [here, there] : [there, here];
    const thread = copyThread();
    return new ThreadCopy(thread, thread.copy(from, to, bytes));
  }
}

let forMemory: CopyThread | undefined;
let forFiles: CopyThread | undefined;

/** The one thread of this process that copies within memory. */
export function copyThread(): CopyThread {
  return forMemory ??= new CopyThread();
}

/** The one thread of this process that copies to files and from them. */
export function fileThread(): CopyThread {
  return forFiles ??= new CopyThread();
}
