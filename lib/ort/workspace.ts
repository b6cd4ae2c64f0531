/**
 * What ONNX Runtime allocates inside a session (temporaries between nodes, scratch of a kernel) comes from here: an
 * allocator of ours, registered with the environment, that hands each request to the device whose op is running. So
 * temporaries lie in the device's pool and count towards its budget and peak.
 *
 * The two functions are called back on the thread that runs the op. No kernel of the ops of Ebb allocates on another
 * thread; the test-suite, which runs them all with several threads, would hang if one did.
 *
 * @module
 */
import { type Address, addressOf, type Api } from "./api.ts";

/** Who serves requests while an op runs. */
export interface Workspace {
  /** A block of `bytes` bytes, aligned to 64. Must not throw. */
  allocate(bytes: number): Address;
  /** Takes back a block of {@link allocate}. Must not throw. */
  free(address: Address): void;
}

let current: Workspace | null = null;
let fallback: Workspace;
const owners = new Map<Address, Workspace>();

/** Names who serves requests from now on; null: plain host memory that is not counted (sessions' constants). */
export function useWorkspace(workspace: Workspace | null): void {
  current = workspace;
}

const ALLOCATOR_VERSION = 17n; // before optional functions were added to the structure
let structure: BigUint64Array<ArrayBuffer>; // referenced by ONNX Runtime as long as the process lives
const callbacks: unknown[] = [];

/** Registers the allocator with `env`; sessions use it with the option `session.use_env_allocators`. */
export function registerWorkspace(ort: Api, env: Address, memory: Address): void {
  fallback = hostAllocator(ort);
  const allocate = new Deno.UnsafeCallback(
    { parameters: ["usize", "usize"], result: "usize" } as const,
    (_self, size) => {
      const bytes = Number(size);
      if (bytes === 0) return 0n;
      const owner = current ?? fallback;
      const address = owner.allocate(bytes);
      owners.set(address, owner);
      return BigInt(address);
    },
  );
  const free = new Deno.UnsafeCallback(
    { parameters: ["usize", "usize"], result: "void" } as const,
    (_self, pointer) => {
      const address = Number(pointer);
      const owner = owners.get(address);
      owners.delete(address);
      owner?.free(address);
    },
  );
  const info = new Deno.UnsafeCallback(
    { parameters: ["usize"], result: "usize" } as const,
    () => BigInt(memory),
  );
  callbacks.push(allocate, free, info);
  const at = (callback: { pointer: Deno.PointerObject }) =>
    BigInt(Deno.UnsafePointer.value(callback.pointer));
  structure = new BigUint64Array([ALLOCATOR_VERSION, at(allocate), at(free), at(info), 0n, 0n, 0n, 0n]);
  ort.method(176, ["address", "address"])(env, addressOf(structure));
}

/** ONNX Runtime's own allocator of host memory. */
export function hostAllocator(ort: Api): Workspace {
  const allocator = ort.maker(78, [])();
  const allocate = ort.maker(75, ["address", "size"]);
  const free = ort.method(76, ["address", "address"]);
  return {
    allocate: (bytes) => allocate(allocator, bytes),
    free: (address) => free(allocator, address),
  };
}
