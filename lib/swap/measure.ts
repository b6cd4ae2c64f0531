/**
 * How fast copies between a device and the far side really are: a storage is sent and fetched a few times, over the link
 * where one is imitated.
 *
 * @module
 */
import { type Device, OutOfMemoryError } from "../device/mod.ts";
import type { Bandwidth } from "./plan.ts";

const LARGEST = 4 << 20;
const ROUNDS = 3;
/** What is taken where there is no room to measure: a fast memory's. */
const ASSUMED = 5e9;

/** Bytes per second in each direction, the best of a few copies. */
export function measureBandwidth(device: Device): Bandwidth {
  const { budgetBytes, reservedBytes } = device.memory();
  const bytes = Math.min(LARGEST, 2 ** Math.floor(Math.log2((budgetBytes - reservedBytes) / 2)));
  const best = { out: 0, in: 0 };
  if (!(bytes >= 4096)) return { out: ASSUMED, in: ASSUMED };
  const { peakBytes } = device.pool;
  try {
    const storage = device.allocate(bytes);
    const timed = (direction: "out" | "in", start: () => Parameters<typeof device.copies.wait>[0]) => {
      const begun = performance.now();
      device.copies.wait(start());
      best[direction] = Math.max(best[direction], bytes / (performance.now() - begun) * 1000);
    };
    for (let i = 0; i < ROUNDS; i++) {
      timed("out", () => device.copies.copyOut(storage)!);
      timed("in", () => device.copies.copyIn(storage));
    }
    storage.release();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    return { out: ASSUMED, in: ASSUMED };
  }
  // Nobody asked for these bytes.
  device.pool.trim();
  device.pool.peakBytes = Math.max(peakBytes, device.pool.reservedBytes);
  return best;
}
