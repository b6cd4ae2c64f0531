/**
 * CUDA memory as a device's memory. Everything that ops and the host do to it is submitted to one stream, so that it
 * happens in the order of the program without anybody waiting; copies to and from the far side have streams of their own.
 *
 * @module
 */
import {
  type Address,
  addressOf,
  type CudaDevice,
  cudaDevice,
  type CudaDriver,
  runtime,
} from "../../ort/mod.ts";
import type { Backend } from "../backend.ts";
import { hostBackend } from "../cpu.ts";
import { StreamTransport } from "./transport.ts";

const made = new Map<string, Backend>();

/**
 * The one backend of a card's memory.
 *
 * @param tf32 whether products of float32 may be rounded to TF32's 10 bits
 * @throws {Error} when a part of CUDA is missing, or there is no such card; the sentence says what to do.
 */
export function cudaBackend(index: number, tf32: boolean): Backend {
  const device = cudaDevice(index);
  const { key } = device.engine(tf32);
  let backend = made.get(key);
  if (backend === undefined) made.set(key, backend = makeBackend(device, tf32, runtime().hostMemory));
  return backend;
}

/** Memory of an opened card; `hostMemory` is `OrtMemoryInfo` of the host's. */
export function makeBackend(device: CudaDevice, tf32: boolean, hostMemory: Address): Backend {
  const { driver, memory, stream } = device;
  const host = pinnedBackend(driver, hostMemory);
  return {
    engine: device.engine(tf32),
    memory,
    divisible: true,
    reserve: (bytes) => driver.allocate(bytes),
    lend: (bytes) => driver.allocate(bytes),
    release: (address) => driver.free(address),
    // From memory that is not pinned the bytes are taken at once, and the copy is done in its turn.
    write: (address, offset, source) =>
      driver.copy(address + offset, addressOf(source as Uint8Array<ArrayBuffer>), source.length, stream),
    read(address, offset, target) {
      driver.copy(addressOf(target as Uint8Array<ArrayBuffer>), address + offset, target.length, stream);
      driver.finish(stream);
    },
    finish: () => driver.finish(stream),
    far: { host, start: () => new StreamTransport(driver, stream) },
  };
}

/** Host memory that the device reaches by itself, kept for the next copies: to pin memory takes longer than to fill it. */
function pinnedBackend(driver: CudaDriver, memory: Address): Backend {
  return {
    ...hostBackend(memory),
    reserve: (bytes) => driver.allocateHost(bytes),
    lend: (bytes) => driver.allocateHost(bytes),
    release: (address) => driver.freeHost(address),
  };
}
