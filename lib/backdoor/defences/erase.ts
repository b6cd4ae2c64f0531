/**
 * The training that erases: what adversarial fine-tuning does once, and progressive backdoor erasing round after round.
 * First epochs on adversarial examples with their true labels, which cost accuracy together with the backdoor; then
 * epochs on clean images, which give the accuracy back. The images are few, so that in these the given model can teach
 * more than labels: its answers to images that were varied and mixed (Beyer et al., "A good teacher is patient and
 * consistent", CVPR 2022, arXiv:2106.05237). Clean images do not show the trigger, so that it is not learnt again.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { add, crossEntropy, flip, klDiv, logSoftmax, mul, softmax } from "../../tensor/ops/mod.ts";
import { defaultGenerator, Generator } from "../../tensor/random.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ascend, type AscentOptions, checkAscent, pgd } from "../pgd.ts";
import { recalibrate } from "../recalibrate.ts";
import {
  type Batch,
  checkTraining,
  type Epoch,
  train,
  type Training,
  type TrainingOptions,
} from "../train.ts";

/** What can be said of the training that erases. */
export interface ErasureOptions extends Omit<TrainingOptions, "epochs">, Partial<AscentOptions> {
  /** Epochs on adversarial examples; they come first. */
  readonly adversarialEpochs?: number;
  /** Epochs on clean images after them. The learning rate's schedule begins again with them. */
  readonly cleanEpochs?: number;
  /** The statistics that batch norm takes while images are attacked: its running ones, or the batch's. */
  readonly batchNorm?: "running" | "batch";
  /** Whether images are attacked against the given model and the one being repaired at once. */
  readonly shared?: boolean;
  /** How much of the loss in adversarial epochs is that of clean images, 0 to 1. */
  readonly cleanWeight?: number;
  /** How much of the loss of clean images is the distance from the given model's answers, 0 to 1. */
  readonly distillation?: number;
  /** Whether in clean epochs the given model is asked about pairs of images mixed with each other. */
  readonly mixed?: boolean;
  /** Whether the running statistics of batch norm are taken anew at the end, on the clean images. */
  readonly recalibrated?: boolean;
}

/** {@linkcode ErasureOptions} with all that must be known. */
export type Erasure =
  & ErasureOptions
  & Omit<Training, "epochs">
  & Required<
    Pick<
      ErasureOptions,
      | "adversarialEpochs"
      | "cleanEpochs"
      | "epsilon"
      | "shared"
      | "cleanWeight"
      | "distillation"
      | "mixed"
      | "recalibrated"
    >
  >;

/** The temperature of distillation (Hinton, Vinyals and Dean, arXiv:1503.02531). */
const TEMPERATURE = 2;
/** Streams of the training's seed that must not meet the loader's. */
const [STARTS, CLEAN, MIXTURES] = [21, 22, 23];
/** How often the images are seen for the statistics of batch norm where they are varied. */
const PASSES = 4;

/**
 * Trains `model` in place, by settings that {@linkcode checkErasure} has seen.
 *
 * @param op who trains
 * @param given the model as it was given: what `shared` and `distillation` look at
 * @param data images in [0, 1] with labels
 */
