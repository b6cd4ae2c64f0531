/**
 * Storages without bytes: what can be computed again need not be kept, nor copied. A dropped storage has a recipe, which
 * fills it when somebody is about to read it. The recipe holds what it reads, and a change in place of that waits until
 * all that is made of it is there again; so dropping never changes a result.
 *
 * @module
 */
import type { Device } from "./device.ts";
import type { Storage } from "./storage.ts";

/** How storages are filled with the bytes that they had. */
export interface Recipe {
  /** What it reads; held until {@link release}. */
  readonly sources: readonly Storage[];
  /** What it can make, all at once. */
  readonly targets: readonly Storage[];
  /** Whether what it reads is as it was when the targets were made. */
  readonly isValid: boolean;
  /** Fills those of the targets that are named; their blocks lie ready, and sources are on the device. */
  fill(targets: readonly Storage[]): void;
  /** Lets go of the sources. */
  release(): void;
}

/**
 * Frees a storage's block; the recipe fills it again when it is needed.
 *
 * @returns false where that cannot be done: an op is at work on the storage, a copy is under way, or what the recipe reads
 * has changed. Nothing has changed then.
 */
export function drop(device: Device, storage: Storage, recipe: Recipe): boolean {
  const isFree = storage.state === "resident" && storage.pins === 0 && storage.block!.busy === 0;
  if (!isFree || storage.holders === 0 || !recipe.isValid || !recipe.targets.includes(storage)) return false;
  for (const source of recipe.sources) if (!source.recipes.includes(recipe)) source.recipes.push(recipe);
  storage.dropPlain();
  device.pool.free(storage.block!);
  storage.block = null;
  storage.recipe = recipe;
  storage.state = "dropped";
  return true;
}

/**
 * Computes a dropped storage again, and what its recipe makes along with it as far as there is room.
 *
 * @throws {OutOfMemoryError} when there is none for the storage; it is still dropped then, and can be asked for again.
 */
export function restore(device: Device, storage: Storage): void {
  const recipe = storage.recipe!;
  const others = recipe.targets.filter((target) => target !== storage && target.recipe === recipe);
  const made: Storage[] = [];
  const { waitedMs } = device.copies;
  const start = performance.now();
  const nested = device.recomputedMs;
  device.pin(recipe.sources);
  try {
    storage.block = device.reserve(storage.bytes);
    made.push(storage);
    for (const other of others) {
      other.block = device.tryReserve(other.bytes);
      if (other.block !== null) made.push(other);
    }
    recipe.fill(made);
  } catch (error) {
    for (const one of made) {
      device.pool.free(one.block!);
      one.block = null;
    }
    throw error;
  } finally {
    device.unpin(recipe.sources);
    // Those of the op that asked are counted from here on.
    device.workspace.takePeak();
  }
  for (const one of made) one.state = "resident";
  for (const one of made) leave(one);
  // What was waited for is counted as waiting, and what was computed again on the way only once.
  device.recomputedMs = nested + performance.now() - start - (device.copies.waitedMs - waitedMs);
}

/** A storage has no use for its recipe any more: it is there again, or gone. */
export function leave(storage: Storage): void {
  const recipe = storage.recipe!;
  storage.recipe = null;
  if (recipe.targets.some((target) => target.recipe === recipe)) return;
  for (const source of recipe.sources) source.recipes.splice(source.recipes.indexOf(recipe), 1);
  recipe.release();
}

/** Before a storage is changed in place: computes what still has to be made of its bytes as they are. */
export function settleRecipes(device: Device, storage: Storage): void {
  for (let recipe = storage.recipes.at(-1); recipe !== undefined; recipe = storage.recipes.at(-1)) {
    restore(device, recipe.targets.find((target) => target.recipe === recipe)!);
  }
}
