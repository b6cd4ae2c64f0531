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
import { oneCycle } from "../../optim/schedules.ts";
import { checkErasure, erase, type ErasureOptions } from "./erase.ts";
import { prepare } from "./prepare.ts";
import type { Inspection } from "../inspect.ts";
import { type Inspected, repair, type Repaired } from "./repair.ts";
import { withRecord } from "../record.ts";

/** Options of {@linkcode aft}; what is not given is the preset's. */
export interface AftOptions extends ErasureOptions {
  /** `"ebb"` (default), or `"authors"`, as their published code trains. */
  readonly preset?: "ebb" | "authors";
}

/** How both `aft` and `fineTune` train unless told otherwise. */
export const AFT_TRAINING = {
  epochs: 16,
  batchSize: 32,
  lr: 0.02,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
  schedule: (steps: number) => oneCycle({ steps }),
};

/** What was found best so far; see {@linkcode aft}. */
export const EBB = {
  ...AFT_TRAINING,
  adversarialEpochs: 8,
  cleanEpochs: 8,
  reminder: 2,
  steps: 3,
  randomStart: true,
  shared: true,
  distillation: 0.9,
  featureWeight: 4,
  maxNorm: 5,
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
  inspection: null,
  shared: false,
  reminder: 0,
  cleanWeight: 0,
  distillation: 0,
  featureWeight: 0,
  maxNorm: Infinity,
  recalibrated: false,
  epsilon: 6 / 255,
  clip: false,
};

/**
 * Erases a backdoor by adversarial fine-tuning.
 *
 * The preset `"ebb"` inspects the model first. Images are led to the target that was found: by those of patch, overlay and
 * warp that speak for it, which are learnt on against the given model and the one being repaired at once, and in turns with
 * them each image by steps of its own within ε. Where the model does not look infected they are led to the label that most
 * speaks for, and in turns with that away from their own. ε is three times what `chooseEpsilon` finds on the clean images,
 * and at most 1/4. Adversarial images join each batch for 8 epochs, and each second batch for 8 more; they count for half of
 * the loss or, where ε is large, for less. The given model's answers to the clean images count for 0.9 of the loss, for
 * changed images without the target; and its last three stages are to stay what they were. Drafted on photographs with
 * three triggers of other kinds than the attacks of this room (a cross of pixels, rings over the image, a swirl).
 * `"authors"` trains as the authors' code does.
 *
 * It is made for a backdoor that leads to one label. Against one that leads each class to the next (`target: "next"`), which
 * `inspect` does not find, it does no better than plain fine-tuning (18.5 against 15.5 % are left of BadNets on digits);
 * `{ inspection: null, distillation: 0, featureWeight: 0 }` does (0.6 %).
 *
 * @param model gives scores `[N, classes]` for images `[N, C, H, W]`; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch; 5 % of a training set will do
 * @returns a repaired copy, in evaluation mode, with the inspection in `repair`.
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
 * const short = { adversarialEpochs: 1, cleanEpochs: 1, inspection: null, progress: false };
 * using repaired = await ebb.backdoor.aft(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export async function aft<M extends Module>(
  model: M,
  clean: Dataset,
  options: AftOptions = {},
): Promise<M & Repaired<Inspected>> {
  const { preset: name = "ebb" } = options;
  if (name !== "ebb" && name !== "authors") {
    throw new RangeError(`aft: expected the preset "ebb" or "authors" but found ${JSON.stringify(name)}`);
  }
  const preset = name === "authors" ? authors(clean) : EBB;
  const settings = { ...preset, ...options };
  let inspection: Inspection | null = null;
  const copy = await repair("aft", model, clean, settings, async (copy) => {
    checkErasure("aft", settings);
    const found = await prepare(model, clean, settings);
    inspection = found.inspection;
    await erase("aft", copy, model, clean, { ...settings, ...found });
  });
  return withRecord(copy, { repair: { inspection } });
}

/** The authors' settings; they mirror photographs, and not digits or signs. */
function authors(clean: Dataset) {
  const photographs = clean.fields[0]?.shape[0] === 3;
  return photographs ? { ...AUTHORS, augment: [...AUTHORS.augment, randomFlip()] } : AUTHORS;
}
