/**
 * Where bytes live: devices, their budgeted pools, storages, the copies between device and host.
 *
 * @module
 */
export { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
export { CopyEngine, type CopyObserver } from "./copy.ts";
export { cpu, defaultDevice, webgpu, withDevice } from "./current.ts";
export { type CpuOptions, Device, type DeviceObserver, type DeviceOptions } from "./device.ts";
export type { MemoryReport } from "./memory.ts";
export { type DeviceInfo, DeviceList, devices } from "./devices.ts";
export type { DiskOptions } from "./disk.ts";
export type { FarBytes, FarReport } from "./far.ts";
export type { LinkOptions } from "./link.ts";
export { OutOfMemoryError } from "./out_of_memory.ts";
export { drop, type Recipe, settleRecipes } from "./recipe.ts";
export { newestStorage, Storage, type StorageState } from "./storage.ts";
export { Ticket } from "./ticket.ts";
export type { Direction } from "./transport.ts";
