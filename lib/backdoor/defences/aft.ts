/**
 * Adversarial fine-tuning (Mu, Niu, Wang et al., "Progressive Backdoor Erasing via connecting Backdoor and Adversarial
 * Attacks", CVPR 2023, arXiv:2202.06312): adversarial examples of an infected model act like its triggered images, so
 * that training on them with their true labels erases the trigger without anybody knowing it.
 *
 * @module
 */
import { randomCrop, randomFlip, randomRotate } from "../../data/augment.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { cosine } from "../../optim/schedules.ts";
import { erasingEpsilon } from "../epsilon.ts";
import { checkErasure, erase, type Erasure, type ErasureOptions } from "./erase.ts";
import { repair } from "./repair.ts";

/** Options of {@linkcode aft}; what is not given is the preset's. */
export interface AftOptions extends ErasureOptions {
  /** `"ebb"` (default), or `"authors"`, as their published code trains. */
  readonly preset?: "ebb" | "authors";
}

/** How both `aft` and `fineTune` train unless told otherwise. */
export const AFT_TRAINING = {
  epochs: 40,
  batchSize: 32,
  lr: 0.01,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
  schedule: cosine,
};

/** What was found best so far; see {@linkcode aft}. */
export const EBB = {
  ...AFT_TRAINING,
  adversarialEpochs: 10,
  cleanEpochs: 30,
  shared: true,
  cleanWeight: 0.5,
  distillation: 0.9,
  mixed: false,
  recalibrated: true,
};

/** The settings of the authors' code. */
const AUTHORS = {
  batchSize: 128,
  lr: 0.001,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
  schedule: undefined,
  augment: [randomCrop({ padding: 5, probability: 0.8 }), randomRotate({ degrees: 10, probability: 0.5 })],
  adversarialEpochs: 3,
  cleanEpochs: 17,
  shared: false,
  cleanWeight: 0,
  distillation: 0,
  mixed: false,
  recalibrated: false,
  epsilon: 6 / 255,
  clip: false,
};

/**
 * Erases a backdoor by adversarial fine-tuning.
 *
 * The preset `"ebb"` attacks the given model and the one being repaired at once, within three times the ε that
 * `chooseEpsilon` finds on the clean images and at most 1/4, for 10 epochs of adversarial and clean images, half and half;
 * 30 epochs on clean images alone follow. On these the given model's answers count for 0.9 of the loss. It was drafted on
 * digits with triggers of other kinds than the attacks of this room, and is no end of it: see the README for what it
 * reaches on photographs. `"authors"` trains as the authors' code does.
 *
 * @param model gives scores `[N, classes]` for images `[N, C, H, W]`; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch; 5 % of a training set will do
 * @returns a repaired copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const short = { adversarialEpochs: 1, cleanEpochs: 1, progress: false };
 * using repaired = await ebb.backdoor.aft(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export function aft<M extends Module>(model: M, clean: Dataset, options: AftOptions = {}): Promise<M> {
  const preset = options.preset === "authors" ? authors(clean) : EBB;
  const settings: Omit<Erasure, "epsilon"> & AftOptions = { ...preset, ...options };
  const { batchSize, swap, seed } = settings;
  return repair("aft", model, clean, batchSize, async (copy) => {
    checkErasure("aft", settings);
    const epsilon = settings.epsilon ?? await erasingEpsilon(model, clean, { swap, seed });
    await erase("aft", copy, model, clean, { ...settings, epsilon });
  });
}

/** The authors' settings; they mirror photographs, and not digits or signs. */
function authors(clean: Dataset) {
  const photographs = clean.fields[0]?.shape[0] === 3;
  return photographs ? { ...AUTHORS, augment: [...AUTHORS.augment, randomFlip()] } : AUTHORS;
}
