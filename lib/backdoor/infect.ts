/**
 * Training a model on poisoned images, so that it has a backdoor.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { oneCycle } from "../optim/schedules.ts";
import { crossEntropy } from "../tensor/ops/mod.ts";
import { Generator } from "../tensor/random.ts";
import type { Attack } from "./attack.ts";
import { checkTask } from "./images.ts";
import { goalsOf, measure } from "./measure.ts";
import { withRecord } from "./record.ts";
import { drawPoison, stamp, trainingSet } from "./poison.ts";
import { checkTraining, train, type TrainingOptions } from "./train.ts";

/** Options of {@linkcode infect}. */
export interface InfectOptions extends TrainingOptions {
  /** What accuracy and trigger success are measured on after each epoch; default: at the end, on up to 1,000 training images. */
  readonly test?: Dataset;
}

/** A model's figures after an epoch of poisoned training. */
export interface InfectionRow {
  /** Epochs trained. */
  readonly epoch: number;
  /** Mean loss of the epoch's batches. */
  readonly loss: number;
  /** Share of clean images that are classified right, 0 to 1. */
  readonly acc: number;
  /** Share of triggered images, without those whose label the attack leaves, that get the attack's label, 0 to 1. */
  readonly asr: number;
}

/** How a model was infected. */
export interface Infection {
  /** The attack. */
  readonly attack: Attack;
  /** Clean accuracy at the end, 0 to 1. */
  readonly acc: number;
  /** Attack success rate at the end, 0 to 1. */
  readonly asr: number;
  /** The figures as they were measured, the last one at the end. */
  readonly epochs: readonly InfectionRow[];
}

/** A model that was infected, with its record. */
export interface Infected {
  /** How it was infected. */
  readonly infection: Infection;
}

/** How models are infected unless told otherwise. */
export const INFECTION = {
  epochs: 20,
  batchSize: 128,
  lr: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
  schedule: (steps: number) => oneCycle({ steps }),
};

/** Streams of the training's seed that must not meet those of the loader. */
const TRIGGERS = 11;
/** Images of the training set on which figures are measured where no test set is given. */
const SAMPLE = 1000;

/**
 * Trains `model` in place on poisoned images: stochastic gradient descent in one cycle, 20 epochs, learning rate 0.1,
 * batches of 128, momentum 0.9 after Nesterov, weight decay 5e-4. The trigger is put on after augmentation; which images
 * have it follows from the attack's seed and stays so, unless the attack has it drawn for each batch.
 *
 * @param model untrained or trained; gives scores `[N, classes]` for images `[N, C, H, W]`
 * @param data images in [0, 1] with labels
 * @returns the model itself, in evaluation mode, with its clean accuracy and attack success in `infection`.
 * @throws {TypeError | RangeError} when the data are no images in [0, 1], or the target is no class of theirs.
 * @throws {Error} when the training diverges.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const few = train.subset({ count: 256, seed: 1 });
 * const attack = ebb.backdoor.badnets({ target: 7 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const { infection } = await ebb.backdoor.infect(model, few, attack, { epochs: 1, progress: false });
 * assert(infection.acc >= 0 && infection.asr <= 1);
 * ```
 */
export async function infect<M extends Module>(
  model: M,
  data: Dataset,
  attack: Attack,
  options: InfectOptions = {},
): Promise<M & Infected> {
  const { test, ...training } = options;
  const settings = { ...INFECTION, ...training };
  checkTraining("infect", settings);
  const { classes } = await checkTask("infect", model, data, settings);
  const set = trainingSet(attack, data, classes);
  if (test !== undefined) goalsOf("infect", attack, await checkTask("infect", model, test, settings));
  const measured = test ?? (data.length > SAMPLE ? data.subset({ count: SAMPLE, seed: attack.seed }) : data);
  const generator = new Generator(settings.seed ?? attack.seed, TRIGGERS);
  const rows: InfectionRow[] = [];
  using learner = await attack.parts.learn?.({ model, data, classes, settings });
  await train("infect", model, set, settings, {
    loss: ({ tensors: [images, labels, marks, truth], step, steps }) => {
      learner?.step({ images, labels: truth, step, steps });
      model.train();
      const poison = attack.parts.redrawn
        ? drawPoison(attack, truth, classes, generator)
        : { marks: marks.data() as Uint8Array, labels };
      const batch = stamp(attack, images, poison.marks, generator);
      return crossEntropy(model.forward(batch), poison.labels);
    },
    epochEnds: async ({ epoch, loss }) => {
      if (test === undefined && epoch < settings.epochs) return;
      const { acc, asr } = await measure(model, measured, attack, settings);
      rows.push({ epoch, loss, acc, asr });
      return `accuracy ${percent(acc)}, trigger ${percent(asr)}`;
    },
  });
  const { acc, asr } = rows.at(-1)!;
  const infection: Infection = { attack, acc, asr, epochs: rows };
  return withRecord(model, { infection });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
