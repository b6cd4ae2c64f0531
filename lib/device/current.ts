/**
 * Opening devices, and the one that tensors are made on when none is named.
 *
 * @module
 */
import { cpuBackend } from "./cpu.ts";
import { type CpuOptions, Device, type DeviceOptions } from "./device.ts";
import { cudaBackend } from "./cuda/backend.ts";
import { webgpuBackend } from "./webgpu.ts";

/**
 * A CPU device with a pool of its own.
 *
 * @param options `budget`: the most memory that tensors and temporaries may take
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.ones([1000], { device });
 * assert(device.memory().peakBytes <= 1 << 20);
 * ```
 */
export function cpu(options: CpuOptions = {}): Device {
  return new Device(cpuBackend(), options);
}

/**
 * A WebGPU device with a pool of its own, on the graphics adapter of this machine, or on a software one. An element
 * type that the adapter does not compute in, and ops that ONNX Runtime has no WebGPU kernel for, run on the CPU in
 * passing: right, but slow.
 *
 * @param options `budget`: the most memory that tensors and temporaries may take
 * @throws {Error} when there is no adapter; the sentence says what to do. `devices()` tells beforehand.
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * if (ebb.devices().find(({ kind }) => kind === "webgpu")!.available) {
 *   using x = ebb.ones([2, 3], { device: ebb.webgpu() });
 *   using y = x.sum();
 *   assertEquals(y.item(), 6);
 * }
 * ```
 */
export function webgpu(options: DeviceOptions = {}): Device {
  return new Device(webgpuBackend(), options);
}

/** Settings of a CUDA device. */
export interface CudaOptions extends DeviceOptions {
  /**
   * Whether products of float32 may be rounded to TF32's 10 bits of fraction, which is several times faster; default
   * false, as in PyTorch.
   */
  tf32?: boolean;
}

/**
 * A CUDA device with a pool of its own, on the graphics card of a number. Ops are submitted to one stream and not waited
 * for; copies to and from pinned host memory go on beside them. Needs ONNX Runtime's GPU build and CUDA's libraries, which
 * are found in Python environments, too: `devices()` says what is missing and how to get it.
 *
 * @param index the card, from 0 on
 * @param options `budget`: the most memory that tensors and temporaries may take
 * @throws {Error} when a part is missing, or there is no such card; the sentence says what to do.
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * if (ebb.devices().find(({ kind }) => kind === "cuda")!.available) {
 *   using x = ebb.ones([2, 3], { device: ebb.cuda(0) });
 *   using y = x.sum();
 *   assertEquals(y.item(), 6);
 * }
 * ```
 */
export function cuda(index: number = 0, { tf32 = false, ...options }: CudaOptions = {}): Device {
  return new Device(cudaBackend(index, tf32), options);
}

/** Opens the kinds of device that `EBB_DEVICE` may name. */
const KINDS: Readonly<Record<string, () => Device>> = { cpu, webgpu, cuda: () => cuda(0) };

let standard: Device | undefined;
let current: Device | undefined;

/** The device that `EBB_DEVICE` names, or the CPU. */
function openStandard(): Device {
  const kind = Deno.env.get("EBB_DEVICE") || "cpu";
  const open = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (open === undefined) {
    throw new Error(`EBB_DEVICE: expected ${Object.keys(KINDS).join(", ")} but found "${kind}"`);
  }
  return open();
}

/**
 * The device on which tensors are made when none is named: inside of {@linkcode withDevice} its own, elsewhere the kind that
 * `EBB_DEVICE` names, or the CPU.
 *
 * @throws {Error} when `EBB_DEVICE` names no kind of device, or one that cannot be used here.
 *
 * @example
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([4]);
 * assertStrictEquals(x.device, ebb.defaultDevice());
 * const device = ebb.cpu({ budget: "1 MiB" });
 * assertStrictEquals(ebb.withDevice(device, () => ebb.defaultDevice()), device);
 * ```
 */
export function defaultDevice(): Device {
  return current ?? (standard ??= openStandard());
}

/**
 * Runs `fn` with `device` as the default; what `fn` returns is returned. A promise keeps the device until it settles.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.withDevice(device, () => ebb.zeros([4]));
 * assertEquals(x.device, device);
 * ```
 */
export function withDevice<T>(device: Device, fn: () => T): T {
  const before = current;
  current = device;
  const restore = () => {
    current = before;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
