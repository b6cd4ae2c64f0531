/**
 * What a model is taught about a batch while a backdoor is erased: the labels, the given model's answers, and what the given
 * model's stages make of the images. All that is the given model's it says of clean images, which do not show the trigger.
 *
 * @module
 */
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost } from "../../tensor/create.ts";
import {
  add,
  concat,
  crossEntropy,
  div,
  klDiv,
  logSoftmax,
  maskedFill,
  mean,
  mul,
  narrow,
  softmax,
  square,
  sub,
  sum,
} from "../../tensor/ops/mod.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Observation, observe, stagesOf } from "../attention.ts";
import type { Changed } from "./adversary.ts";
import type { Erasure } from "./erase.ts";

/** Who learns, from whom, and by which weights; see `ErasureOptions`. */
export interface LessonParts extends Pick<Erasure, "cleanWeight" | "distillation" | "featureWeight"> {
  /** Who asks, for errors. */
  readonly op: string;
  readonly model: Module;
  readonly given: Module;
  /** `[C, H, W]` of an image. */
  readonly shape: readonly number[];
}

/** The temperature of distillation (Hinton, Vinyals and Dean, arXiv:1503.02531). */
const TEMPERATURE = 2;
/** Stages, from the last on, whose outputs are compared. */
const STAGES = 3;
/** Against division by 0. */
const TINY = 1e-6;
/** A score so low that a class has no part in the answer. */
const NEVER = -60;

/** The loss of a batch. */
export class Lesson {
  readonly #parts: LessonParts;
  readonly #stages: readonly string[];

  constructor(parts: LessonParts) {
    this.#parts = parts;
    this.#stages = parts.featureWeight === 0 ? [] : stagesOf(parts.model, parts.shape).slice(-STAGES);
  }

  /** That of clean images. */
  clean(images: Tensor, labels: Tensor): Tensor {
    const there = this.#teacher(images);
    const here = this.#look(this.#parts.model, images);
    return this.#withFeatures(this.#answers(here.scores, there?.scores, labels), here.outputs, there);
  }

  /** That of images as they are and as an adversary changed them, in one pass. */
  adversarial(images: Tensor, changed: Changed, labels: Tensor): Tensor {
    const { model, cleanWeight } = this.#parts;
    if (cleanWeight === 0) return crossEntropy(model.forward(changed.images), labels);
    const there = this.#teacher(images);
    const here = this.#look(model, concat([images, changed.images]));
    const [count] = images.shape;
    const [own, led] = [0, count].map((start) => narrow(here.scores, 0, start, count));
    const clean = this.#answers(own, there?.scores, labels);
    const untargeted = there && withoutTarget(there.scores, labels, changed.target);
    const adversarial = this.#answers(led, untargeted, labels);
    const answers = add(mul(clean, cleanWeight), mul(adversarial, 1 - cleanWeight));
    return this.#withFeatures(answers, here.outputs.map((output) => narrow(output, 0, 0, count)), there);
  }

  #look(model: Module, images: Tensor): Observation {
    return observe(this.#parts.op, model, this.#stages, images);
  }

  /** What the given model makes of images, unless nobody asks. */
  #teacher(images: Tensor): Observation | undefined {
    const { given, distillation } = this.#parts;
    if (distillation === 0 && this.#stages.length === 0) return undefined;
    return noGrad(() => withMode(given, false, () => this.#look(given, images)));
  }

  /** The distance from the labels, and from the given model's answers as far as `distillation` says. */
  #answers(scores: Tensor, teacher: Tensor | undefined, labels: Tensor): Tensor {
    const { distillation } = this.#parts;
    const truth = crossEntropy(scores, labels);
    if (distillation === 0 || teacher === undefined) return truth;
    return add(mul(distance(scores, teacher), distillation), mul(truth, 1 - distillation));
  }

  /** A loss, and the mean distance of stages from the given model's, in parts of the length of what these gave. */
  #withFeatures(loss: Tensor, outputs: readonly Tensor[], given: Observation | undefined): Tensor {
    if (given === undefined) return loss;
    const length = (x: Tensor) => sum(square(x), [1, 2, 3]);
    const weight = this.#parts.featureWeight / Math.max(1, outputs.length);
    return outputs.reduce((loss, output, i) => {
      const far = mean(div(length(sub(output, given.outputs[i])), add(length(given.outputs[i]), TINY)));
      return add(loss, mul(far, weight));
    }, loss);
  }
}

/** The distance of a model's answers from another's, after both were softened. */
function distance(scores: Tensor, teacher: Tensor): Tensor {
  const soft = softmax(mul(teacher, 1 / TEMPERATURE), 1);
  const divergence = klDiv(logSoftmax(mul(scores, 1 / TEMPERATURE), 1), soft, { reduction: "batchmean" });
  return mul(divergence, TEMPERATURE ** 2);
}

/** A model's answers without a label that images were led to, except to images of that label. */
function withoutTarget(scores: Tensor, labels: Tensor, target: number | undefined): Tensor {
  if (target === undefined) return scores;
  const { shape: [count, classes], device } = scores;
  const mask = new Uint8Array(count * classes);
  Array.from(labels.data(), Number).forEach((label, row) => {
    if (label !== target) mask[row * classes + target] = 1;
  });
  return maskedFill(scores, fromHost(mask, [count, classes], { dtype: "bool", device }), NEVER);
}
