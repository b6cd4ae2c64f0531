/**
 * What a kind of memory must be able to do so that a pool, storages and tensors can stand on it. CPU, WebGPU and CUDA
 * each are one such object; nothing above this line knows which.
 *
 * @module
 */
import type { Address, Engine } from "../ort/mod.ts";
import type { Transport } from "./transport.ts";

/** Where storages of a device go first when they leave. */
export interface Far {
  /** Host memory that copies are fastest to. */
  readonly host: Backend;
  /** What carries them there, when the first copy is asked for. */
  start(): Transport;
}

/** One kind of device memory. */
export interface Backend {
  /** What computes over the memory. */
  readonly engine: Engine;
  /** `OrtMemoryInfo` of the memory. */
  readonly memory: Address;
  /**
   * Whether an address is a pointer: blocks can be carved out of larger ones, values can start within them, and a
   * kernel may write over what it reads. Where false it is a handle of a buffer, which does none of that.
   */
  readonly divisible: boolean;
  /** Reserves `bytes` bytes aligned to 64; 0 when there is no memory left. Must not throw. */
  reserve(bytes: number): Address;
  /** Reserves in the middle of an op, where nothing can be refused: where there is no memory the op fails by itself. */
  lend(bytes: number): Address;
  /** Gives reserved memory back. */
  release(address: Address, bytes: number): void;
  /** Has the machine take back at once what was released, where it would keep that for later. */
  compact?(): void;
  /** Copies host bytes to `address`, from byte `offset` on. */
  write(address: Address, offset: number, source: Uint8Array): void;
  /** Copies bytes at `address`, from byte `offset` on, to the host. */
  read(address: Address, offset: number, target: Uint8Array): void;
  /** Blocks until all that was submitted is done; not there where everything is done when a call returns. */
  finish?(): void;
  /** Default: plain host memory, and copies by {@link read} and {@link write}. */
  readonly far?: Far;
}
