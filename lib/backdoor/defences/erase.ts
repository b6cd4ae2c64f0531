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
import { checkAscent } from "../pgd.ts";
import { recalibrate } from "../recalibrate.ts";
import { checkTraining, type Epoch, train, type Training, type TrainingOptions } from "../train.ts";
import { away, towardsTarget } from "./adversary.ts";
import { Lesson } from "./lesson.ts";

/** What can be said of the training that erases. Defaults are those of `aft`'s presets `"ebb"` / `"authors"`. */
export interface ErasureOptions extends Omit<TrainingOptions, "epochs"> {
  /** Images in a batch; default 32 / 128. */
  readonly batchSize?: number;
  /** The learning rate; default 0.02 in one cycle / 0.001 throughout. */
  readonly lr?: number;
  /** Share of the earlier direction that is kept; default 0.9. */
  readonly momentum?: number;
  /** Whether the optimizer looks ahead along the direction; default true / false. */
  readonly nesterov?: boolean;
  /** Factor of the parameters that is added to their gradients; default 5e-4. */
  readonly weightDecay?: number;
  /** Epochs on adversarial examples, which come first; default 8 / 3. */
  readonly adversarialEpochs?: number;
  /** Epochs on clean images after them; default 8 / 17. */
  readonly cleanEpochs?: number;
  /** Every how manieth batch of the clean epochs is an adversarial one nevertheless, 0: none; default 2 / 0. */
  readonly reminder?: number;
  /**
   * The most by which a value of an image changes, ε; default: three times what `chooseEpsilon` finds, but at most 1/4; or
   * 6/255 as the authors have it.
   */
  readonly epsilon?: number;
  /** By how much each step changes a value; default ε / 5. */
  readonly stepSize?: number;
  /** Gradient steps; default 3 / 7. The given model and the repaired one are both climbed, and not to the top. */
  readonly steps?: number;
  /** Whether to begin at a random place within ε instead of at the image; default true / false. */
  readonly randomStart?: boolean;
  /** Whether changed values stay in [0, 1]; default true / false. */
  readonly clip?: boolean;
  /**
   * What `inspect` found in the given model, which tells where images are led; null: nothing, they are led away from their
   * labels. Default: the model is inspected on the images that are trained on / null.
   */
  readonly inspection?: Inspection | null;
  /** The statistics that batch norm takes while images are attacked: its running ones (default), or the batch's. */
  readonly batchNorm?: "running" | "batch";
  /**
   * Whether images are led away from their labels against the given model and the one being repaired at once; default true /
   * false. Towards a target they always are.
   */
  readonly shared?: boolean;
  /**
   * How much of the loss in adversarial batches is that of clean images, 0 to 1; default at least half, more where ε is
   * large / 0. At 0 these batches are changed images alone, from which nothing is distilled.
   */
  readonly cleanWeight?: number;
  /** How much of the loss is the distance from the given model's answers, 0 to 1; default 0.9 / 0. */
  readonly distillation?: number;
  /** The weight of the distance from what the given model's stages make of clean images, at least 0; default 4 / 0. */
  readonly featureWeight?: number;
  /**
   * The longest gradient, above 0: longer ones, such as those of images that were just led astray, are shortened to it;
   * default 5 / Infinity, which leaves all as they are.
   */
  readonly maxNorm?: number;
  /** Whether the running statistics of batch norm are taken anew at the end, on the clean images; default true / false. */
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
  const { adversarialEpochs, cleanEpochs, reminder, epsilon = 0 } = settings;
  for (const [name, value] of Object.entries({ adversarialEpochs, cleanEpochs, reminder })) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`${op}: expected ${name} to be a whole number but found ${value}`);
    }
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
