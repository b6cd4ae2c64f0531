/**
 * As much of the CUDA runtime as Ebb needs itself: memory of the device and pinned memory of the host, streams, events,
 * and copies that go on beside the program. An object of functions, so that tests can put another in its place.
 *
 * @module
 */
import type { Address } from "../api.ts";

/** A device of CUDA, seen from the host. Streams and events are addresses. */
export interface CudaDriver {
  /** The device's name. */
  readonly name: string;
  /** Memory on the device; 0: there is none left. */
  allocate(bytes: number): Address;
  /** Gives memory back, after all that was submitted. */
  free(address: Address): void;
  /** Host memory that the device reaches by itself; 0: there is none left. */
  allocateHost(bytes: number): Address;
  /** Gives it back. */
  freeHost(address: Address): void;
  /** Bytes free, and in all. */
  memory(): { readonly free: number; readonly total: number };
  /** A stream: what is submitted to one is done in order, beside what others do. */
  stream(): Address;
  /** Blocks until all that was submitted to a stream is done. */
  finish(stream: Address): void;
  /** Submits a copy; between device and pinned memory it goes on beside the program. */
  copy(to: Address, from: Address, bytes: number, stream: Address): void;
  /** An event. */
  event(): Address;
  /** Marks with an event what was submitted to a stream so far. */
  record(event: Address, stream: Address): void;
  /** Lets what comes next on a stream wait for an event. */
  waitFor(event: Address, stream: Address): void;
  /** Whether what an event marks is done. */
  isDone(event: Address): boolean;
  /** Blocks until what an event marks is done. */
  wait(event: Address): void;
}

const SYMBOLS = {
  cudaGetDeviceCount: { parameters: ["buffer"], result: "i32" },
  cudaSetDevice: { parameters: ["i32"], result: "i32" },
  cudaDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cudaGetErrorString: { parameters: ["i32"], result: "pointer" },
  cudaGetLastError: { parameters: [], result: "i32" },
  cudaMalloc: { parameters: ["buffer", "usize"], result: "i32" },
  cudaFree: { parameters: ["usize"], result: "i32" },
  cudaHostAlloc: { parameters: ["buffer", "usize", "u32"], result: "i32" },
  cudaFreeHost: { parameters: ["usize"], result: "i32" },
  cudaMemGetInfo: { parameters: ["buffer", "buffer"], result: "i32" },
  cudaMemcpyAsync: { parameters: ["usize", "usize", "usize", "i32", "usize"], result: "i32" },
  cudaStreamCreateWithFlags: { parameters: ["buffer", "u32"], result: "i32" },
  cudaStreamSynchronize: { parameters: ["usize"], result: "i32" },
  cudaStreamWaitEvent: { parameters: ["usize", "usize", "u32"], result: "i32" },
  cudaEventCreateWithFlags: { parameters: ["buffer", "u32"], result: "i32" },
  cudaEventRecord: { parameters: ["usize", "usize"], result: "i32" },
  cudaEventQuery: { parameters: ["usize"], result: "i32" },
  cudaEventSynchronize: { parameters: ["usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The same functions with addresses and sizes as plain numbers, which Deno takes as well and faster. */
type Symbols =
  & Record<
    Exclude<keyof typeof SYMBOLS, "cudaGetErrorString">,
    (...values: (number | BigUint64Array | Int32Array)[]) => number
  >
  & { cudaGetErrorString(status: number): Deno.PointerValue };

/** What a copy is between is read off its addresses. */
const ANY_KIND = 4; // cudaMemcpyDefault
const NON_BLOCKING = 1; // cudaStreamNonBlocking: no waiting for the default stream
const WITHOUT_TIME = 2; // cudaEventDisableTiming
const PORTABLE = 1; // cudaHostAllocPortable: for every device
const NOT_READY = 600;
const OUT_OF_MEMORY = 2;
const [MAJOR, MINOR] = [75, 76]; // cudaDevAttrComputeCapability…

/**
 * The device number `index` by the CUDA runtime in the library at `path`.
 *
 * @throws {Error} when the runtime finds no device, or none of that number.
 */
export function openDriver(path: string, index: number): CudaDriver {
  const symbols = Deno.dlopen(path, SYMBOLS).symbols as unknown as Symbols;
  const out = new BigUint64Array(2);
  const numbers = new Int32Array(2);
  const said = (status: number) =>
    new Deno.UnsafePointerView(symbols.cudaGetErrorString(status) as Deno.PointerObject).getCString();
  const check = (what: string, status: number) => {
    if (status === 0) return;
    symbols.cudaGetLastError(); // else ONNX Runtime takes the failure for one of its own
    throw new Error(`cuda: expected ${what} but found: ${said(status)}`);
  };
  check("a device", symbols.cudaGetDeviceCount(numbers));
  const [count] = numbers;
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new Error(`cuda: expected the number of one of ${count} devices, from 0 on, but found ${index}`);
  }
  const attribute = (which: number) => {
    check("an attribute", symbols.cudaDeviceGetAttribute(numbers, which, index));
    return numbers[0];
  };
  /** An address that `make` leaves in `out`; 0 where memory has run out. */
  const memory = (make: () => number): Address => {
    check("the device", symbols.cudaSetDevice(index));
    const status = make();
    if (status === OUT_OF_MEMORY) {
      symbols.cudaGetLastError();
      return 0;
    }
    check("memory", status);
    return Number(out[0]);
  };
  const made = (what: string, make: () => number): Address => {
    check("the device", symbols.cudaSetDevice(index));
    check(what, make());
    return Number(out[0]);
  };
  return {
    name: `GPU ${index}, compute capability ${attribute(MAJOR)}.${attribute(MINOR)}`,
    allocate: (bytes) => memory(() => symbols.cudaMalloc(out, bytes)),
    free: (address) => check("memory to give back", symbols.cudaFree(address)),
    allocateHost: (bytes) => memory(() => symbols.cudaHostAlloc(out, bytes, PORTABLE)),
    freeHost: (address) => check("host memory to give back", symbols.cudaFreeHost(address)),
    memory() {
      check("the device", symbols.cudaSetDevice(index));
      check("what is free", symbols.cudaMemGetInfo(out, out.subarray(1)));
      return { free: Number(out[0]), total: Number(out[1]) };
    },
    stream: () => made("a stream", () => symbols.cudaStreamCreateWithFlags(out, NON_BLOCKING)),
    finish: (stream) => check("a stream to end", symbols.cudaStreamSynchronize(stream)),
    copy: (to, from, bytes, stream) =>
      check(`a copy of ${bytes} bytes`, symbols.cudaMemcpyAsync(to, from, bytes, ANY_KIND, stream)),
    event: () => made("an event", () => symbols.cudaEventCreateWithFlags(out, WITHOUT_TIME)),
    record: (event, stream) => check("an event to record", symbols.cudaEventRecord(event, stream)),
    waitFor: (event, stream) => check("a stream to wait", symbols.cudaStreamWaitEvent(stream, event, 0)),
    isDone(event) {
      const status = symbols.cudaEventQuery(event);
      if (status === NOT_READY) return false;
      check("an event", status);
      return true;
    },
    wait: (event) => check("an event to come", symbols.cudaEventSynchronize(event)),
  };
}
