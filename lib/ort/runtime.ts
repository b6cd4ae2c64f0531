/**
 * The one environment of this process: a thread pool that every session shares (a pool a session, the default, is six
 * times slower: sessions then fight for the cores), and session options per execution provider.
 *
 * @module
 */
import { type Address, addressOf, type Api, api, cString } from "./api.ts";
import { claimWorkspace } from "./isolate.ts";
import { hostAllocator, registerWorkspace, unregisterWorkspaces } from "./workspace.ts";

/** Environment, memory and options, made at first use. */
export interface Runtime {
  /** The C API. */
  readonly api: Api;
  /** `OrtEnv`. */
  readonly env: Address;
  /** `OrtMemoryInfo` of host memory. */
  readonly hostMemory: Address;
  /** Threads of the shared pool. */
  readonly threads: number;
  /** Whether temporaries are counted: this isolate's allocator is the one that the environment has. */
  readonly counted: boolean;
}

let made: Runtime | undefined;

/** Threads that ONNX Runtime computes with: `EBB_THREADS`, or one a core. */
function threadCount(): number {
  const named = Deno.env.get("EBB_THREADS");
  if (named === undefined) return navigator.hardwareConcurrency;
  const count = Number(named);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`EBB_THREADS: expected a whole number of threads but found "${named}"`);
  }
  return count;
}

/** The runtime of this process. */
export function runtime(): Runtime {
  if (made) return made;
  const ort = api();
  const threads = threadCount();
  const threading = ort.maker(121, [])();
  ort.method(147, ["address", "i32"])(threading, threads);
  ort.method(148, ["address", "i32"])(threading, 1);
  const name = cString("ebb");
  const severity = Deno.env.get("EBB_LOG") ? 1 : 4;
  const env = ort.maker(119, ["i32", "buffer", "address"])(severity, name, threading);
  const hostMemory = ort.maker(69, ["i32", "i32"])(0, 0);
  const counted = claimWorkspace(() => {
    unregisterWorkspaces(ort, env);
    ort.release(92)(env);
  });
  if (counted) registerWorkspace(ort, env, hostMemory, hostAllocator(ort));
  return made = { api: ort, env, hostMemory, threads, counted };
}

/**
 * Session options on the CPU: the shared pool (or, `sequential`, no pool), no arena of its own (temporaries come from
 * the workspace), and no memory pattern (it would hold one block of the largest size seen).
 */
export function makeOptions(sequential: boolean = false): Address {
  const { api: ort, counted } = runtime();
  const options = ort.maker(10, [])();
  if (sequential) ort.method(24, ["address", "i32"])(options, 1);
  else ort.method(120, ["address"])(options);
  ort.method(19, ["address"])(options);
  ort.method(17, ["address"])(options);
  ort.method(23, ["address", "i32"])(options, 2);
  const entry = ort.method(130, ["address", "buffer", "buffer"]);
  entry(options, cString("session.use_env_allocators"), cString(counted ? "1" : "0"));
  return options;
}

const held = new Set<unknown>(); // out of the garbage collector's reach while addresses of it are used

/** Calls `fn` with names and values as the C API takes them: the addresses of as many C strings. */
export function withSettings(
  settings: Readonly<Record<string, string>>,
  fn: (
    names: BigUint64Array<ArrayBuffer>,
    values: BigUint64Array<ArrayBuffer>,
    count: number,
  ) => void,
): void {
  const texts = Object.entries(settings).map((setting) => setting.map(cString));
  held.add(texts);
  const column = (side: number) => BigUint64Array.from(texts, (pair) => BigInt(addressOf(pair[side])));
  fn(column(0), column(1), texts.length);
  held.delete(texts);
}

const names: { bytes: Uint8Array<ArrayBuffer>; address: bigint }[] = [];

/** Addresses of the names `x0`, `x1`, … (inputs) or `y0`, `y1`, … (outputs), which all sessions share. */
export function valueNames(prefix: "x" | "y", count: number): BigUint64Array<ArrayBuffer> {
  const offset = prefix === "x" ? 0 : 1;
  for (let i = names.length; i < 2 * count + 2; i++) {
    const bytes = cString(`${i % 2 === 0 ? "x" : "y"}${i >> 1}`);
    names.push({ bytes, address: BigInt(addressOf(bytes)) });
  }
  return BigUint64Array.from({ length: count }, (_, i) => names[2 * i + offset].address);
}
