/**
 * The training that erases: what adversarial fine-tuning does once, and progressive backdoor erasing round after round.
 * First epochs on adversarial examples with their true labels, then epochs on clean images.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { add, crossEntropy, klDiv, logSoftmax, mul, softmax } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ascend, type AscentOptions, pgd } from "../pgd.ts";
import { recalibrate } from "../recalibrate.ts";
import { train, type Training, type TrainingOptions } from "../train.ts";

/** What can be said of the training that erases. */
export interface ErasureOptions extends Omit<TrainingOptions, "epochs">, Partial<AscentOptions> {
  /** Epochs on adversarial examples; they come first. */
  readonly adversarialEpochs?: number;
  /** Epochs on clean images after them. */
  readonly cleanEpochs?: number;
  /** The statistics that batch norm takes while images are attacked: its running ones, or the batch's. */
  readonly batchNorm?: "running" | "batch";
  /** Whether images are attacked against the given model and the one being repaired at once. */
  readonly shared?: boolean;
  /** How much of the loss in adversarial epochs is that of clean images, 0 to 1. */
  readonly cleanWeight?: number;
  /** How much of the loss of clean images is the distance from the given model's answers, 0 to 1. */
  readonly distillation?: number;
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
      | "recalibrated"
    >
  >;

/** The temperature of distillation (Hinton, Vinyals and Dean, arXiv:1503.02531). */
const TEMPERATURE = 2;
/** A stream of the training's seed that must not meet the loader's. */
const STARTS = 21;

/**
 * Trains `model` in place.
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
  const { adversarialEpochs, cleanEpochs, cleanWeight, distillation, seed } = settings;
  checkErasure(op, settings);
  const generator = seed === undefined ? undefined : new Generator(seed, STARTS);
  const onClean = (images: Tensor, labels: Tensor) => {
    const scores = model.forward(images);
    if (distillation === 0) return crossEntropy(scores, labels);
    const teacher = noGrad(() => withMode(given, false, () => given.forward(images)));
    return weighted(distance(scores, teacher), crossEntropy(scores, labels), distillation);
  };
  const onAdversarial = (images: Tensor, labels: Tensor) => {
    const against = { ...settings, generator };
    const adversarial = settings.shared
      ? withMode(
        given,
        false,
        () =>
          withMode(model, false, () =>
            ascend(images, (x) =>
              add(crossEntropy(model.forward(x), labels), crossEntropy(given.forward(x), labels)), against)),
      )
      : pgd(model, images, labels, against);
    return crossEntropy(model.forward(adversarial), labels);
  };
  await train(op, model, data, { ...settings, epochs: adversarialEpochs + cleanEpochs }, {
    loss: ({ tensors: [images, labels], epoch }) => {
      if (epoch >= adversarialEpochs) return onClean(images, labels);
      if (cleanWeight === 0) return onAdversarial(images, labels);
      return weighted(onClean(images, labels), onAdversarial(images, labels), cleanWeight);
    },
  });
  if (settings.recalibrated) await recalibrate(model, data, settings);
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

function checkErasure(op: string, settings: Erasure): void {
  for (const name of ["adversarialEpochs", "cleanEpochs"] as const) {
    if (!Number.isInteger(settings[name]) || settings[name] < 0) {
      throw new RangeError(`${op}: expected ${name} to be a whole number but found ${settings[name]}`);
    }
  }
  for (const name of ["cleanWeight", "distillation"] as const) {
    if (!(settings[name] >= 0 && settings[name] <= 1)) {
      throw new RangeError(`${op}: expected ${name} to be of [0, 1] but found ${settings[name]}`);
    }
  }
}
