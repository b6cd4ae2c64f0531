/**
 * What all defences share: clean data that are looked at first, and a copy of the model that is repaired while the given
 * one stays as it is.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import type { Inspection } from "../inspect.ts";
import { checkTask, type ImageSet } from "../images.ts";
import type { RunOptions } from "../run.ts";

/** A model that was repaired, with what the defence saw in it, as plain data. */
export interface Repaired<Evidence> {
  /** What the repair went by. */
  readonly repair: Evidence;
}

/** What erasing goes by. */
export interface Inspected {
  /** What was found in the given model; null where it was told to do without. */
  readonly inspection: Inspection | null;
}

/**
 * A repaired copy of a model.
 *
 * @param op the defence, for errors
 * @param settings `batchSize` is the least number of clean images
 * @param fn repairs the copy in place; on an error the copy is freed
 * @returns the copy, in evaluation mode.
 */
export async function repair<M extends Module>(
  op: string,
  model: M,
  clean: Dataset,
  { batchSize, swap }: { readonly batchSize: number } & Pick<RunOptions, "swap">,
  fn: (copy: M, set: ImageSet) => Promise<void>,
): Promise<M> {
  const set = await checkTask(op, model, clean, { everyClass: true, least: batchSize, swap });
  return await repaired(model, (copy) => fn(copy, set));
}

/** A copy of a model that `fn` changes, in evaluation mode afterwards; on an error it is freed. */
export async function repaired<M extends Module>(model: M, fn: (copy: M) => Promise<void>): Promise<M> {
  const copy = model.clone().requiresGrad_();
  try {
    await fn(copy);
    copy.eval();
    return copy;
  } catch (error) {
    copy.dispose();
    throw error;
  }
}
