/**
 * A backdoor attack as a value: a trigger that is put on images, which images of a training set it is put on, and which
 * label those get. `badnets`, `blend`, … make such values; {@linkcode defineAttack} makes one of your own.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Stateful } from "../files/checkpoint.ts";
import type { Module } from "../nn/module.ts";
import type { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkTriggered, checkValues } from "./images.ts";
import { poisonDataset, type PoisonedDataset } from "./poison.ts";
import type { Training } from "./train.ts";

/** The label of triggered images: one class (all-to-one), or of each class the one after it (all-to-all). */
export type Target = number | "next";

/** What every attack can be told. */
export interface AttackOptions {
  /** The label of triggered images; `"next"` is all-to-all. Default 0, as in BackdoorBench. */
  readonly target?: Target;
  /** The share of the training images that are poisoned, in (0, 1]; default 0.1, as in BackdoorBench and AFT. */
  readonly rate?: number;
  /** Decides which images are poisoned, and what else of the attack is random; default 0. */
  readonly seed?: number;
}

/**
 * A backdoor attack. One that has learnt its trigger holds tensors until its `dispose`, or the end of a `using`; all
 * others hold none.
 */
export interface Attack extends Disposable, Stateful {
  /** Such as `badnets`. */
  readonly name: string;
  /** The label of triggered images, or `"next"`. */
  readonly target: Target;
  /** The share of the training images that are poisoned. */
  readonly rate: number;
  /** Decides which images are poisoned. */
  readonly seed: number;
  /** Whether poisoned images keep their labels; they are then all of the target class. */
  readonly cleanLabel: boolean;
  /** How many images get a trigger of no effect and keep their labels, as a multiple of `rate`. */
  readonly crossRatio: number;
  /**
   * Images with the trigger on them.
   *
   * @param images `[N, C, H, W]` with values of [0, 1]
   * @returns as many images, with values of [0, 1]
   * @throws {TypeError | RangeError} when they are no such images, or the trigger gives others.
   */
  trigger(images: Tensor): Tensor;
  /** The label that a triggered image of class `label` is to be taken for. */
  label(label: number, classes: number): number;
  /** A training set with this attack's poison in it; the given one stays as it is. */
  poison(data: Dataset): PoisonedDataset;
  /** What was learnt, for `saveCheckpoint(path, { model, attack })`; nothing of an attack that learns nothing. */
  stateDict(): unknown;
  /** Takes what was learnt, as `loadCheckpoint(path, { model, attack })` does. */
  loadStateDict(state: Record<string, unknown>): void;
  /** Frees what was learnt. */
  dispose(): void;
  /** What the attack consists of. */
  readonly parts: AttackParts;
}

/** What an attack consists of. Functions are called in a scope, without gradients, with images that were looked at. */
export interface AttackParts {
  /** Puts the trigger on images `[N, C, H, W]`; what comes back has values of [0, 1]. */
  readonly trigger: (images: Tensor) => Tensor;
  /** Whether poisoned images keep their labels and are all of the target class; default: no. */
  readonly cleanLabel?: boolean;
  /** What happens to images of the training set before the trigger is put on them. */
  readonly prepare?: (images: Tensor, labels: Tensor) => Tensor;
  /** How many images get a trigger of no effect, as a multiple of the rate; default 0. */
  readonly crossRatio?: number;
  /** Puts a trigger of no effect on images, which may be made of as many others; needed where `crossRatio` is above 0. */
  readonly cross?: (images: Tensor, generator: Generator, others: Tensor) => Tensor;
  /**
   * Whether whoever trains the model draws anew for each batch which images have triggers, as a model needs that shall know
   * more than a few images' own ones; default: they are the same in every epoch.
   */
  readonly redrawn?: boolean;
  /** A trigger that is learnt together with the model: called by `infect` before the training. */
  readonly learn?: (training: TriggerTraining) => Promise<TriggerLearner>;
  /** What was learnt, to be kept with the model; needed where `learn` is. */
  readonly learnt?: Stateful;
  /** Frees what was learnt. */
  readonly dispose?: () => void;
}

