/**
 * A caching pool over a backend's memory, with a budget. Memory is reserved in segments; blocks are carved out of them
 * best fit first, and neighbours that are free grow together again. Small, medium and large requests have segments of
 * their own, so that a scalar never pins a large segment; medium and large ones borrow from each other rather than
 * reserve more than ever before. The budget bounds what is *reserved*, fragmentation included.
 *
 * @module
 */
import type { Address } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import { FreeList } from "./free_list.ts";
import { ValueCache } from "./value_cache.ts";

/** Every block starts at a multiple of this many bytes, a cache line. */
export const ALIGNMENT = 64;

/** A contiguous piece of a segment. */
export interface Block {
  segment: Segment;
  /** Byte offset within the segment. */
  offset: number;
  bytes: number;
  free: boolean;
  /** Copies under way that read or write the block. */
  busy: number;
  /** Given back while copies were under way: free when the last one is finished. */
  doomed: boolean;
  previous: Block | null;
  next: Block | null;
}

/** Memory reserved from the backend at once. */
export interface Segment {
  address: Address;
  bytes: number;
  /** Index of its {@link SizeClass}. */
  class: number;
  /** Values that ONNX Runtime was given over this segment. */
  values: ValueCache;
}

/** Where segments come from. */
export type Source = Pick<Backend, "divisible" | "reserve" | "release">;

/** Requests up to `limit` bytes share segments of `segment` bytes; larger ones get segments of their own size. */
export interface SizeClass {
  /** The largest request. */
  limit: number;
  /** Bytes of a segment. */
  segment: number;
}

const CLASSES: readonly SizeClass[] = [
  { limit: 1 << 12, segment: 1 << 16 },
  { limit: 1 << 18, segment: 1 << 20 },
  { limit: Infinity, segment: 0 },
];

/** The pool. Allocation never throws: a request that does not fit gives null, and the device decides what then. */
export class Pool {
  /** Bytes in blocks that are in use. */
  liveBytes = 0;
  /** Bytes reserved from the backend. */
  reservedBytes = 0;
  /** The most bytes that were reserved at once since the pool was made (or {@link resetPeak}). */
  peakBytes = 0;
  /** Bytes that may be reserved. */
  budgetBytes: number;
  readonly #backend: Source;
  readonly #classes: readonly SizeClass[];
  readonly #free: readonly FreeList[];

  /** `classes` are one for all sizes, or three. */
  constructor(backend: Source, budgetBytes = Infinity, classes = CLASSES) {
    this.#backend = backend;
    this.budgetBytes = budgetBytes;
    this.#classes = classes;
    this.#free = classes.map(() => new FreeList());
  }

