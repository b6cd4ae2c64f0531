/**
 * A device: memory of some kind behind a budget, and what lies in it. Each call of {@link cpu} makes one with a pool of
 * its own, so that two experiments in one process cannot take memory from each other.
 *
 * @module
 */
import { hostAllocator, type Provider, runtime, type Workspace } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
import { cpuBackend } from "./cpu.ts";
import { OutOfMemoryError } from "./out_of_memory.ts";
import { type Block, Pool } from "./pool.ts";
import { Storage } from "./storage.ts";

/** What a device holds, in bytes; `storages` counts the blocks that tensors hold. */
export interface MemoryReport {
  /** Bytes in use. */
  liveBytes: number;
  /** Bytes reserved from the machine, in use or cached. */
  reservedBytes: number;
  /** The most bytes that were reserved at once. */
  peakBytes: number;
  /** Bytes that may be reserved; `Infinity` without a budget. */
  budgetBytes: number;
  /** Storages alive. */
  storages: number;
}

/** Watches a device; swap is one. */
export interface DeviceObserver {
  /** An allocation of `bytes` bytes does not fit: make room if possible. True: it is worth trying again. */
  makeRoom?(bytes: number): boolean;
  /** A storage came to be. */
  created?(storage: Storage): void;
  /** A storage is gone; its block is free again. */
  freed?(storage: Storage): void;
  /** A storage that is not resident is about to be read: bring it back. */
  fetch?(storage: Storage): void;
}

/** Settings of a device. */
export interface DeviceOptions {
  /** The most memory that may be reserved, such as `"256 MiB"`; default: what the machine has. */
  budget?: Bytes;
}

/** Memory behind a budget, on which ops run. */
export class Device {
  /** Name as shown to people, such as `cpu` or `cpu (256 MiB)`. */
  readonly name: string;
  /** The kind of memory. */
  readonly backend: Backend;
  /** The pool that blocks come from. */
  readonly pool: Pool;
  /** Serves what ONNX Runtime allocates while an op runs here. */
  readonly workspace: Workspace;
  /** Who watches; null: nobody. */
  observer: DeviceObserver | null = null;
  readonly #storages = new Set<Storage>();
  #overdraft = 0;

  constructor(backend: Backend, options: DeviceOptions = {}) {
    const budget = options.budget === undefined
      ? Infinity
      : parseBytes(options.budget, `${backend.provider} budget`);
    this.backend = backend;
    this.pool = new Pool(backend, budget);
    this.name = budget === Infinity ? backend.provider : `${backend.provider} (${formatBytes(budget)})`;
    this.workspace = this.#makeWorkspace();
  }

  /** ONNX Runtime's name of the execution provider. */
  get provider(): Provider {
    return this.backend.provider;
  }

  /** What lies on the device now. */
  memory(): MemoryReport {
    const { liveBytes, reservedBytes, peakBytes, budgetBytes } = this.pool;
    return { liveBytes, reservedBytes, peakBytes, budgetBytes, storages: this.#storages.size };
  }

  /** Gives cached memory back to the machine. */
  emptyCache(): void {
    this.pool.trim();
  }

  /** The storages alive, in the order they were made. */
  storages(): Iterable<Storage> {
    return this.#storages;
  }

  /**
   * A storage of `bytes` bytes with undefined contents.
   *
   * @throws {OutOfMemoryError} when neither the pool nor the observer finds room.
   */
  allocate(bytes: number): Storage {
    const storage = new Storage(this, bytes, this.reserve(bytes));
    this.#storages.add(storage);
    this.observer?.created?.(storage);
    return storage;
  }

  /** A block for a storage that is made or comes back. Throws {@link OutOfMemoryError}. */
  reserve(bytes: number): Block {
    for (;;) {
      const block = this.pool.allocate(bytes);
      if (block !== null) return block;
      if (!this.observer?.makeRoom?.(bytes)) throw new OutOfMemoryError(this, bytes);
    }
  }

  /** Called by a storage whose last holder let go. */
  freed(storage: Storage): void {
    this.#storages.delete(storage);
    this.observer?.freed?.(storage);
    if (storage.block !== null) this.pool.free(storage.block);
    storage.block = null;
  }

  /** Copies host bytes into a storage, from byte `offset` on. */
  write(storage: Storage, offset: number, source: Uint8Array): void {
    if (source.length === 0) return;
    const { segment, offset: start } = storage.block!;
    this.backend.write(segment.address, start + offset, source);
  }

  /** Copies a storage's bytes from `offset` on to the host. */
  read(storage: Storage, offset: number, target: Uint8Array): void {
    if (target.length === 0) return;
    const { segment, offset: start } = storage.block!;
    this.backend.read(segment.address, start + offset, target);
  }

  /**
   * What temporaries took beyond the budget since the last call. Inside a running op nothing can be refused (ONNX
   * Runtime does not survive it), so the excess is lent by the host and the op is failed afterwards.
   */
  takeOverdraft(): number {
    const bytes = this.#overdraft;
    this.#overdraft = 0;
    return bytes;
  }

  #makeWorkspace(): Workspace {
    const blocks = new Map<number, Block>();
    let host: Workspace | undefined;
    return {
      allocate: (bytes) => {
        let block = this.pool.allocate(bytes);
        try {
          while (block === null && this.observer?.makeRoom?.(bytes)) block = this.pool.allocate(bytes);
        } catch {
          block = null; // an exception must not cross ONNX Runtime's frames
        }
        if (block === null || this.backend.provider !== "cpu") {
          if (block !== null) this.pool.free(block);
          else this.#overdraft += bytes;
          host ??= hostAllocator(runtime().api);
          return host.allocate(bytes);
        }
        const address = block.segment.address + block.offset;
        blocks.set(address, block);
        return address;
      },
      free: (address) => {
        const block = blocks.get(address);
        blocks.delete(address);
        if (block === undefined) host!.free(address);
        else this.pool.free(block);
      },
    };
  }
}

/**
 * A CPU device with a pool of its own.
 *
 * @param options `budget`: the most memory that tensors and temporaries may take
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "../../mod.ts";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.ones([1000], { device });
 * assert(device.memory().peakBytes <= 1 << 20);
 * ```
 */
export function cpu(options: DeviceOptions = {}): Device {
  return new Device(cpuBackend(), options);
}

let standard: Device | undefined;
let current: Device | undefined;

/** The device on which tensors are made when none is named. */
export function defaultDevice(): Device {
  return current ?? (standard ??= cpu());
}

/**
 * Runs `fn` with `device` as the default; what `fn` returns is returned. A promise keeps the device until it settles.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "../../mod.ts";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.withDevice(device, () => ebb.zeros([4]));
 * assertEquals(x.device, device);
 * ```
 */
export function withDevice<T>(device: Device, fn: () => T): T {
  const before = current;
  current = device;
  const restore = () => {
    current = before;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