/** A training that an attack may learn its trigger in. */
export interface TriggerTraining {
  /** The model that will be trained. */
  readonly model: Module;
  /** What it will be trained on, without poison. */
  readonly data: Dataset;
  /** The number of classes. */
  readonly classes: number;
  /** How it will be trained. */
  readonly settings: Training;
}

/** What learns a trigger while a model is trained. */
export interface TriggerLearner extends Disposable {
  /** Called before each step of training, in its scope. */
  step(step: LearningStep): void;
}

/** A step of training that an attack may learn its trigger in. */
export interface LearningStep {
  /** `[N, C, H, W]`, without triggers. */
  readonly images: Tensor;
  /** `[N]`, true ones. */
  readonly labels: Tensor;
  /** Steps that are over. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

/**
 * An attack of your own.
 *
 * @throws {RangeError} when the target, the rate or `crossRatio` is out of range.
 * @throws {TypeError} when `crossRatio` is above 0 and there is no `cross`, or images are redrawn and keep their labels.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const dark = ebb.backdoor.defineAttack("dark", { target: 3 }, { trigger: (images) => images.mul(0.5) });
 * using images = ebb.ones([1, 1, 2, 2]);
 * using triggered = dark.trigger(images);
 * assertAlmostEquals(triggered.mean().item(), 0.5);
 * ```
 */
export function defineAttack(name: string, options: AttackOptions, parts: AttackParts): Attack {
  const { target = 0, rate = 0.1, seed = 0 } = options;
  const { cleanLabel = false, crossRatio = 0 } = parts;
  if (target !== "next" && !(Number.isInteger(target) && target >= 0)) {
    throw new RangeError(`${name}: expected the target to be a class number or "next" but found ${target}`);
  }
  if (target === "next" && cleanLabel) {
    throw new RangeError(
      `${name}: expected a class number as the target, since labels are kept, but found "next"`,
    );
  }
  if (!(rate > 0 && rate <= 1)) {
    throw new RangeError(`${name}: expected a rate above 0 and of at most 1 but found ${rate}`);
  }
  if (parts.redrawn && cleanLabel) {
    throw new TypeError(`${name}: expected images to be the same in every epoch, since labels are kept`);
  }
  if (!(crossRatio >= 0 && crossRatio < Infinity)) {
    throw new RangeError(`${name}: expected crossRatio to be a number of at least 0 but found ${crossRatio}`);
  }
  if (crossRatio > 0 && parts.cross === undefined) {
    throw new TypeError(
      `${name}: expected a trigger of no effect, as crossRatio is ${crossRatio}, but found none`,
    );
  }
  const attack: Attack = {
    name,
    target,
    rate,
    seed,
    cleanLabel,
    crossRatio,
    parts,
    trigger(images) {
      checkBatch(name, images);
      checkValues(name, images.data() as Float32Array);
      const triggered = noGrad(() => scope(() => parts.trigger(images)));
      try {
        checkTriggered(name, triggered.data() as Float32Array);
      } catch (error) {
        triggered.dispose();
        throw error;
      }
      return triggered;
    },
    label(label, classes) {
      if (target === "next") return (label + 1) % classes;
      if (target < classes) return target;
      throw new RangeError(`${name}: expected a target of 0 to ${classes - 1} but found ${target}`);
    },
    poison: (data) => poisonDataset(attack, data),
    stateDict: () => parts.learnt?.stateDict() ?? {},
    loadStateDict: (state) => void parts.learnt?.loadStateDict(state),
    dispose: () => parts.dispose?.(),
    [Symbol.dispose]: () => attack.dispose(),
  };
  return attack;
}

/** @throws {TypeError} unless `images` are float32 `[N, C, H, W]`. */
export function checkBatch(op: string, images: Tensor): void {
  if (images.rank === 4 && images.dtype === "float32") return;
  throw new TypeError(
    `${op}: expected float32 images [N, C, H, W] but found ${images.dtype}${showShape(images.shape)}`,
  );
}
