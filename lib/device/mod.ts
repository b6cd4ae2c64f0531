/**
 * Where bytes live: devices, their budgeted pools, storages.
 *
 * @module
 */
export { type Bytes, formatBytes, parseBytes } from "./bytes.ts";
export type { Backend } from "./backend.ts";
export {
  cpu,
  defaultDevice,
  Device,
  type DeviceObserver,
  type DeviceOptions,
  type MemoryReport,
  withDevice,
} from "./device.ts";
export { OutOfMemoryError } from "./out_of_memory.ts";
export { Storage, type StorageState } from "./storage.ts";
