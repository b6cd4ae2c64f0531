/**
 * Memory of ONNX Runtime's WebGPU provider. An address is a handle of a buffer there, no pointer: it cannot be offset,
 * and only `CopyTensors` reads or writes what it names. The provider is opened at the first call, on the adapter that
 * Dawn (the WebGPU implementation inside ONNX Runtime) finds; there is one for all devices of the process.
 *
 * @module
 */
import { type Address, cString, OrtError } from "./api.ts";
import type { Engine } from "./engine.ts";
import { type ElementType, GraphBuilder, HOST_NODES } from "./graph.ts";
import { makeOptions, runtime, withSettings } from "./runtime.ts";
import { Session } from "./session.ts";
import { makeValue, releaseValue } from "./value.ts";
import { vulkanDrivers } from "./vulkan.ts";
import { allocatorOf, registerWorkspace } from "./workspace.ts";

/** A kind of memory that a provider hands out. */
export interface ProviderMemory {
  /** `OrtMemoryInfo`. */
  readonly memory: Address;
  /** A new block. Throws {@link OrtError} when there is no memory left. */
  allocate(bytes: number): Address;
  /** Gives a block back; what was submitted before still sees it. */
  free(address: Address): void;
}

/** What makes WebGPU usable where it is not. */
export const WEBGPU_REMEDY: string =
  "install a graphics driver with Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS), or point VK_ICD_FILENAMES " +
  "to a software driver such as SwiftShader's vk_swiftshader_icd.json, or use cpu()";

/** WebGPU as sessions run on it. */
export const WEBGPU: Engine = { provider: "webgpu", key: "webgpu", runOptions: 0, places: true, configure };

/**
 * Makes options those of a WebGPU session. They serve one session only: the provider counts its users by options made
 * and sessions released, and closes its device too early where the numbers differ (seen in ONNX Runtime 1.30).
 */
function configure(options: Address, onHost: boolean): void {
  const append = runtime().api.method(216, ["address", "buffer", "buffer", "buffer", "size"]);
  const settings = {
    // Buffers that are freed go at once: the pool above is the one cache.
    storageBufferCacheMode: "disabled",
    ...(onHost && { forceCpuNodeNames: HOST_NODES.join("\n") }),
  };
  withSettings(settings, (names, values, count) => append(options, cString("WebGPU"), names, values, count));
}

const DEVICE_ALLOCATOR = 0; // OrtDeviceAllocator
const DEFAULT_MEMORY = 0; // OrtMemTypeDefault

let made: ProviderMemory | undefined;

/**
 * The memory of the WebGPU provider; its temporaries are served by the workspace from then on.
 *
 * @throws {Error} when this build of ONNX Runtime has no WebGPU provider, or no adapter is found; the sentence says what
 * to do. Nothing is remembered: a later call tries again.
 */
export function webgpuMemory(): ProviderMemory {
  return made ??= open();
}

function open(): ProviderMemory {
  if (Deno.build.os === "linux" && vulkanDrivers().length === 0) throw refusal("found no Vulkan driver");
  const { api, env, counted } = runtime();
  let session: Address;
  try {
    const model = modelOf("float32");
    const options = makeOptions();
    configure(options, false);
    session = api.maker(8, ["address", "buffer", "size", "address"])(env, model, model.length, options);
  } catch (error) {
    throw error instanceof OrtError ? refusal(reasonOf(error), error) : error;
  }
  // Made before an allocator of ours is registered for this memory, so that this one is the provider's own. The session
  // stays: the allocator is its.
  const wanted = api.maker(68, ["buffer", "i32", "i32", "i32"])(
    cString("WebGPU_Buf"),
    DEVICE_ALLOCATOR,
    0,
    DEFAULT_MEMORY,
  );
  const allocator = api.maker(131, ["address", "address"])(session, wanted);
  const memory = api.maker(77, ["address"])(allocator);
  const own = allocatorOf(api, allocator, "webgpu");
  if (counted) registerWorkspace(api, env, memory, own);
  return { memory, allocate: own.allocate, free: own.free };
}

let half: boolean | undefined;

/** Whether the adapter computes in float16. Where it does not, a graph with float16 in it must run on the CPU. */
export function webgpuComputesHalf(): boolean {
  return half ??= tryHalf();
}

function tryHalf(): boolean {
  const { memory, allocate, free } = webgpuMemory();
  const blocks = [allocate(16), allocate(16)];
  const [input, output] = blocks.map((block) => makeValue(memory, block, 4, "float16", [2]));
  const session = new Session(modelOf("float16"), 1, 1, WEBGPU);
  session.inputs[0] = BigInt(input);
  session.outputs[0] = BigInt(output);
  try {
    session.run();
    return true;
  } catch {
    return false;
  } finally {
    session.release();
    [input, output].forEach(releaseValue);
    blocks.forEach(free);
  }
}

/** A model of one node. */
function modelOf(type: ElementType): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  g.output("y0", g.node("Relu", [g.input("x0", type)]), type);
  return g.finish();
}

function reasonOf({ message }: OrtError): string {
  if (/adapter/i.test(message)) return "found no graphics adapter";
  if (/not supported|not enabled|unknown/i.test(message)) {
    return "found a build of ONNX Runtime without the WebGPU provider";
  }
  return `found "${message}"`;
}

function refusal(found: string, cause?: Error): Error {
  return new Error(
    `webgpu: expected an adapter that ONNX Runtime's WebGPU provider can use but ${found}; ${WEBGPU_REMEDY}`,
    { cause },
  );
}
