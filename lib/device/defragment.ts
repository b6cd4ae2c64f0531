/**
 * Brings free memory together. Where a budget is tight, an op may find enough free bytes but no piece that is large
 * enough: then everything that lies on the device is laid anew, the largest first. That happens between ops only, as
 * addresses change, and only where an allocation would fail otherwise.
 *
 * @module
 */
import type { Backend } from "./backend.ts";
import type { Block, Pool } from "./pool.ts";
import type { Storage } from "./storage.ts";

/** What small blocks may take beyond their size: a part of a segment that they share. */
const SLACK = 1 << 16;

/**
 * Lays storages anew so that `bytes` bytes are free in one piece.
 *
 * @returns false where that is not possible; nothing has changed then.
 */
export function defragment(
  pool: Pool,
  backend: Backend,
  storages: readonly Storage[],
  bytes: number,
): boolean {
  if (!backend.divisible || pool.liveBytes + bytes + SLACK > pool.budgetBytes) return false;
  const isFree = ({ state, block }: Storage) => state === "resident" && block !== null && block.busy === 0;
  const movable = storages.filter(isFree).sort((a, b) => b.bytes - a.bytes);
  const contents = movable.map((storage) => {
    const { segment, offset } = storage.block!;
    const kept = new Uint8Array(storage.bytes);
    backend.read(segment.address, offset, kept);
    return kept;
  });
  for (const storage of movable) {
    pool.free(storage.block!);
    storage.block = null;
  }
  pool.trim();
  // The piece that is wanted first, so that nothing is laid in its way.
  let wanted = pool.allocate(bytes);
  const release = () => {
    if (wanted !== null) pool.free(wanted);
    wanted = null;
  };
  movable.forEach((storage, i) => {
    let block = pool.allocate(storage.bytes);
    if (block === null) {
      release();
      block = pool.allocate(storage.bytes) ?? beyondBudget(pool, storage.bytes);
    }
    storage.block = block;
    backend.write(block.segment.address, block.offset, contents[i]);
  });
  const found = wanted !== null;
  release();
  return found;
}

/** Room for what was here a moment ago: rather a budget exceeded than bytes lost. */
function beyondBudget(pool: Pool, bytes: number): Block {
  const { budgetBytes } = pool;
  pool.budgetBytes = Infinity;
  try {
    return pool.allocate(bytes)!;
  } finally {
    pool.budgetBytes = budgetBytes;
  }
}
