/**
 * How fast copies between a device and the far side really are: a storage is sent and fetched a few times, over the link
 * where one is imitated.
 *
 * @module
 */
import { type CopyEngine, type Device, OutOfMemoryError, type Storage } from "../device/mod.ts";
import type { Bandwidth } from "./plan.ts";
import { ASSUMED_BANDWIDTH } from "./policy/compose.ts";

/** What is sent: that much, or a share of the budget, for which others may have to leave. */
const [LARGEST, SHARES] = [4 << 20, 16];
const ROUNDS = 3;

/** Bytes per second in each direction, the best of a few copies. */
export function measureBandwidth(device: Device): Bandwidth {
  const { pool, copies } = device;
  const { peakBytes } = pool;
  const bytes = Math.min(LARGEST, Math.ceil(pool.budgetBytes / SHARES));
  try {
    const storage = device.allocate(bytes);
    try {
      return fastest(copies, storage);
    } finally {
      storage.release();
      // Nobody asked for these bytes.
      pool.trim();
      pool.peakBytes = Math.max(peakBytes, pool.reservedBytes);
    }
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    return ASSUMED_BANDWIDTH;
  }
}

function fastest(copies: CopyEngine, storage: Storage): Bandwidth {
  const best = { out: 0, in: 0 };
  for (let i = 0; i < ROUNDS; i++) {
    for (const direction of ["out", "in"] as const) {
      const begun = performance.now();
      const ticket = direction === "out" ? copies.copyOut(storage) : copies.copyIn(storage);
      if (ticket === null) return ASSUMED_BANDWIDTH; // no room on the far side
      copies.wait(ticket);
      if (ticket.failure !== null) return ASSUMED_BANDWIDTH; // the disk is full
      const speed = storage.bytes / Math.max(1e-3, performance.now() - begun) * 1000;
      best[direction] = Math.max(best[direction], speed);
    }
  }
  return best;
}