export async function erase(
  op: string,
  model: Module,
  given: Module,
  data: Dataset,
  settings: Erasure,
): Promise<void> {
  const { adversarialEpochs, cleanEpochs, cleanWeight, seed, augment, swap } = settings;
  const generator = seed === undefined ? defaultGenerator() : new Generator(seed, STARTS);
  const phase = async (
    name: string,
    epochs: number,
    seed: number | undefined,
    loss: (batch: Batch) => Tensor,
  ) => {
    if (epochs === 0) return;
    const before = name === "clean" ? adversarialEpochs : 0;
    const onEpoch = (over: Epoch) => settings.onEpoch?.({ ...over, epoch: before + over.epoch, phase: name });
    await train(`${op}, ${name}`, model, data, { ...settings, epochs, seed, onEpoch }, { loss });
  };
  await phase("adversarial", adversarialEpochs, seed, ({ tensors: [images, labels] }) => {
    if (cleanWeight === 0) return adversarialLoss(model, given, images, labels, { ...settings, generator });
    return weighted(
      cleanLoss(model, given, images, labels, settings.distillation),
      adversarialLoss(model, given, images, labels, { ...settings, generator }),
      cleanWeight,
    );
  });
  const [mixtures, cleanSeed] = seed === undefined
    ? [defaultGenerator(), undefined]
    : [new Generator(seed, MIXTURES), new Generator(seed, CLEAN).uint32()];
  await phase("clean", cleanEpochs, cleanSeed, ({ tensors: [images, labels] }) => {
    const { distillation } = settings;
    if (!settings.mixed) return cleanLoss(model, given, images, labels, distillation);
    const share = 0.5 + 0.5 * mixtures.float();
    const mixture = weighted(images, flip(images, 0), share);
    const learnt = distance(model.forward(mixture), answers(given, mixture));
    if (distillation === 1) return learnt;
    return weighted(learnt, crossEntropy(model.forward(images), labels), distillation);
  });
  if (settings.recalibrated) {
    const passes = augment === undefined ? 1 : PASSES;
    await recalibrate(model, data, { batchSize: settings.batchSize, augment, seed, swap, passes });
  }
}

/** Images are changed so that the model errs, and it is told the truth about them. */
function adversarialLoss(
  model: Module,
  given: Module,
  images: Tensor,
  labels: Tensor,
  settings: Erasure,
): Tensor {
  const against = (x: Tensor) =>
    add(crossEntropy(model.forward(x), labels), crossEntropy(given.forward(x), labels));
  const adversarial = settings.shared
    ? withMode(given, false, () => withMode(model, false, () => ascend(images, against, settings)))
    : pgd(model, images, labels, settings);
  return crossEntropy(model.forward(adversarial), labels);
}

/** The labels, and the given model's answers as far as `distillation` says. */
function cleanLoss(
  model: Module,
  given: Module,
  images: Tensor,
  labels: Tensor,
  distillation: number,
): Tensor {
  const scores = model.forward(images);
  if (distillation === 0) return crossEntropy(scores, labels);
  return weighted(distance(scores, answers(given, images)), crossEntropy(scores, labels), distillation);
}

/** What the given model says of images. */
function answers(given: Module, images: Tensor): Tensor {
  return noGrad(() => withMode(given, false, () => given.forward(images)));
}

/** `share` of the first and the rest of the second. */
function weighted(first: Tensor, second: Tensor, share: number): Tensor {
  return add(mul(first, share), mul(second, 1 - share));
}

/** The distance of a model's answers from another's, after both were softened. */
function distance(scores: Tensor, teacher: Tensor): Tensor {
  const soft = softmax(mul(teacher, 1 / TEMPERATURE), 1);
  const divergence = klDiv(logSoftmax(mul(scores, 1 / TEMPERATURE), 1), soft, { reduction: "batchmean" });
  return mul(divergence, TEMPERATURE ** 2);
}

/**
 * To be called before {@linkcode erase}, and before anything else that takes time.
 *
 * @throws {RangeError} when a setting is out of range.
 */
export function checkErasure(op: string, settings: Omit<Erasure, "epsilon"> & ErasureOptions): void {
  const { adversarialEpochs, cleanEpochs, epsilon = 0 } = settings;
  for (const [name, value] of Object.entries({ adversarialEpochs, cleanEpochs })) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`${op}: expected ${name} to be a whole number but found ${value}`);
    }
  }
  for (const name of ["cleanWeight", "distillation"] as const) {
    if (!(settings[name] >= 0 && settings[name] <= 1)) {
      throw new RangeError(`${op}: expected ${name} to be of [0, 1] but found ${settings[name]}`);
    }
  }
  checkTraining(op, { ...settings, epochs: adversarialEpochs + cleanEpochs });
  checkAscent(op, { ...settings, epsilon });
}
