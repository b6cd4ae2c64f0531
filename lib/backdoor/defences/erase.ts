/**
 * The training that erases: what adversarial fine-tuning does once, and progressive backdoor erasing round after round.
 * First epochs on adversarial examples with their true labels, which cost accuracy together with the backdoor; then
 * epochs on clean images, which give the accuracy back, with an adversarial batch now and then, since else the backdoor
 * comes back too. The given model teaches more than labels: its answers, and what its stages make of clean images, which
 * do not show the trigger.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { clipGradNorm } from "../../optim/clip.ts";
import { defaultGenerator, Generator } from "../../tensor/random.ts";
import type { Inspection } from "../inspect.ts";
import { type AscentOptions, checkAscent } from "../pgd.ts";
import { recalibrate } from "../recalibrate.ts";
import { checkTraining, type Epoch, train, type Training, type TrainingOptions } from "../train.ts";
import { away, towardsTarget } from "./adversary.ts";
import { Lesson } from "./lesson.ts";

/** What can be said of the training that erases. */
export interface ErasureOptions extends Omit<TrainingOptions, "epochs">, Partial<AscentOptions> {
  /** Epochs on adversarial examples; they come first. */
  readonly adversarialEpochs?: number;
  /** Epochs on clean images after them. */
  readonly cleanEpochs?: number;
  /** Every how manieth batch of the clean epochs is an adversarial one nevertheless; 0: none. */
  readonly reminder?: number;
  /**
   * What `inspect` found in the given model, which tells where images are led; null: nothing, they are led away from their
   * labels. Default: the model is inspected on the images that are trained on.
   */
  readonly inspection?: Inspection | null;
  /** The statistics that batch norm takes while images are attacked: its running ones, or the batch's. */
  readonly batchNorm?: "running" | "batch";
  /** Whether images are attacked against the given model and the one being repaired at once. */
  readonly shared?: boolean;
  /** How much of the loss in adversarial batches is that of clean images, 0 to 1. */
  readonly cleanWeight?: number;
  /** How much of the loss is the distance from the given model's answers to the clean images, 0 to 1. */
  readonly distillation?: number;
  /** The weight of the distance from what the given model's stages make of clean images, at least 0. */
  readonly featureWeight?: number;
  /**
   * The longest gradient, above 0: longer ones, such as those of images that were just led astray, are shortened to it.
   * Infinity: all stay as they are.
   */
  readonly maxNorm?: number;
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
      | "reminder"
      | "inspection"
      | "epsilon"
      | "shared"
      | "cleanWeight"
      | "distillation"
      | "featureWeight"
      | "maxNorm"
      | "recalibrated"
    >
  >;

/** A stream of the training's seed that must not meet the loader's. */
const STARTS = 21;
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
  const { adversarialEpochs, cleanEpochs, reminder, inspection, maxNorm, seed, augment, swap } = settings;
  const generator = seed === undefined ? defaultGenerator() : new Generator(seed, STARTS);
  const attack = { ...settings, generator };
  const [{ shape }] = data.fields;
  using adversary = inspection === null
    ? away(model, given, attack)
    : towardsTarget(op, model, given, inspection, shape, attack);
  const lesson = new Lesson({ op, model, given, shape, ...settings });
  const phaseOf = (epoch: number) => epoch < adversarialEpochs ? "adversarial" : "clean";
  const onEpoch = (over: Epoch) => settings.onEpoch?.({ ...over, phase: phaseOf(over.epoch - 1) });
  const epochs = adversarialEpochs + cleanEpochs;
  await train(op, model, data, { ...settings, epochs, onEpoch }, {
    loss: ({ tensors: [images, labels], epoch, step }) => {
      const adversarial = phaseOf(epoch) === "adversarial" || reminder > 0 && step % reminder === 0;
      if (!adversarial) return lesson.clean(images, labels);
      return lesson.adversarial(images, adversary.change(images, labels), labels);
    },
    gradientsReady: maxNorm === Infinity ? undefined : () => void clipGradNorm(model.parameters(), maxNorm),
  });
  if (settings.recalibrated) {
    const passes = augment === undefined ? 1 : PASSES;
    await recalibrate(model, data, { batchSize: settings.batchSize, augment, seed, swap, passes });
  }
}

/**
 * To be called before {@linkcode erase}, and before anything else that takes time.
 *
 * @throws {RangeError} when a setting is out of range.
 */
export function checkErasure(
  op: string,
  settings: Omit<Erasure, "epsilon" | "cleanWeight" | "inspection"> & ErasureOptions,
): void {
  const { adversarialEpochs, cleanEpochs, epsilon = 0 } = settings;
  for (const [name, value] of Object.entries({ adversarialEpochs, cleanEpochs })) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`${op}: expected ${name} to be a whole number but found ${value}`);
    }
  }
  if (!Number.isInteger(settings.reminder) || settings.reminder < 0) {
    throw new RangeError(`${op}: expected reminder to be a whole number but found ${settings.reminder}`);
  }
  if (!(settings.featureWeight >= 0 && settings.featureWeight < Infinity)) {
    throw new RangeError(
      `${op}: expected featureWeight to be a number of at least 0 but found ${settings.featureWeight}`,
    );
  }
  if (!(settings.maxNorm > 0)) {
    throw new RangeError(`${op}: expected maxNorm to be a number above 0 but found ${settings.maxNorm}`);
  }
  for (const name of ["cleanWeight", "distillation"] as const) {
    const { [name]: value = 0 } = settings;
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`${op}: expected ${name} to be of [0, 1] but found ${value}`);
    }
  }
  checkTraining(op, { ...settings, epochs: adversarialEpochs + cleanEpochs });
  checkAscent(op, { ...settings, epsilon });
}
