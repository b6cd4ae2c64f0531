/**
 * WebGPU buffers as a device's memory, through ONNX Runtime's WebGPU provider: memory that is truly not the host's. A
 * block is a whole buffer, as a kernel binds buffers from their start; bytes come and go through `CopyTensors`, which
 * waits for everything submitted before.
 *
 * Temporaries of kernels come from the pool, as on the CPU. Not counted is what the provider keeps for itself: uniform
 * buffers, compiled shaders, constants of sessions, and the staging buffer of a copy while it runs.
 *
 * @module
 */
import { type Address, addressOf, copyBytes, runtime, WEBGPU, webgpuMemory } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";

let made: Backend | undefined;

/**
 * The one backend of WebGPU memory.
 *
 * @throws {Error} when there is no adapter; the sentence says what to do.
 */
export function webgpuBackend(): Backend {
  return made ??= makeBackend();
}

/** What a new buffer is tried with. */
const PATTERN = Uint8Array.from({ length: 16 }, (_, i) => 16 * i + 15);

function makeBackend(): Backend {
  const { memory, allocate, free } = webgpuMemory();
  const { hostMemory } = runtime();
  const device = (address: Address) => ({ memory, address });
  const host = (bytes: Uint8Array) => ({
    memory: hostMemory,
    address: addressOf(bytes as Uint8Array<ArrayBuffer>),
  });

  const read = (address: Address, offset: number, target: Uint8Array) => {
    // A copy starts at a buffer's first byte.
    const bytes = offset === 0 ? target : new Uint8Array(offset + target.length);
    copyBytes(device(address), host(bytes), bytes.length);
    if (offset > 0) target.set(bytes.subarray(offset));
  };
  const write = (address: Address, offset: number, source: Uint8Array) => {
    let bytes = source;
    if (offset > 0) {
      bytes = new Uint8Array(offset + source.length);
      read(address, 0, bytes.subarray(0, offset));
      bytes.set(source, offset);
    }
    copyBytes(host(bytes), device(address), bytes.length);
  };

  let probe: Address | undefined; // a copy from it comes after all that was submitted

  /**
   * Whether a new buffer holds what is written to it. WebGPU gives a buffer even where there is no memory for it (or
   * where it is larger than the adapter allows): copies to and from that one do nothing, and nobody is told.
   */
  const isReal = (address: Address) => {
    const found = new Uint8Array(PATTERN.length);
    write(address, 0, PATTERN);
    read(address, 0, found);
    return found.every((byte, i) => byte === PATTERN[i]);
  };

  return {
    engine: WEBGPU,
    memory,
    divisible: false,
    reserve(bytes) {
      try {
        const address = allocate(bytes);
        if (isReal(address)) return address;
        free(address);
      } catch {
        // as below
      }
      return 0;
    },
    finish: () => read(probe ??= allocate(PATTERN.length), 0, new Uint8Array(PATTERN.length)),
    lend: allocate,
    release: (address) => free(address),
    write,
    read,
  };
}
