/**
 * A device: memory of some kind behind a budget, and what lies in it. Each device has a pool of its own, so that two
 * experiments in one process cannot take memory from each other.
 *
 * @module
 */
import { DISPLAY } from "../notebook/mod.ts";
import type { Provider } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
import { CopyEngine } from "./copy.ts";
import { cpuBackend } from "./cpu.ts";
import { defragment } from "./defragment.ts";
import { FarSide } from "./far.ts";
import { Link, type LinkOptions } from "./link.ts";
import { describeMemory, displayMemory, type MemoryReport } from "./memory.ts";
import { OutOfMemoryError } from "./out_of_memory.ts";
import { type Block, Pool } from "./pool.ts";
import { leave, restore, settleRecipes } from "./recipe.ts";
import { Storage } from "./storage.ts";
import { Temporaries } from "./temporaries.ts";
import { InlineTransport, type Transport } from "./transport.ts";

/**
 * Watches a device and steers what lies on it; swap is one. A device does without: it brings back by itself what an op
 * reads.
 */
export interface DeviceObserver {
  /**
   * An allocation of `bytes` bytes does not fit: make room if possible, for example with `device.copies.copyOut`, which
   * the allocation then waits for. Storages with `pins` are being read and stay. True: it is worth trying again.
   */
  makeRoom?(bytes: number): boolean;
  /** A storage came to be. */
  created?(storage: Storage): void;
  /** A storage is gone; its block is free again. */
  freed?(storage: Storage): void;
  /** An op is about to read a storage that is away or returning; the device waits for it right after. */
  missed?(storage: Storage): void;
}

/** Settings of a device. */
export interface DeviceOptions {
  /** The most memory that may be reserved, such as `"256 MiB"`; default: what the machine has. */
  budget?: Bytes;
  /** The most host memory that storages which were moved off the device may take; default: what the machine has. */
  hostBudget?: Bytes;
}

/** Settings of a CPU device. */
export interface CpuOptions extends DeviceOptions {
  /** Imitates a link of this speed between the device and the host; default: copies are as fast as memory is. */
  link?: LinkOptions;
}

/** Bytes of a piece, and its share of a budget: with its temporaries it stays in a processor's cache, and in budget. */
const [PIECE, PIECES] = [2 << 20, 32];

/** Gives memory back that a device left behind when nobody can reach it any more. */
const collected = new FinalizationRegistry<Pool>((pool) => pool.trim());

/**
 * Memory behind a budget, on which ops run.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * const x = ebb.zeros([1000], { device });
 * assertEquals(device.memory().storages, 1);
 * x.dispose();
 * const { liveBytes, reservedBytes } = device.memory();
 * assert(liveBytes === 0 && reservedBytes >= 4000); // the block waits for another tensor …
 * device.emptyCache();
 * assertEquals(device.memory().reservedBytes, 0); // … until it is given back
 * ```
 */
export class Device {
  /** Name as shown to people, such as `cpu` or `cpu (256 MiB)`. */
  readonly name: string;
  /**
   * The kind of memory.
   *
   * @internal
   */
  readonly backend: Backend;
  /**
   * The pool that blocks come from.
   *
   * @internal
   */
  readonly pool: Pool;
  /**
   * Serves what ONNX Runtime allocates while an op runs here.
   *
   * @internal
   */
  readonly workspace: Temporaries;
  /** Who watches; null: nobody. */
  observer: DeviceObserver | null = null;
  /** Milliseconds in which storages were computed again. */
  recomputedMs = 0;
  // No set, as its tables are garbage that grows old (`ort/address_table.ts`): each storage knows its place.
  readonly #storages: Storage[] = [];
  readonly #hostBudget: number;
  readonly #link: Link | null;
  #copies: CopyEngine | null = null;

  /** Users call `cpu()` or `webgpu()`. */
  constructor(backend: Backend, options: CpuOptions = {}) {
    const { provider } = backend.engine;
    const bytes = (name: "budget" | "hostBudget") =>
      options[name] === undefined ? Infinity : parseBytes(options[name], `${provider} ${name}`);
    const budget = bytes("budget");
    this.#hostBudget = bytes("hostBudget");
    this.#link = options.link === undefined ? null : new Link(options.link);
    this.backend = backend;
    this.pool = new Pool(backend, budget);
    this.name = budget === Infinity ? provider : `${provider} (${formatBytes(budget)})`;
    this.workspace = new Temporaries(this);
    collected.register(this, this.pool);
  }

