/**
 * The error of a device that has no room left, which says what was asked for and who holds the memory.
 *
 * @module
 */
import { formatBytes } from "./bytes.ts";
import type { Device } from "./device.ts";

/**
 * A device's budget, or the machine's memory, does not suffice. Everything made before it stays usable.
 *
 * @example
 * ```ts
 * import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "1 MiB" });
 * using x = ebb.ones([1000], { device });
 * const error = assertThrows(() => ebb.zeros([1 << 20], { device }), ebb.OutOfMemoryError);
 * assertEquals(error.requestedBytes, 4 << 20);
 * assertStringIncludes(error.message, "expected room for 4 MiB within a budget of 1 MiB");
 * assertEquals(x.data()[999], 1); // what was there is still there
 * ```
 */
export class OutOfMemoryError extends Error {
  /** `OutOfMemoryError`. */
  override name = "OutOfMemoryError";
  /** Bytes asked for. */
  readonly requestedBytes: number;
  /** The device that had no room. */
  readonly device: Device;

  /** `during` names the op. */
  constructor(device: Device, requestedBytes: number, during?: string) {
    const { liveBytes, reservedBytes, budgetBytes } = device.memory();
    const holders = [...device.storages()]
      .filter(({ block }) => block !== null)
      .map(({ bytes }) => bytes)
      .sort((a, b) => b - a)
      .slice(0, 5);
    const budget = budgetBytes === Infinity
      ? "the machine's memory"
      : `a budget of ${formatBytes(budgetBytes)}`;
    super(
      `${during ? `${during}: ` : ""}${device.name}: expected room for ${
        formatBytes(requestedBytes)
      } within ${budget} ` +
        `but found ${formatBytes(liveBytes)} live and ${formatBytes(reservedBytes - liveBytes)} cached ` +
        `(largest free block ${formatBytes(device.pool.largestFreeBytes)}); ` +
        `largest holders: ${holders.map(formatBytes).join(", ") || "none"}` +
        (device.diskTrouble === null ? "" : `; ${device.diskTrouble}`),
    );
    this.requestedBytes = requestedBytes;
    this.device = device;
  }
}
