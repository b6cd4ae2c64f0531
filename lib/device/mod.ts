/**
 * Where bytes live: devices, their budgeted pools, storages, the copies between device and host.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.ones([1000], { device });
 * assertEquals([device.memory().storages, device.memory().budgetBytes], [1, 1 << 20]);
 * assertThrows(() => ebb.zeros([1 << 20], { device }), ebb.OutOfMemoryError);
 *
 * device.copies.wait(device.copies.copyOut(x.storage)!); // to host memory …
 * assertEquals([x.storage.state, device.memory().liveBytes], ["away", 0]);
 * using sum = x.sum(); // … from where an op brings it back
 * assertEquals(sum.item(), 1000);
 * ```
 *
 * @module
 */
export { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
export { CopyEngine, type CopyObserver } from "./copy.ts";
export { cpu, cuda, type CudaOptions, defaultDevice, webgpu, withDevice } from "./current.ts";
export { type CpuOptions, Device, type DeviceObserver, type DeviceOptions } from "./device.ts";
export type { MemoryReport } from "./memory.ts";
export { type DeviceInfo, DeviceList, devices } from "./devices.ts";
export type { DiskOptions } from "./disk.ts";
export type { FarBytes, FarReport } from "./far.ts";
export type { LinkOptions } from "./link.ts";
export { OutOfMemoryError } from "./out_of_memory.ts";
export type { Recipe } from "./recipe.ts";
export { newestStorage, Storage, type StorageState } from "./storage.ts";
export { Ticket } from "./ticket.ts";
export type { Direction } from "./transport.ts";
