/**
 * Copies by streams: one out, one in, so that both directions go on at once and beside what is computed. An event is the
 * ticket of each copy. A copy begins when what was submitted to the compute stream before it is done: the block that it
 * reads may still be written, the one that it fills may still be read.
 *
 * @module
 */
import { type Address, addressOf, type CudaDriver } from "../../ort/mod.ts";
import type { Place } from "../far.ts";
import type { Block } from "../pool.ts";
import type { Copy, Direction, Transport } from "../transport.ts";

/** Copies between a device of CUDA and host memory that is pinned, or a file by way of such memory. */
export class StreamTransport implements Transport {
  readonly #driver: CudaDriver;
  readonly #compute: Address;
  readonly #streams: Record<Direction, Address>;
  /** Events that mark nothing any more. */
  readonly #events: Address[] = [];

  /** `compute` is the stream that everything is computed on. */
  constructor(driver: CudaDriver, compute: Address) {
    this.#driver = driver;
    this.#compute = compute;
    this.#streams = { out: driver.stream(), in: driver.stream() };
  }

  start(direction: Direction, device: Block, { disk, block }: Place, bytes: number): Copy {
    const address = device.segment.address + device.offset;
    if (disk === null) {
      return this.#copy(direction, address, block.segment.address + block.offset, bytes);
    }
    const buffer = new Uint8Array(new ArrayBuffer(bytes));
    const move = () => this.#copy(direction, address, addressOf(buffer), bytes);
    const file = () => disk.start(direction, addressOf(buffer), block.offset, bytes);
    return direction === "out" ? new TwoCopies(move(), file, buffer) : new TwoCopies(file(), move, buffer);
  }

  #copy(direction: Direction, device: Address, host: Address, bytes: number): Copy {
    const driver = this.#driver;
    const stream = this.#streams[direction];
    const event = this.#events.pop() ?? driver.event();
    driver.record(event, this.#compute);
    driver.waitFor(event, stream);
    if (direction === "out") driver.copy(host, device, bytes, stream);
    else driver.copy(device, host, bytes, stream);
    driver.record(event, stream);
    return new StreamCopy(driver, event, () => this.#events.push(event));
  }
}

/** A copy on a stream. */
class StreamCopy implements Copy {
  readonly failure = null;
  readonly #driver: CudaDriver;
  readonly #event: Address;
  readonly #release: () => void;
  #finishedMs: number | undefined;

  constructor(driver: CudaDriver, event: Address, release: () => void) {
    this.#driver = driver;
    this.#event = event;
    this.#release = release;
  }

  get isFinished(): boolean {
    if (this.#finishedMs === undefined && this.#driver.isDone(this.#event)) this.#finish();
    return this.#finishedMs !== undefined;
  }

  get finishedMs(): number {
    return this.#finishedMs ?? performance.now();
  }

  wait(): void {
    if (this.#finishedMs !== undefined) return;
    this.#driver.wait(this.#event);
    this.#finish();
  }

  #finish(): void {
    this.#finishedMs = performance.now();
    this.#release();
  }
}

/** A copy and, when it is finished, another; the second one begins when somebody looks. */
class TwoCopies implements Copy {
  #current: Copy;
  #next: (() => Copy) | null;
  /** Memory by way of which the bytes go: out of the garbage collector's reach as long as the copy is known. */
  readonly through: Uint8Array;

  constructor(first: Copy, next: () => Copy, through: Uint8Array) {
    this.#current = first;
    this.#next = next;
    this.through = through;
  }

  get isFinished(): boolean {
    this.#goOn();
    return this.#next === null && this.#current.isFinished;
  }

  get finishedMs(): number {
    return this.#current.finishedMs;
  }

  get failure(): string | null {
    return this.#current.failure;
  }

  wait(): void {
    this.#current.wait();
    this.#goOn();
    this.#current.wait();
  }

  #goOn(): void {
    if (this.#next === null || !this.#current.isFinished) return;
    // What could not be read from a file is not brought to the device.
    if (this.#current.failure === null) this.#current = this.#next();
    this.#next = null;
  }
}
