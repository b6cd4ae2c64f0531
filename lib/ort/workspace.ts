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
import { AddressTable } from "./address_table.ts";
import { type Address, addressOf, type Api } from "./api.ts";
import { isOver } from "./isolate.ts";
import type { Provider } from "./engine.ts";

/** Who serves requests while an op runs. */
export interface Workspace {
  /** Which provider's memory it hands out. */
  readonly provider: Provider;
  /** A block of `bytes` bytes, aligned to 64. Must not throw. */
  allocate(bytes: number): Address;
  /** Takes back a block of {@link allocate}. Must not throw. */
  free(address: Address): void;
}

let current: Workspace | null = null;

/**
 * Names who serves requests for its provider's memory from now on. All other memory (host memory that a session on
 * another device uses in passing; constants of a session while it is made) comes from ONNX Runtime's own allocator and
 * is not counted; with null all of it.
 */
export function useWorkspace(workspace: Workspace | null): void {
  current = workspace;
}

const ALLOCATOR_VERSION = 17n; // before optional functions were added to the structure

/** An allocator that ONNX Runtime was given. */
interface Registered {
  /** `OrtMemoryInfo` of what it hands out. */
  memory: Address;
  /** Who serves when no op runs. */
  own: Workspace;
  /** Who served each block that is in use. */
  owners: AddressTable<Workspace>;
  /** What ONNX Runtime refers to, as long as the environment lives. */
  structure: BigUint64Array<ArrayBuffer>;
}

const registered = new Map<Address, Registered>();
let callbacks: BigUint64Array | undefined;
const kept: unknown[] = []; // the callbacks themselves, out of the garbage collector's reach

/** Addresses of the three functions of an allocator, which all of them share; they are told which one is meant. */
function functions(): BigUint64Array {
  if (callbacks !== undefined) return callbacks;
  const allocate = new Deno.UnsafeCallback(
    { parameters: ["usize", "usize"], result: "usize" } as const,
    (self, size) => {
      const bytes = Number(size);
      if (bytes === 0) return 0n;
      const { own, owners } = registered.get(Number(self))!;
      const owner = current !== null && current.provider === own.provider ? current : own;
      const address = owner.allocate(bytes);
      owners.add(address, owner);
      return BigInt(address);
    },
  );
  const free = new Deno.UnsafeCallback(
    { parameters: ["usize", "usize"], result: "void" } as const,
    (self, pointer) => {
      const address = Number(pointer);
      const { owners } = registered.get(Number(self))!;
      owners.take(address)?.free(address);
    },
  );
  const info = new Deno.UnsafeCallback(
    { parameters: ["usize"], result: "usize" } as const,
    (self) => BigInt(registered.get(Number(self))!.memory),
  );
  kept.push(allocate, free, info);
  return callbacks = BigUint64Array.from(
    [allocate, free, info],
    ({ pointer }) => BigInt(Deno.UnsafePointer.value(pointer)),
  );
}

/**
 * Registers an allocator for the memory that `own` hands out, described by `memory` (`OrtMemoryInfo`). Sessions made
 * after it use it with the option `session.use_env_allocators`.
 */
export function registerWorkspace(ort: Api, env: Address, memory: Address, own: Workspace): void {
  const structure = new BigUint64Array(8);
  structure.set([ALLOCATOR_VERSION, ...functions()]);
  const self = addressOf(structure);
  registered.set(self, { memory, own, owners: new AddressTable(), structure });
  ort.method(176, ["address", "address"])(env, self);
}

/** Takes all allocators of ours out of `env`: this isolate ends, and cannot be called back. */
export function unregisterWorkspaces(ort: Api, env: Address): void {
  const unregister = ort.method(177, ["address", "address"]);
  for (const { memory } of registered.values()) unregister(env, memory);
}

/** ONNX Runtime's own allocator of host memory. */
export function hostAllocator(ort: Api): Workspace {
  return allocatorOf(ort, ort.maker(78, [])(), "cpu");
}

/** An `OrtAllocator` of memory of `provider`. */
export function allocatorOf(ort: Api, allocator: Address, provider: Provider): Workspace {
  const allocate = ort.maker(75, ["address", "size"]);
  const free = ort.method(76, ["address", "address"]);
  return {
    provider,
    allocate: (bytes) => allocate(allocator, bytes),
    free: (address) => {
      if (!isOver()) free(allocator, address);
    },
  };
}
