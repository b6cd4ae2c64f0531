/**
 * What a kind of memory must be able to do so that a pool, storages and tensors can stand on it. CPU, WebGPU and CUDA
 * each are one such object; nothing above this line knows which.
 *
 * @module
 */
import type { Address, Provider } from "../ort/mod.ts";

/** One kind of device memory. */
export interface Backend {
  /** ONNX Runtime's name of the execution provider. */
  readonly provider: Provider;
  /** `OrtMemoryInfo` of the memory. */
  readonly memory: Address;
  /** Whether a block can be carved out of a larger one (a pointer plus an offset is a pointer). */
  readonly divisible: boolean;
  /** Reserves `bytes` bytes aligned to 64; 0 when there is no memory left. */
  reserve(bytes: number): Address;
  /** Gives reserved memory back. */
  release(address: Address, bytes: number): void;
  /** Copies host bytes to `address + offset`. */
  write(address: Address, offset: number, source: Uint8Array): void;
  /** Copies bytes at `address + offset` to the host. */
  read(address: Address, offset: number, target: Uint8Array): void;
  /** Copies within the device. */
  copy(from: Address, to: Address, bytes: number): void;
}
