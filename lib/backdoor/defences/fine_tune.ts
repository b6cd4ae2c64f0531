/**
 * Fine-tuning on clean images: the baseline that every other defence must beat, at the same learning rate.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { crossEntropy } from "../../tensor/ops/mod.ts";
import { train, type TrainingOptions } from "../train.ts";
import { AFT_TRAINING } from "./aft.ts";
import { repair } from "./repair.ts";

/**
 * Trains a copy of the model on clean images with their labels, by default as `aft` trains: for the same epochs, at the
 * same rate.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] of every class, at least a batch
 * @throws {TypeError | RangeError} when the clean images are not such.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using tuned = await ebb.backdoor.fineTune(model, clean, { epochs: 1, progress: false });
 * assertEquals(tuned.training, false);
 * ```
 */
export function fineTune<M extends Module>(
  model: M,
  clean: Dataset,
  options: TrainingOptions = {},
): Promise<M> {
  const settings = { ...AFT_TRAINING, ...options };
  return repair(
    "fineTune",
    model,
    clean,
    settings,
    (copy) =>
      train("fineTune", copy, clean, settings, {
        loss: ({ tensors: [images, labels] }) => crossEntropy(copy.forward(images), labels),
      }),
  );
}
