/**
 * ONNX Runtime's CUDA provider: sessions of all ops on one stream of ours, with device memory that is ours, and no wait at
 * the end of a run. Opened at the first call, a device once.
 *
 * @module
 */
import { type Address, cString } from "../api.ts";
import type { Engine } from "../engine.ts";
import { runtime, withSettings } from "../runtime.ts";
import { registerWorkspace } from "../workspace.ts";
import { type CudaDriver, openDriver } from "./driver.ts";
import { type CudaParts, cudaParts, remedyFor } from "./parts.ts";

/** A device of CUDA, opened. */
export interface CudaDevice {
  /** What copies and allocates. */
  readonly driver: CudaDriver;
  /** `OrtMemoryInfo` of its memory. */
  readonly memory: Address;
  /** The stream that everything is computed on. */
  readonly stream: Address;
  /** What sessions run on; `tf32`: whether products of float32 may be rounded to TF32's 10 bits. */
  engine(tf32: boolean): Engine;
}

const opened = new Map<number, CudaDevice>();

/**
 * The CUDA device of a number.
 *
 * @throws {Error} when a part is missing, or there is no device of that number; the sentence says what to do. Nothing is
 * remembered: a later call tries again.
 */
export function cudaDevice(index: number): CudaDevice {
  let device = opened.get(index);
  if (device === undefined) opened.set(index, device = open(index));
  return device;
}

/** What of CUDA is here, beside the ONNX Runtime that is open. */
export function cudaPartsHere(): CudaParts {
  return cudaParts(runtime().api.library.path);
}

/** Why there can be no CUDA device, as `found …`; undefined: all parts are here. */
export function cudaLack({ driver, provider, libraries }: CudaParts): string | undefined {
  const missing = libraries.filter(({ path }) => path === null).map(({ name }) => name);
  const lacks = [
    ...(driver === undefined ? ["no NVIDIA driver"] : []),
    ...(provider === undefined ? ["no CUDA provider beside ONNX Runtime"] : []),
    ...(missing.length > 0 ? [`no ${missing.join(", ")}`] : []),
  ];
  return lacks.length === 0 ? undefined : lacks.join("; ");
}

/** What to do about it. */
export function cudaRemedy(parts: CudaParts): string | undefined {
  return parts.driver === undefined ? "use webgpu() or cpu()" : remedyFor(parts);
}

function open(index: number): CudaDevice {
  const parts = cudaPartsHere();
  const lack = cudaLack(parts);
  if (lack !== undefined) {
    throw new Error(`cuda: expected all parts of CUDA but found ${lack}; ${cudaRemedy(parts)}`);
  }
  // Every session has a cuBLAS handle of its own, whose workspace would be 32 MiB on Hopper.
  if (Deno.env.get("CUBLAS_WORKSPACE_CONFIG") === undefined) {
    Deno.env.set("CUBLAS_WORKSPACE_CONFIG", WORKSPACES);
  }
  // The provider is loaded by name: what it needs is found as it is there already.
  for (const { path } of parts.libraries) kept.push(Deno.dlopen(path!, {}));
  const runtimeLibrary = parts.libraries.find(({ name }) => name.startsWith("libcudart"));
  const driver = openDriver(runtimeLibrary?.path ?? "cudart64_13.dll", index);
  const { api, env, counted } = runtime();
  const memory = api.maker(68, ["buffer", "i32", "i32", "i32"])(
    cString("Cuda"),
    DEVICE_ALLOCATOR,
    index,
    DEFAULT_MEMORY,
  );
  const stream = driver.stream();
  const own = {
    provider: "cuda" as const,
    allocate: (bytes: number) => driver.allocate(bytes),
    free: (address: Address) => driver.free(address),
  };
  if (counted) registerWorkspace(api, env, memory, own);
  const engines = [false, true].map((tf32) => engineOf(index, stream, tf32));
  return { driver, memory, stream, engine: (tf32) => engines[Number(tf32)] };
}

const kept: unknown[] = []; // libraries stay loaded
/** Two of 4 MiB and eight of 16 KiB, as on cards before Hopper; not yet measured. */
const WORKSPACES = ":4096:2:16:8";
const DEVICE_ALLOCATOR = 0; // OrtDeviceAllocator
const DEFAULT_MEMORY = 0; // OrtMemTypeDefault

function engineOf(index: number, stream: Address, tf32: boolean): Engine {
  const { api } = runtime();
  // What follows on the stream comes after it anyway; who reads results on the host waits for the stream.
  const runOptions = api.maker(39, [])();
  const entry = api.method(165, ["address", "buffer", "buffer"]);
  entry(runOptions, cString("disable_synchronize_execution_providers"), cString("1"));
  const settings = {
    device_id: String(index),
    use_tf32: tf32 ? "1" : "0",
    do_copy_in_default_stream: "1", // the stream below
    // Trying every algorithm at the first run of a shape would take seconds; the library's own choice is nearly as good.
    cudnn_conv_algo_search: "HEURISTIC",
    cudnn_conv_use_max_workspace: "1",
  };
  const make = api.maker(205, []);
  const release = api.release(208);
  const update = api.method(206, ["address", "buffer", "buffer", "size"]);
  const setPointer = api.method(263, ["address", "buffer", "address"]);
  const append = api.method(204, ["address", "address"]);
  return {
    provider: "cuda",
    key: `cuda ${index}${tf32 ? " tf32" : ""}`,
    runOptions,
    places: false,
    configure(options) {
      const cuda = make();
      try {
        withSettings(settings, (names, values, count) => update(cuda, names, values, count));
        setPointer(cuda, cString("user_compute_stream"), stream);
        append(options, cuda);
      } finally {
        release(cuda);
      }
    },
  };
}
