/**
 * Passive swap: where an allocation finds no room, storages leave that nobody needs for the longest time. With a plan
 * it is known when each is used next (Belady's rule); without one, as in the very first step, those go first that were
 * not used for the longest time, which in a backward pass comes to the same.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";

/** What is not worth a copy of its own as long as there is anything larger. */
const SMALL = 4096;

/**
 * Sends storages away that hold at least `bytes` bytes together, or as many as there are.
 *
 * @param farness in how many ops a storage is needed, or, where that is not known, how many ops ago it was used
 * @returns how many bytes are on their way
 */
export function evict(
  device: Device,
  bytes: number,
  farness: (storage: Storage) => number,
): number {
  const free = (least: number) =>
    [...device.storages()].filter((storage) =>
      storage.state === "resident" && storage.pins === 0 && storage.block !== null && storage.bytes >= least
    );
  let victims = free(SMALL);
  if (victims.length === 0) victims = free(1);
  const far = new Map(victims.map((storage) => [storage, farness(storage)]));
  victims.sort((a, b) => far.get(b)! - far.get(a)! || b.bytes - a.bytes);
  let sent = 0;
  for (const storage of victims) {
    if (sent >= bytes) break;
    if (device.copies.copyOut(storage) === null) continue; // the far side has no room for it
    sent += storage.bytes;
  }
  return sent;
}