  /**
   * ONNX Runtime's name of the execution provider.
   *
   * @internal
   */
  get provider(): Provider {
    return this.backend.engine.provider;
  }

  /**
   * Bytes of the pieces in which large tensors are worked through, where an op or an optimizer can do that.
   *
   * @internal
   */
  get pieceBytes(): number {
    return Math.min(PIECE, Math.floor(this.pool.budgetBytes / PIECES));
  }

  /** What lies on the device now. */
  memory(): MemoryReport {
    // What has left in the meantime is not there any more.
    this.#copies?.settle();
    const { liveBytes, reservedBytes, peakBytes, budgetBytes } = this.pool;
    return { liveBytes, reservedBytes, peakBytes, budgetBytes, storages: this.#storages.length };
  }

  /** What it holds, in a line. */
  toString(): string {
    return describeMemory(this.name, this.memory());
  }

  /** The same for `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** The same for a notebook, with a bar. */
  [DISPLAY](): Record<string, string> {
    return displayMemory(this.name, this.memory());
  }

  /** Moves storages to host memory, or to a file, and back. */
  get copies(): CopyEngine {
    return this.#copies ??= this.copyWith(() =>
      this.backend.far?.start() ?? new InlineTransport(this.backend)
    );
  }

  /**
   * Puts another transport in place of the device's own, before the first copy. Tests decide so when copies end.
   *
   * @internal
   */
  copyWith(start: () => Transport): CopyEngine {
    if (this.#copies !== null) {
      throw new Error("copyWith: expected a device without copies but found one in use");
    }
    const host = new Pool(this.backend.far?.host ?? cpuBackend(), this.#hostBudget);
    collected.register(this, host);
    return this.#copies = new CopyEngine(this, new FarSide(host), start, this.#link);
  }

  /**
   * Why nothing more goes to a file, in a sentence; null: there is none, or it takes what is sent.
   *
   * @internal
   */
  get diskTrouble(): string | null {
    return this.#copies?.far.disk?.trouble ?? null;
  }

  /**
   * Whether storages may be elsewhere, or be moved while an op runs: ops then hold their operands.
   *
   * @internal
   */
  get moves(): boolean {
    return this.#copies !== null || this.observer !== null;
  }

  /**
   * Waits until the device has done all that it was given. Ops on a card return before they are done; whoever times them
   * waits, as whoever reads elements does anyway.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * using x = ebb.ones([100, 100]);
   * const start = performance.now();
   * using y = x.matmul(x);
   * y.device.finish();
   * console.log(`the product took ${performance.now() - start} ms`); // on every kind of device
   * assertEquals(y.data()[99], 100);
   * ```
   */
  finish(): void {
    this.backend.finish?.();
  }

  /** Gives cached memory back to the machine. */
  emptyCache(): void {
    this.#copies?.settle();
    this.pool.trim();
    this.#copies?.far.trim();
    this.backend.compact?.();
  }

  /** The storages alive, in the order they were made. */
  storages(): Iterable<Storage> {
    return [...this.#storages].sort((a, b) => a.id - b.id);
  }

  /**
   * A storage of `bytes` bytes with undefined contents.
   *
   * @throws {OutOfMemoryError} when neither the pool nor the observer finds room.
   */
  allocate(bytes: number): Storage {
    const storage = this.allocateUnseen(bytes);
    this.observer?.created?.(storage);
    return storage;
  }

  /**
   * A storage that the observer is not told of: what is computed again is no part of the program.
   *
   * @internal
   */
  allocateUnseen(bytes: number): Storage {
    const storage = new Storage(this, bytes, this.reserve(bytes));
    storage.slot = this.#storages.push(storage) - 1;
    return storage;
  }

  /**
   * A block for a storage that is made or comes back. Throws {@link OutOfMemoryError}.
   *
   * @internal
   */
  reserve(bytes: number): Block {
    const block = this.tryReserve(bytes);
    if (block === null) throw new OutOfMemoryError(this, bytes);
    return block;
  }

  /**
   * A block, or null where there is no room: first from what is free, then from storages whose copy to the host is
   * finished or under way, then from what the observer moves, then from free pieces that are brought together (not where
   * `inOp` says that an op runs, which knows addresses).
   *
   * @internal
   */
  tryReserve(bytes: number, inOp = false): Block | null {
    this.#copies?.settle();
    let fruitless = false;
    let defragmented = inOp;
    for (;;) {
      const block = this.pool.allocate(bytes);
      if (block !== null) return block;
      if (this.#copies?.waitForRoom()) continue;
      const { liveBytes } = this.pool;
      if (!this.observer?.makeRoom?.(bytes)) {
        // What is on its way back can leave again, or be moved, once it is here.
        if (this.#copies !== null && this.#copies.bytesUnderWay("in") > 0) {
          this.#copies.drain();
          continue;
        }
        if (defragmented || !this.#copies || !defragment(this.pool, this.backend, this.#storages, bytes)) {
          return null;
        }
        defragmented = true;
        continue;
      }
      // An observer that says it made room and did not is asked once more, and no more.
      const isSame = this.pool.liveBytes === liveBytes && !this.#copies?.bytesUnderWay("out");
      if (isSame && fruitless) return null;
      fruitless = isSame;
    }
  }

  /**
   * Called by a storage whose last holder let go.
   *
   * @internal
   */
  freed(storage: Storage): void {
    const last = this.#storages.pop()!;
    if (last !== storage) {
      this.#storages[storage.slot] = last;
      last.slot = storage.slot;
    }
    this.observer?.freed?.(storage);
    if (storage.far !== null) this.copies.forget(storage);
    if (storage.recipe !== null) leave(storage);
    if (storage.block !== null) this.pool.free(storage.block);
    storage.block = null;
  }

  /**
   * Brings back what an op is about to read and keeps it there until {@link unpin}. Throws {@link OutOfMemoryError}.
   *
   * @internal
   */
  pin(storages: readonly Storage[]): void {
    let isAllHere = true;
    for (let i = 0; i < storages.length; i++) {
      storages[i].pins++;
      if (!isHere(storages[i])) isAllHere = false;
    }
    if (isAllHere) return;
    try {
      this.#bringBack(storages);
    } catch (error) {
      this.unpin(storages);
      throw error;
    }
  }

  /** In the order in which they were made, which does not depend on the op, so that it can be foreseen. */
  #bringBack(storages: readonly Storage[]): void {
    for (const storage of [...storages].sort((a, b) => a.id - b.id)) {
      if (isHere(storage)) continue;
      if (storage.state === "dropped") {
        restore(this, storage);
        continue;
      }
      this.observer?.missed?.(storage);
      this.copies.ensureResident(storage);
    }
  }

  /**
   * The op is done.
   *
   * @internal
   */
  unpin(storages: readonly Storage[]): void {
    for (let i = 0; i < storages.length; i++) storages[i].pins--;
  }

  /** Copies host bytes into a storage, from byte `offset` on. Throws {@link OutOfMemoryError} when it cannot come back. */
  write(storage: Storage, offset: number, source: Uint8Array): void {
    if (source.length === 0) return;
    settleRecipes(this, storage);
    this.pin([storage]);
    const { segment, offset: start } = storage.block!;
    this.backend.write(segment.address, start + offset, source);
    this.unpin([storage]);
    storage.written();
  }

  /**
   * Copies a storage's bytes from `offset` on to the host, from wherever they are.
   *
   * @throws {Error} when they are in a file that cannot be read.
   */
  read(storage: Storage, offset: number, target: Uint8Array): void {
    if (target.length === 0) return;
    if (storage.state === "dropped") restore(this, storage);
    if (storage.state === "away" || storage.state === "returning") {
      this.copies.far.read(storage.far!, offset, target);
    } else {
      const { segment, offset: start } = storage.block!;
      this.backend.read(segment.address, start + offset, target);
    }
  }
}

/** Whether an op can read a storage where it is. */
function isHere({ state }: Storage): boolean {
  return state === "resident" || state === "leaving";
}
