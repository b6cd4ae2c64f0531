/**
 * What ONNX Runtime allocates while an op runs on a device (temporaries between nodes, scratch of a kernel) comes from
 * the device's pool, so that it counts towards budget and peak.
 *
 * Not counted: constants of sessions, which are few and small; on a device other than the CPU also the host memory of
 * nodes that ONNX Runtime runs on the CPU there, and what the provider says in its own file.
 *
 * @module
 */
import { type Address, AddressTable, type Workspace } from "../ort/mod.ts";
import type { Device } from "./device.ts";
import type { Block } from "./pool.ts";

/** A device's workspace, with what it lent beyond the budget. */
export class Temporaries implements Workspace {
  readonly provider: Workspace["provider"];
  readonly #device: Device;
  readonly #blocks = new AddressTable<Block>();
  readonly #lent = new Map<Address, number>();
  #overdraft = 0;
  #bytes = 0;
  #peak = 0;

  constructor(device: Device) {
    this.#device = device;
    this.provider = device.provider;
  }

  /**
   * Inside a running op nothing can be refused (ONNX Runtime does not survive it), so what exceeds the budget is lent
   * and the op is failed afterwards.
   */
  allocate(bytes: number): Address {
    let block: Block | null;
    try {
      block = this.#device.tryReserve(bytes, true);
    } catch {
      block = null; // an exception of an observer must not cross ONNX Runtime's frames
    }
    if (block === null) return this.#lend(bytes);
    const address = block.segment.address + block.offset;
    this.#blocks.add(address, block);
    this.#bytes += block.bytes;
    if (this.#bytes > this.#peak) this.#peak = this.#bytes;
    return address;
  }

  free(address: Address): void {
    const block = this.#blocks.take(address);
    if (block !== undefined) {
      this.#bytes -= block.bytes;
      this.#device.pool.free(block);
    } else {
      this.#device.backend.release(address, this.#lent.get(address)!);
      this.#lent.delete(address);
    }
  }

  /** Whether something was lent since the last {@link takeOverdraft}. */
  get overdrawn(): boolean {
    return this.#overdraft > 0;
  }

  /** Bytes lent beyond the budget since the last call. */
  takeOverdraft(): number {
    const bytes = this.#overdraft;
    this.#overdraft = 0;
    return bytes;
  }

  /** The most bytes that temporaries took at once since the last call. */
  takePeak(): number {
    const bytes = this.#peak;
    this.#peak = this.#bytes;
    return bytes;
  }

  #lend(bytes: number): Address {
    this.#overdraft += bytes;
    const address = this.#device.backend.lend(bytes);
    this.#lent.set(address, bytes);
    return address;
  }
}
