/**
 * A file for what finds no room in host memory. It is made in a directory and loses its name at once, so that the system
 * takes it back when the process ends, however that happens. (Windows, too, lets go of a name that is open as Deno opens
 * it; where a system does not, no file is made.) Its blocks are those of a pool whose one segment is the whole file: a
 * free block in front goes before a new one at the end.
 *
 * @module
 */
import { type Address, addressOf } from "../ort/mod.ts";
import { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
import { fileThread, ThreadCopy } from "./copy_thread.ts";
import type { FarBytes } from "./far.ts";
import { type Block, Pool } from "./pool.ts";
import type { Copy, Direction } from "./transport.ts";

/** Where a file for storages may be made, and how large it may grow. */
export interface DiskOptions {
  /** A directory; made where there is none. */
  directory: string;
  /** The longest that the file may be; default: what the disk has. */
  budget?: Bytes;
}

/** Blocks start at multiples of this: what the system keeps in memory of a file, and writes, are such pages. */
const PAGE = 4096;
/** The longest file. */
const LONGEST = 2 ** 50;
/** Milliseconds for which a disk that refused is left in peace. */
const PAUSE_MS = 1000;

/** Ends a file that nobody can reach any more. */
const collected = new FinalizationRegistry<number>((file) => fileThread().close(file));

/** The file, its blocks, and what became of attempts to use them. */
export class Disk {
  /** What the file was called, for errors. */
  readonly path: string;
  readonly #file: number;
  readonly #blocks: Pool;
  readonly #budgetBytes: number;
  /** How far blocks were given out since the file was empty, and ever. */
  #endBytes = 0;
  #peakBytes = 0;
  /** How far the file was written without failure. */
  #writtenBytes = 0;
  /** Until `#pausedUntilMs`, only blocks before this are given out. */
  #usableBytes = Infinity;
  #pausedUntilMs = 0;
  /** What the system last said of a write that failed, and why the last block wanted is not to be had. */
  #failure: string | null = null;
  #trouble: string | null = null;
  #retired = false;
  #closed = false;

  /** Makes the file. Throws a sentence where that is not possible. */
  constructor(options: string | DiskOptions) {
    const { directory, budget } = typeof options === "string" ? { directory: options } : options;
    this.#budgetBytes = budget === undefined ? Infinity : parseBytes(budget, "disk budget");
    this.path = `${directory.replace(/[\\/]+$/, "")}/ebb-${crypto.randomUUID()}.swap`;
    try {
      Deno.mkdirSync(directory, { recursive: true });
      this.#file = fileThread().open(this.path);
    } catch (error) {
      throw new Error(
        `disk: expected a directory that a file can be made in but found "${directory}": ${
          (error as Error).message
        }`,
      );
    }
    const longest = Math.min(this.#budgetBytes, LONGEST);
    this.#blocks = new Pool(
      { divisible: true, reserve: () => this.#file, release: () => this.#empty() },
      longest,
      [{ limit: Infinity, segment: longest }],
    );
    collected.register(this, this.#file, this);
  }

  /** Bytes in use. */
  get liveBytes(): number {
    return this.#blocks.liveBytes;
  }

  /** Why nothing more goes to the disk; null: there is no reason known. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** What lies in the file, how far it reaches, the farthest it has reached, and how far it may; null when it is gone. */
  memory(): FarBytes | null {
    if (this.#closed) return null;
    return {
      liveBytes: this.liveBytes,
      reservedBytes: this.#endBytes,
      peakBytes: this.#peakBytes,
      budgetBytes: this.#budgetBytes,
    };
  }

  /** A block of at least `bytes` bytes; null: there is no room, or the disk has just refused to take more. */
  allocate(bytes: number): Block | null {
    if (this.#retired) return null;
    const block = this.#blocks.allocate(Math.max(1, Math.ceil(bytes / PAGE)) * PAGE);
    if (block === null) {
      this.#trouble = `${this.#wanted("room for", bytes)} within a budget of ${
        formatBytes(this.#budgetBytes)
      } but found ${formatBytes(this.liveBytes)} in use`;
      return null;
    }
    const end = block.offset + block.bytes;
    if (performance.now() < this.#pausedUntilMs && end > this.#usableBytes) {
      this.#blocks.free(block);
      this.#trouble = this.#failure;
      return null;
    }
    this.#endBytes = Math.max(this.#endBytes, end);
    this.#peakBytes = Math.max(this.#peakBytes, end);
    return block;
  }

  /** Takes a block back, once no copy touches it any more. */
  free(block: Block): void {
    this.#blocks.free(block);
    this.#closeIfDone();
  }

  /** A copy that held the block is finished. */
  letGo(block: Block): void {
    this.#blocks.letGo(block);
    this.#closeIfDone();
  }

  /** Starts a copy between memory at `address` and the file at byte `position`. */
  start(direction: Direction, address: Address, position: number, bytes: number): Copy {
    const thread = fileThread();
    const number = direction === "out"
      ? thread.write(this.#file, address, position, bytes)
      : thread.read(this.#file, position, address, bytes);
    return new ThreadCopy(thread, number);
  }

  /** Copies bytes of a block, from `offset` on. Throws a sentence when the file cannot be read. */
  read(block: Block, offset: number, target: Uint8Array): void {
    const position = block.offset + offset;
    // To ask for the buffer moves the elements of a short array out of the garbage collector's reach.
    const { buffer, byteOffset, length } = target;
    const address = addressOf(new Uint8Array(buffer as ArrayBuffer, byteOffset, length));
    const copy = this.start("in", address, position, length);
    copy.wait();
    if (copy.failure !== null) throw this.#unreadable(position, length, copy.failure);
  }

  /**
   * Takes in how a copy ended.
   *
   * @returns the error to be told of, or null.
   */
  ended(direction: Direction, block: Block, bytes: number, failure: string | null): Error | null {
    if (direction === "in") {
      return failure === null ? null : this.#unreadable(block.offset, bytes, failure);
    }
    const end = block.offset + block.bytes;
    if (failure === null) {
      this.#writtenBytes = Math.max(this.#writtenBytes, end);
      this.#trouble = null;
      return null;
    }
    // A disk that is full still takes what goes over what is there. One that does not even do that is broken.
    const isPaused = performance.now() < this.#pausedUntilMs;
    const usable = end <= this.#writtenBytes ? 0 : this.#writtenBytes;
    this.#usableBytes = isPaused ? Math.min(usable, this.#usableBytes) : usable;
    this.#pausedUntilMs = performance.now() + PAUSE_MS;
    this.#failure = this.#trouble = `${this.#wanted("to write", bytes)} but found: ${failure}`;
    return new Error(this.#failure);
  }

  /** Gives back to the disk what is not in use, if nothing is. */
  trim(): void {
    if (!this.#closed) this.#blocks.trim();
  }

  /** Gives out no more blocks. The file ends with the last block in use. */
  retire(): void {
    this.#retired = true;
    this.#trouble = null;
    this.#closeIfDone();
  }

  #wanted(what: string, bytes: number): string {
    return `disk: expected ${what} ${formatBytes(bytes)} in ${this.path}`;
  }

  #unreadable(position: number, bytes: number, failure: string): Error {
    return new Error(
      `disk: expected to read ${bytes} bytes from byte ${position} on of ${this.path} but found: ${failure}`,
    );
  }

  #empty(): void {
    fileThread().truncate(this.#file);
    this.#endBytes = 0;
    this.#writtenBytes = 0;
  }

  #closeIfDone(): void {
    if (!this.#retired || this.#closed || this.liveBytes > 0) return;
    this.#closed = true;
    collected.unregister(this);
    fileThread().close(this.#file);
  }
}