  /** A block of at least `bytes` bytes, or null when the budget or the machine has no room. */
  allocate(bytes: number): Block | null {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const kind = size <= this.#classes[0].limit ? 0 : size <= this.#classes[1].limit ? 1 : 2;
    const block = this.#backend.divisible
      ? this.#free[kind].takeBest(size)
      : this.#free[kind].takeClose(size);
    const found = block ?? this.#borrow(size, kind) ?? this.#grow(size, kind) ?? this.#scrape(size, kind);
    if (found === null) return null;
    if (this.#backend.divisible && found.bytes - size >= ALIGNMENT) this.#split(found, size);
    found.free = false;
    this.liveBytes += found.bytes;
    return found;
  }

  /** Takes a block back; it is cached for the next request, once no copy touches it any more. */
  free(block: Block): void {
    if (block.busy > 0) {
      block.doomed = true;
      return;
    }
    block.doomed = false;
    this.liveBytes -= block.bytes;
    block.free = true;
    const list = this.#free[block.segment.class];
    let merged = block;
    if (block.next?.free) {
      list.remove(block.next);
      merged = join(block, block.next);
    }
    if (merged.previous?.free) {
      list.remove(merged.previous);
      merged = join(merged.previous, merged);
    }
    list.add(merged);
  }

  /** A copy of {@link hold} is finished. */
  letGo(block: Block): void {
    block.busy--;
    if (block.doomed) this.free(block);
  }

  /** Bytes in segments that are wholly free and could be given back to the machine. */
  get cachedBytes(): number {
    let bytes = 0;
    for (const list of this.#free) for (const block of list) if (isWhole(block)) bytes += block.bytes;
    return bytes;
  }

  /** The largest block that is free now. */
  get largestFreeBytes(): number {
    return Math.max(0, ...this.#free.map((list) => list.largest()));
  }

  /**
   * Gives wholly free segments back to the machine, at least `bytes` bytes of them where there are.
   *
   * @returns how many bytes that were.
   */
  trim(bytes = Infinity): number {
    let given = 0;
    for (const list of [...this.#free].reverse()) {
      for (const block of [...list]) {
        if (given >= bytes) return given;
        if (!isWhole(block)) continue;
        list.remove(block);
        given += block.bytes;
        this.reservedBytes -= block.bytes;
        block.segment.values.clear();
        this.#backend.release(block.segment.address, block.bytes);
      }
    }
    return given;
  }

  /** Forgets the peak of the past: it counts from what is reserved now. */
  resetPeak(): void {
    this.peakBytes = this.reservedBytes;
  }

  /** Bytes of a new segment for a request. */
  #segmentBytes(size: number, kind: number): number {
    return Math.max(size, this.#backend.divisible ? this.#classes[kind].segment : size);
  }

  /** Whether reserving `bytes` more would set a new peak, or break the budget. */
  #exceeds(bytes: number): boolean {
    return this.reservedBytes + bytes > Math.min(this.peakBytes, this.budgetBytes);
  }

  /** A free block of the other of the two larger classes, rather than a new peak. */
  #borrow(size: number, kind: number): Block | null {
    if (kind === 0 || !this.#backend.divisible || !this.#exceeds(this.#segmentBytes(size, kind))) return null;
    return this.#free[3 - kind].takeBest(size);
  }

  /** A small block out of a larger segment, where there is no other room: better than none. */
  #scrape(size: number, kind: number): Block | null {
    if (kind > 0 || !this.#backend.divisible) return null;
    for (const list of this.#free) {
      const block = list.takeBest(size);
      if (block !== null) return block;
    }
    return null;
  }

  #grow(size: number, kind: number): Block | null {
    let bytes = this.#segmentBytes(size, kind);
    // A new peak would be set while whole segments lie idle: those go first. What they held together stays together,
    // so that segments become fewer and larger, and a loop that repeats itself settles.
    if (this.#exceeds(bytes)) {
      const given = this.trim(bytes);
      if (this.#backend.divisible) bytes = Math.max(bytes, given);
    }
    if (this.reservedBytes + bytes > this.budgetBytes) {
      bytes = size;
      if (this.reservedBytes + bytes > this.budgetBytes) return null;
    }
    const address = this.#backend.reserve(bytes);
    if (address === 0) return null;
    this.reservedBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.reservedBytes);
    const segment = { address, bytes, class: kind, values: new ValueCache() };
    return { segment, offset: 0, bytes, free: true, busy: 0, doomed: false, previous: null, next: null };
  }

  /** Cuts a free block to `size` bytes; the rest is free. */
  #split(block: Block, size: number): void {
    const rest: Block = {
      segment: block.segment,
      offset: block.offset + size,
      bytes: block.bytes - size,
      free: true,
      busy: 0,
      doomed: false,
      previous: block,
      next: block.next,
    };
    if (block.next) block.next.previous = rest;
    block.next = rest;
    block.bytes = size;
    this.#free[block.segment.class].add(rest);
  }
}

/** Notes that a copy is about to touch a block; {@link Pool.letGo} ends it. */
export function hold(block: Block): void {
  block.busy++;
}

function isWhole(block: Block): boolean {
  return block.bytes === block.segment.bytes;
}

function join(left: Block, right: Block): Block {
  left.bytes += right.bytes;
  left.next = right.next;
  if (right.next) right.next.previous = left;
  // A dead block that has grown old would keep the younger ones that it leads to from being collected.
  right.previous = null;
  right.next = null;
  return left;
}
