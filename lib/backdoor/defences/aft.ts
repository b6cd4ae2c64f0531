/**
 * Adversarial fine-tuning (Mu, Niu, Wang et al., "Progressive Backdoor Erasing via connecting Backdoor and Adversarial
 * Attacks", CVPR 2023, arXiv:2202.06312): adversarial examples of an infected model act like its triggered images, so
 * that training on them with their true labels erases the trigger without anybody knowing it.
 *
 * @module
 */
import { randomCrop, randomFlip, randomRotate } from "../../data/augment.ts";
import type { Dataset } from "../../data/dataset.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { oneCycle, type Schedule } from "../../optim/schedules.ts";
import { add, crossEntropy, klDiv, logSoftmax, mul, softmax } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pgd, type PgdOptions } from "../pgd.ts";
import { recalibrate } from "../recalibrate.ts";
import { train, type TrainingOptions } from "../train.ts";
import { repair } from "./repair.ts";

/** Options of {@linkcode aft}; what is not given is the preset's. */
export interface AftOptions extends Omit<TrainingOptions, "epochs">, Partial<PgdOptions> {
  /** `"ebb"` (default), or `"authors"`, as their published code trains. */
  readonly preset?: "ebb" | "authors";
  /** Epochs on adversarial examples; they come first. */
  readonly adversarialEpochs?: number;
  /** Epochs on clean images after them. */
  readonly cleanEpochs?: number;
  /** Whether each batch of adversarial examples comes with the clean images, half and half. */
  readonly mixed?: boolean;
  /** How much of the loss on clean images is the distance from the given model's answers, 0 to 1. */
  readonly distillation?: number;
  /** Whether the running statistics of batch norm are taken anew at the end, on the clean images. */
  readonly recalibrated?: boolean;
}

/** How both `aft` and `fineTune` train unless told otherwise. */
export const AFT_TRAINING = {
  epochs: 20,
  batchSize: 32,
  lr: 0.01,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
  schedule: (steps: number): Schedule => oneCycle({ steps }),
};

const EBB = {
  ...AFT_TRAINING,
  adversarialEpochs: 10,
  cleanEpochs: 10,
  mixed: true,
  distillation: 0.7,
  recalibrated: true,
  epsilon: 0.1,
  steps: 7,
};

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
  mixed: false,
  distillation: 0,
  recalibrated: false,
  epsilon: 6 / 255,
  steps: 7,
  clip: false,
};

/** The temperature of distillation (Hinton et al., arXiv:1503.02531). */
const TEMPERATURE = 2;
/** Streams of the training's seed that must not meet those of the loader. */
const STARTS = 21;

/**
 * Erases a backdoor by adversarial fine-tuning.
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
  const settings = { ...preset, ...options };
  const epochs = settings.adversarialEpochs + settings.cleanEpochs;
  const { mixed, distillation } = settings;
  return repair("aft", model, clean, settings.batchSize, async (copy) => {
    const generator = settings.seed === undefined ? undefined : new Generator(settings.seed, STARTS);
    const onClean = (images: Tensor, labels: Tensor) => {
      const scores = copy.forward(images);
      const loss = crossEntropy(scores, labels);
      if (distillation === 0) return loss;
      const teacher = noGrad(() => withMode(model, false, () => model.forward(images)));
      return add(mul(loss, 1 - distillation), mul(distance(scores, teacher), distillation));
    };
    await train("aft", copy, clean, { ...settings, epochs }, {
      loss: ({ tensors: [images, labels], epoch }) => {
        if (epoch >= settings.adversarialEpochs) return onClean(images, labels);
        const adversarial = pgd(copy, images, labels, { ...settings, generator });
        const loss = crossEntropy(copy.forward(adversarial), labels);
        return mixed ? mul(add(loss, onClean(images, labels)), 0.5) : loss;
      },
    });
    if (settings.recalibrated) await recalibrate(copy, clean, settings);
  });
}

/** The authors' settings; they mirror photographs, and not digits or signs. */
function authors(clean: Dataset) {
  const photographs = clean.fields[0]?.shape[0] === 3;
  return photographs ? { ...AUTHORS, augment: [...AUTHORS.augment, randomFlip()] } : AUTHORS;
}

/** The distance of a model's answers from another's, after both were softened. */
function distance(scores: Tensor, teacher: Tensor): Tensor {
  const soft = softmax(mul(teacher, 1 / TEMPERATURE), 1);
  const divergence = klDiv(logSoftmax(mul(scores, 1 / TEMPERATURE), 1), soft, { reduction: "batchmean" });
  return mul(divergence, TEMPERATURE ** 2);
}
