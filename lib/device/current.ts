/**
 * Opening devices, and the one that tensors are made on when none is named.
 *
 * @module
 */
import { cpuBackend } from "./cpu.ts";
import { type CpuOptions, Device, type DeviceOptions } from "./device.ts";
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

let standard: Device | undefined;
let current: Device | undefined;

/**
 * The device on which tensors are made when none is named.
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
  return current ?? (standard ??= cpu());
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
