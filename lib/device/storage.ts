/**
 * A storage is one block of bytes on a device, shared by all tensors that view it. It is counted: the last holder's
 * release frees it. Moving a storage moves every view at once, so aliases and in-place updates stay right.
 *
 * @module
 */
import type { Address, ElementType } from "../ort/mod.ts";
import type { Device } from "./device.ts";
import type { Place } from "./far.ts";
import type { Block } from "./pool.ts";
import type { Recipe } from "./recipe.ts";
import type { Ticket } from "./ticket.ts";

/** Where the bytes are: on the device, on their way out, on the far side, on their way back, or to be computed again. */
export type StorageState = "resident" | "leaving" | "away" | "returning" | "dropped";

let created = 0;

/**
 * The number of the newest storage: those made from now on have greater ones.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const before = ebb.newestStorage();
 * using x = ebb.zeros([2]);
 * using view = x.reshape([2, 1]);
 * assert(x.storage.id > before);
 * assertEquals(view.storage.id, x.storage.id); // a view makes none
 * ```
 */
export function newestStorage(): number {
  return created;
}

/**
 * Counted bytes on a device.
 *
 * @example
 * ```ts
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([2, 3]);
 * using row = x.select(0, 1); // a view
 * assertStrictEquals(row.storage, x.storage);
 * assertEquals([x.storage.bytes, x.storage.holders], [24, 2]);
 * const { version } = x.storage;
 * row.fill_(7);
 * assertEquals([x.storage.version, x.toArray()], [version + 1, [[0, 0, 0], [7, 7, 7]]]);
 * ```
 */
export class Storage {
  /** Distinguishes storages for the life of the process. */
  readonly id: number = ++created;
  /** The device that the bytes belong to, wherever they are now. */
  readonly device: Device;
  /** Bytes asked for. */
  readonly bytes: number;
  /** Where the bytes are. */
  state: StorageState = "resident";
  /** Raised by every write in place; what is saved for backward remembers it. */
  version = 0;
  /**
   * The block on the device; null while away or dropped, and after the end.
   *
   * @internal
   */
  block: Block | null;
  /**
   * The place on the far side, while the bytes are there or on their way.
   *
   * @internal
   */
  far: Place | null = null;
  /** The copy under way that decides where the bytes are. */
  ticket: Ticket | null = null;
  /**
   * Of one that is dropped: what fills it again.
   *
   * @internal
   */
  recipe: Recipe | null = null;
  /**
   * The recipes of others that read this one.
   *
   * @internal
   */
  readonly recipes: Recipe[] = [];
  /** Ops that are reading the block right now; it is not taken from them. */
  pins = 0;
  /**
   * Its place in the device's list.
   *
   * @internal
   */
  slot = -1;
  /**
   * What the device's observer knows the storage by within a step, and over steps.
   *
   * @internal
   */
  mark = -1;
  /** @internal */
  role = 0;
  /** Contents in the plain layout, where this storage holds the blocked one and somebody needed the other. */
  plain: Storage | null = null;
  #holders = 1;

  /** Devices make storages: `device.allocate(bytes)`. */
  constructor(device: Device, bytes: number, block: Block) {
    this.device = device;
    this.bytes = bytes;
    this.block = block;
  }

  /**
   * Goes over to the block of `other`, which gets this one's: how a write in place is done where none is possible.
   *
   * @internal
   */
  exchange(other: Storage): void {
    if (other.bytes !== this.bytes) {
      throw new Error(`exchange: expected a storage of ${this.bytes} bytes but found one of ${other.bytes}`);
    }
    [this.block, other.block] = [other.block, this.block];
  }

  /** Number of tensors and saved values that hold this storage; 0 once it is freed. */
  get holders(): number {
    return this.#holders;
  }

  /** One more holder. */
  retain(): this {
    this.#holders++;
    return this;
  }

  /** One holder less; the last one frees the bytes. */
  release(): void {
    if (--this.#holders > 0) return;
    this.dropPlain();
    this.device.freed(this);
  }

  /** Notes a write in place. */
  written(): void {
    this.version++;
    this.dropPlain();
  }

  /**
   * Address of the first byte, or the backend's handle where blocks cannot be carved.
   *
   * @internal
   */
  get address(): Address {
    const block = this.block!;
    return block.segment.address + block.offset;
  }

  /**
   * The value over `bytes` bytes from `offset` on that ONNX Runtime reads or writes.
   *
   * @internal
   */
  value(offset: number, bytes: number, type: ElementType, shape: readonly number[]): Address {
    const { segment, offset: start } = this.block!;
    return segment.values.at(this.device.backend.memory, segment.address, start + offset, bytes, type, shape);
  }

  /**
   * Forgets the plain contents.
   *
   * @internal
   */
  dropPlain(): void {
    this.plain?.release();
    this.plain = null;
  }
}
