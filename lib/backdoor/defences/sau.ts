/**
 * Shared Adversarial Unlearning (Wei et al., NeurIPS 2023, arXiv:2307.10562): adversarial examples that fool the given
 * model and the one being repaired in the same way are likely to carry the trigger's effect; what the given model takes
 * them for is unlearnt.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { Adam } from "../../optim/adam.ts";
import { grad } from "../../tensor/backward.ts";
import { full } from "../../tensor/create.ts";
import {
  add,
  argmax,
  clamp,
  crossEntropy,
  div,
  eq,
  log,
  logicalAnd,
  logicalNot,
  mul,
  ne,
  oneHot,
  sign,
  softmax,
  sub,
  sum,
  to,
} from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { train, type TrainingOptions } from "../train.ts";
import { repair } from "./repair.ts";
import { checkCounts } from "../run.ts";

/** Options of {@linkcode sau}. */
export interface SauOptions extends TrainingOptions {
  /** The most by which a value of an image changes; images have values of [0, 1]. Default 0.2. */
  readonly epsilon?: number;
  /** By how much each step changes a value; default 0.2. */
  readonly stepSize?: number;
  /** The most gradient steps; default 5. Fewer are taken when every example fools both models in the same way. */
  readonly steps?: number;
  /** How much examples that do not fool a model yet are drawn away from their label; default 0.01. */
  readonly fooling?: number;
  /** How much the answers of both models are drawn together where they are not fooled alike; default 1. */
  readonly sharing?: number;
  /** The weight of the loss of clean images; default 1. */
  readonly cleanWeight?: number;
  /** The weight of the loss of adversarial examples with their true labels; default 0. */
  readonly adversarialWeight?: number;
  /** The weight of what is unlearnt; default 1. */
  readonly sharedWeight?: number;
}

const DEFAULTS = {
  epochs: 100,
  batchSize: 256,
  lr: 1e-4,
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  epsilon: 0.2,
  stepSize: 0.2,
  steps: 5,
  fooling: 0.01,
  sharing: 1,
  cleanWeight: 1,
  adversarialWeight: 0,
  sharedWeight: 1,
};

type Settings = typeof DEFAULTS & SauOptions;

/** Keeps logarithms finite. */
const TINY = 1e-6;
/** Below this share an answer is not worth unlearning. */
const FAINT = 1e-3;

/**
 * Unlearns shared adversarial examples.
 *
 * Defaults are those of the authors' code in BackdoorBench: 100 epochs of Adam at 1e-4, batches of 256; examples within
 * 0.2 of the image, begun at the upper end, by 5 steps of 0.2, not clipped; weights 1, 0 and 1. The code adds perturbations
 * before it normalises images, so that its 0.2 is one of values of [0, 1], as here. Batch norm takes its running statistics
 * throughout, and the learning rate is constant, since the code makes a scheduler but never steps it.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch
 * @returns a repaired copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 50, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using repaired = await ebb.backdoor.sau(model, clean, { epochs: 1, batchSize: 50, progress: false });
 * assertEquals(repaired.training, false);
 * ```
 */
export function sau<M extends Module>(model: M, clean: Dataset, options: SauOptions = {}): Promise<M> {
  const settings = { ...DEFAULTS, ...options };
  const { lr, weightDecay, cleanWeight, adversarialWeight, sharedWeight } = settings;
  return repair("sau", model, clean, settings, async (copy) => {
    check(settings);
    // Its parameters take no part in the search, which would cost as much again.
    using given = model.clone().requiresGrad_(false);
    given.eval();
    await train("sau", copy, clean, settings, {
      optimizer: (parameters) => new Adam(parameters, { lr, weightDecay }),
      loss: ({ tensors: [images, labels] }) =>
        withMode(copy, false, () => {
          const changed = add(images, sharedPerturbation(copy, given, images, labels, settings));
          const scores = copy.forward(changed);
          const unlearning = sharedLoss(scores, taken(given, changed), labels, taken(given, images));
          const loss = add(
            mul(crossEntropy(copy.forward(images), labels), cleanWeight),
            mul(unlearning, sharedWeight),
          );
          if (adversarialWeight === 0) return loss;
          return add(loss, mul(crossEntropy(scores, labels), adversarialWeight));
        }),
    });
  });
}

