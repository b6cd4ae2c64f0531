/**
 * Lifetimes in tests: what was allocated inside is freed at the end.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { defaultDevice, type Device } from "../lib/device/mod.ts";

/**
 * Runs `fn`, which may be asynchronous, and fails when it leaves more or fewer storages on a device than it found.
 *
 * @param devices the devices watched; the default one if none is named.
 */
export function leakFree<T>(fn: () => T, ...devices: Device[]): T {
  const watched = devices.length > 0 ? devices : [defaultDevice()];
  const before = watched.map((device) => device.memory());
  const check = () => {
    watched.forEach((device, i) => {
      const { storages, liveBytes } = device.memory();
      if (storages === before[i].storages && liveBytes === before[i].liveBytes) return;
      throw new AssertionError(
        `expected ${before[i].storages} storages of ${
          before[i].liveBytes
        } bytes at the end on ${device.name} ` +
          `but found ${storages} of ${liveBytes}`,
      );
    });
  };
  const result = fn();
  if (result instanceof Promise) {
    return result.then((value) => {
      check();
      return value;
    }) as T;
  }
  check();
  return result;
}
