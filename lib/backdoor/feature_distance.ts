/**
 * The other half of the paper's observation (arXiv:2202.06312, Figure 3 of its poster): in an infected model's features
 * adversarial examples lie near triggered images; in a benign model's they do not.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { sqrt, square, sub, sum } from "../tensor/ops/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AdversarialLabelsOptions } from "./adversarial_labels.ts";
import type { Attack } from "./attack.ts";
import { attacked } from "./attacked.ts";
import { farEnough } from "./epsilon.ts";
import { penultimate } from "./features.ts";
import { checkTask } from "./images.ts";
import { goalsOf } from "./measure.ts";

/** Mean distances (l2) between penultimate features of the same images in three forms. */
export interface FeatureDistance {
  /** From the adversarial example to the image with the trigger. */
  readonly adversarialTriggered: number;
  /** From the clean image to the image with the trigger. */
  readonly cleanTriggered: number;
  /** From the adversarial example to the clean image. */
  readonly adversarialClean: number;
  /** The most by which a value of an image was changed. */
  readonly epsilon: number;
}

/**
 * How far a model's penultimate features of adversarial, triggered and clean images lie apart, on average. Images whose
 * label the attack leaves are not looked at. To compare models give them the same `epsilon`; features of two models have
 * scales of their own, so that the first distance says most beside the second one.
 *
 * @param model has a linear layer at its end
 * @param clean images in [0, 1] with their true labels
 * @param attack whose trigger is put on
 * @throws {TypeError} when the model has no linear layer.
 * @throws {RangeError} when no image has another label than the attack's.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const attack = ebb.backdoor.badnets();
 * const few = test.subset({ count: 20 });
 * const found = await ebb.backdoor.featureDistance(model, few, attack, { epsilon: 0.1 });
 * assert(found.adversarialTriggered > 0);
 * ```
 */
export async function featureDistance(
  model: Module,
  clean: Dataset,
  attack: Attack,
  options: AdversarialLabelsOptions = {},
): Promise<FeatureDistance> {
  const set = await checkTask("featureDistance", model, clean, options);
  const { rows } = goalsOf("featureDistance", attack, set);
  const images = clean.subset({ indices: rows });
  const epsilon = options.epsilon ?? await farEnough(model, images, options);
  const sums = [0, 0, 0];
  const features = (images: Tensor) => penultimate(model, images).features;
  const batches = attacked(
    "featureDistance",
    model,
    images,
    { ...options, epsilon },
    ({ images, adversarial }) => {
      const [a, t, c] = [adversarial, attack.parts.trigger(images), images].map(features);
      return [distance(a, t), distance(c, t), distance(a, c)];
    },
  );
  for await (const batch of batches) batch.forEach((value, i) => sums[i] += value);
  const [adversarialTriggered, cleanTriggered, adversarialClean] = sums.map((total) => total / rows.length);
  return { adversarialTriggered, cleanTriggered, adversarialClean, epsilon };
}

/** The sum of the rows' distances. */
function distance(a: Tensor, b: Tensor): number {
  return sum(sqrt(sum(square(sub(a, b)), 1))).item();
}
