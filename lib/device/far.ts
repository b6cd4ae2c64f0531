/**
 * The far side of a device: where storages are that left it. Host memory comes first; what finds no room in its budget
 * goes to a file, where there is one.
 *
 * @module
 */
import { cpuBackend } from "./cpu.ts";
import type { MemoryReport } from "./memory.ts";
import { Disk, type DiskOptions } from "./disk.ts";
import type { Block, Pool } from "./pool.ts";

/** A place on the far side: a block of host memory, or of a file. */
export interface Place {
  /** Where in the memory, or in the file. */
  readonly block: Block;
  /** The file; null: it is host memory. */
  readonly disk: Disk | null;
}

/** Bytes that a part of the far side holds. */
export type FarBytes = Omit<MemoryReport, "storages">;

/** What storages that left a device take: in host memory, and in a file. */
export interface FarReport extends FarBytes {
  /** The same of the file: `reservedBytes` is how far into it blocks were given out. Null where there is none. */
  disk: FarBytes | null;
}

/** Host memory and, if wanted, a file. */
export class FarSide {
  /** Host memory, with a budget of its own. */
  readonly host: Pool;
  #disk: Disk | null = null;

  constructor(host: Pool) {
    this.host = host;
  }

  /** The file in use; what lies in an earlier one stays there. */
  get disk(): Disk | null {
    return this.#disk;
  }

  /** Goes over to a file in another directory; null: nothing more goes to a file. Throws where none can be made. */
  useDisk(options: string | DiskOptions | null): void {
    const next = options === null ? null : new Disk(options);
    this.#disk?.retire();
    // What still lies in a file is still counted.
    if (next !== null) this.#disk = next;
  }

  /** Bytes in use. */
  get liveBytes(): number {
    return this.host.liveBytes + (this.#disk?.liveBytes ?? 0);
  }

  /** What lies where. */
  memory(): FarReport {
    const { liveBytes, reservedBytes, peakBytes, budgetBytes } = this.host;
    return { liveBytes, reservedBytes, peakBytes, budgetBytes, disk: this.#disk?.memory() ?? null };
  }

  /** A place for `bytes` bytes; null: there is no room. */
  allocate(bytes: number): Place | null {
    const inMemory = this.host.allocate(bytes);
    if (inMemory !== null) return { block: inMemory, disk: null };
    const inFile = this.#disk?.allocate(bytes) ?? null;
    return inFile === null ? null : { block: inFile, disk: this.#disk };
  }

  /** Takes a place back, once no copy touches it any more. */
  free({ block, disk }: Place): void {
    (disk ?? this.host).free(block);
  }

  /** A copy that held the place's block is finished. */
  letGo({ block, disk }: Place): void {
    (disk ?? this.host).letGo(block);
  }

  /** Copies bytes of a place, from `offset` on. Throws when a file cannot be read. */
  read({ block, disk }: Place, offset: number, target: Uint8Array): void {
    if (disk !== null) disk.read(block, offset, target);
    else cpuBackend().read(block.segment.address, block.offset + offset, target);
  }

  /** Gives back to the machine what is not in use. */
  trim(): void {
    this.host.trim();
    this.#disk?.trim();
  }
}
