/**
 * A transport whose copies end when a test says so, in any order. The bytes move either when the copy starts or when it
 * ends, as a real one may read and write at any time in between.
 *
 * @module
 */
import type { Backend } from "../../lib/device/backend.ts";
import type { Place } from "../../lib/device/far.ts";
import type { Block, Pool } from "../../lib/device/pool.ts";
import { type Copy, type Direction, InlineTransport, type Transport } from "../../lib/device/transport.ts";

/** Copies that end on command. */
export class LateTransport implements Transport {
  /** The copies that have not ended. */
  readonly pending: LateCopy[] = [];
  readonly #inline: InlineTransport;
  readonly #isEager: () => boolean;

  /** `isEager` says of each copy whether its bytes move when it starts. */
  constructor(backend: Backend, isEager: () => boolean = () => false) {
    this.#inline = new InlineTransport(backend);
    this.#isEager = isEager;
  }

  start(direction: Direction, device: Block, far: Place, bytes: number): Copy {
    const copy = new LateCopy(
      this,
      direction,
      far,
      () => this.#inline.start(direction, device, far, bytes),
    );
    this.pending.push(copy);
    if (this.#isEager()) copy.move();
    return copy;
  }

  /** Ends a copy. */
  end(copy: LateCopy): void {
    this.pending.splice(this.pending.indexOf(copy), 1);
    copy.move();
  }

  /** Ends a copy to or from a file with a failure. */
  fail(copy: LateCopy, failure: string): void {
    copy.failure = failure;
    this.end(copy);
  }
}

/** A copy that ends on command. */
class LateCopy implements Copy {
  readonly direction: Direction;
  /** Whether it is to a file or from one. */
  readonly isOfFile: boolean;
  failure: string | null = null;
  readonly #transport: LateTransport;
  readonly #start: () => Copy;
  #moved = false;

  constructor(transport: LateTransport, direction: Direction, far: Place, start: () => Copy) {
    this.#transport = transport;
    this.direction = direction;
    this.isOfFile = far.disk !== null;
    this.#start = start;
  }

  /** Moves the bytes, if they have not, and are to arrive. */
  move(): void {
    if (!this.#moved && this.failure === null) this.failure = this.#start().failure;
    this.#moved = true;
  }

  get isFinished(): boolean {
    return !this.#transport.pending.includes(this);
  }

  get finishedMs(): number {
    return performance.now();
  }

  wait(): void {
    if (!this.isFinished) this.#transport.end(this);
  }
}

/** Overwrites every block that is given back to `pool`, so that whoever reads it afterwards is found out. */
export function poison(pool: Pick<Pool, "free">, { write }: Pick<Backend, "write">): void {
  const free = pool.free.bind(pool);
  pool.free = (block) => {
    const { segment: { address }, offset, bytes } = block;
    free(block); // marks it as doomed only, where a copy touches it
    if (!block.doomed) write(address, offset, new Uint8Array(bytes).fill(0xa5));
  };
}