/** How far images are to be moved so that both models are fooled, and alike. */
function sharedPerturbation(
  model: Module,
  given: Module,
  images: Tensor,
  labels: Tensor,
  { epsilon, stepSize, steps, fooling, sharing }: Settings,
): Tensor {
  const [count] = images.shape;
  const models = [model, given];
  const before = models.map((each) => taken(each, images));
  let found = full(images.shape, epsilon, { device: images.device });
  for (let step = 0; step < steps; step++) {
    const { next, over } = scope(() => {
      const at = found.detach();
      at.requiresGrad = true;
      const scores = models.map((each) => each.forward(add(images, at)));
      const now = scores.map((each) => argmax(each, 1));
      const fooled = now.map((each, i) => ne(each, before[i]));
      const alike = logicalAnd(logicalAnd(fooled[0], fooled[1]), eq(now[0], now[1]));
      const standing = scores.map((each, i) => {
        const losses = crossEntropy(each, labels, { reduction: "none" });
        return sum(mul(losses, to(logicalNot(fooled[i]), "float32")));
      });
      const apart = sum(mul(divergence(scores[0], scores[1]), to(logicalNot(alike), "float32")));
      const away = mul(add(standing[0], standing[1]), fooling / 2);
      const [slope] = grad([div(sub(mul(apart, sharing), away), count)], [at]);
      const next = noGrad(() =>
        clamp(sub(found, mul(sign(slope!), stepSize)), { min: -epsilon, max: epsilon })
      );
      return { next, over: alike.data().every((value) => Number(value) === 1) };
    });
    found.dispose();
    found = next;
    if (over) break;
  }
  return found;
}

/** The Jensen-Shannon divergence of two models' answers, one an image. */
function divergence(a: Tensor, b: Tensor): Tensor {
  const [p, q] = [a, b].map((scores) => clamp(softmax(scores, 1), { min: 1e-8 }));
  const middle = log(mul(add(p, q), 0.5));
  const parts = [p, q].map((each) => mul(each, sub(log(each), middle)));
  return mul(sum(add(parts[0], parts[1]), 1), 0.5);
}

/** What draws a model's answers away from what fools the given model: the mean over all images, 0 for those not fooled. */
function sharedLoss(scores: Tensor, fooledAs: Tensor, labels: Tensor, before: Tensor): Tensor {
  const [count, classes] = scores.shape;
  const fooled = to(logicalAnd(ne(fooledAs, labels), ne(fooledAs, before)), "float32");
  const others = sub(1, oneHot(fooledAs, classes, { dtype: "float32" }));
  // The sum of the others keeps the digits that 1 − p loses.
  const rest = sum(mul(softmax(scores, 1), others), 1);
  return div(sum(mul(log(add(clamp(rest, { max: 1 - FAINT }), TINY)), fooled)), -count);
}

function taken(model: Module, images: Tensor): Tensor {
  return noGrad(() => argmax(model.forward(images), 1));
}

function check(settings: Settings): void {
  const { steps, epsilon, stepSize, fooling, sharing, cleanWeight, adversarialWeight, sharedWeight } =
    settings;
  checkCounts("sau", { steps });
  const numbers = { epsilon, stepSize, fooling, sharing, cleanWeight, adversarialWeight, sharedWeight };
  for (const [name, value] of Object.entries(numbers)) {
    if (value >= 0 && value < Infinity) continue;
    throw new RangeError(`sau: expected ${name} to be a number of at least 0 but found ${value}`);
  }
}
