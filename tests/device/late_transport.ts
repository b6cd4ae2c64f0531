/**
 * A transport whose copies end when a test says so, in any order. The bytes move either when the copy starts or when it
 * ends, as a real one may read and write at any time in between.
 *
 * @module
 */
import type { Backend } from "../../lib/device/backend.ts";
import type { Block, Pool } from "../../lib/device/pool.ts";
import { type Direction, InlineTransport, type Transport } from "../../lib/device/transport.ts";

/** Copies that end on command. */
export class LateTransport implements Transport {
  /** Numbers of the copies that have not ended. */
  readonly pending: number[] = [];
  readonly #inline: InlineTransport;
  readonly #ends = new Map<number, () => void>();
  readonly #isEager: () => boolean;
  #count = 0;

  /** `isEager` says of each copy whether its bytes move when it starts. */
  constructor(backend: Backend, isEager: () => boolean = () => false) {
    this.#inline = new InlineTransport(backend);
    this.#isEager = isEager;
  }

  start(direction: Direction, device: Block, host: Block, bytes: number): number {
    const move = () => void this.#inline.start(direction, device, host, bytes);
    const number = ++this.#count;
    this.pending.push(number);
    if (this.#isEager()) move();
    else this.#ends.set(number, move);
    return number;
  }

  /** Ends copy `number`. */
  end(number: number): void {
    this.pending.splice(this.pending.indexOf(number), 1);
    this.#ends.get(number)?.();
    this.#ends.delete(number);
  }

  isFinished(number: number): boolean {
    return !this.pending.includes(number);
  }

  wait(number: number): void {
    if (!this.isFinished(number)) this.end(number);
  }
}

/** Overwrites every block that is given back to `pool`, so that whoever reads it afterwards is found out. */
export function poison(pool: Pool, backend: Backend): void {
  const free = pool.free.bind(pool);
  pool.free = (block) => {
    const { segment: { address }, offset, bytes } = block;
    free(block); // marks it as doomed only, where a copy touches it
    if (!block.doomed) backend.write(address, offset, new Uint8Array(bytes).fill(0xa5));
  };
}
