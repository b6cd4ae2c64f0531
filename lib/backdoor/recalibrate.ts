/**
 * Running statistics of batch norm taken anew.
 *
 * @module
 */
import type { Augmentation } from "../data/augment.ts";
import type { Dataset } from "../data/dataset.ts";
import { loader } from "../data/loader.ts";
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import { normsOf } from "./norms.ts";
import { deviceOf, type Runner, runPass } from "./run.ts";

/** Settings of {@linkcode recalibrate}. */
export interface RecalibrateOptions {
  /** Images in a batch; default 128. */
  readonly batchSize?: number;
  /** How images are varied; default: not at all. */
  readonly augment?: Augmentation | readonly Augmentation[];
  /** How often all images are seen; more than once is of use only where they are varied. Default 1. */
  readonly passes?: number;
  /** Decides orders and variations. */
  readonly seed?: number;
  /** What runs the forward passes. */
  readonly swap?: Runner;
}

/** Replaces the running statistics of every batch norm of `model` by the mean over batches of the given images. */
export async function recalibrate(
  model: Module,
  clean: Dataset,
  options: RecalibrateOptions = {},
): Promise<void> {
  const { batchSize = 128, augment, passes = 1, seed, swap } = options;
  const norms = normsOf(model);
  if (norms.length === 0) return;
  const momenta = norms.map((norm) => norm.momentum);
  for (const norm of norms) {
    norm.resetRunningStats();
    norm.momentum = null;
  }
  try {
    const device = deviceOf(model);
    const batches = loader(clean, { batchSize, augment, epochs: passes, shuffle: true, seed, device });
    for await (const [images] of batches) {
      const pass = () => noGrad(() => scope(() => withMode(model, true, () => void model.forward(images))));
      await runPass(swap, pass);
    }
  } finally {
    norms.forEach((norm, i) => norm.momentum = momenta[i]);
  }
}
