/**
 * Host memory as a device's memory: ONNX Runtime's own allocator, read and written in place.
 *
 * @module
 */
import { type Address, CPU, hostAllocator, memoryAt, runtime, trimHeap } from "../ort/mod.ts";
import type { Backend } from "./backend.ts";
import { ThreadTransport } from "./copy_thread.ts";

let made: Backend | undefined;

/** The one backend of host memory. */
export function cpuBackend(): Backend {
  return made ??= makeBackend();
}

function makeBackend(): Backend {
  const { api, hostMemory } = runtime();
  const host = hostAllocator(api);
  const backend: Backend = {
    ...hostBackend(hostMemory),
    reserve(bytes) {
      try {
        return host.allocate(bytes);
      } catch {
        return 0; // the machine itself is out of memory
      }
    },
    compact: trimHeap,
    lend: (bytes) => host.allocate(bytes),
    release: (address) => host.free(address),
    get far() {
      return { host: backend, start: () => new ThreadTransport() };
    },
  };
  return backend;
}

/** What all host memory has in common, whoever reserves it. */
export function hostBackend(
  memory: Address,
): Pick<Backend, "engine" | "memory" | "divisible" | "write" | "read"> {
  const at = (address: Address, offset: number, bytes: number) =>
    new Uint8Array(memoryAt(address + offset, bytes));
  return {
    engine: CPU,
    memory,
    divisible: true,
    write: (address, offset, source) => at(address, offset, source.length).set(source),
    read: (address, offset, target) => target.set(at(address, offset, target.length)),
  };
}
