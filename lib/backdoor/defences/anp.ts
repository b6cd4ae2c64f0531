/**
 * Adversarial Neuron Pruning (Wu and Wang, NeurIPS 2021, arXiv:2110.14430): neurons with a backdoor give way first when
 * the weights and biases of batch norm are perturbed against the model. A mask over channels is learnt under such
 * perturbations, and channels that it turns down are cut off.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { SGD } from "../../optim/sgd.ts";
import { grad } from "../../tensor/backward.ts";
import { fromHost, ones, rand } from "../../tensor/create.ts";
import { add, clamp_, copy_, crossEntropy, mul, sign, sub } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import { keep, scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Norm, normsOf } from "../norms.ts";
import { train, type TrainingOptions } from "../train.ts";
import { HELD_OUT, type HeldOutOptions, pruneWhile, splitOff } from "./held_out.ts";
import { repair } from "./repair.ts";
import { checkCounts } from "../run.ts";

/** Options of {@linkcode anp}. */
export interface AnpOptions extends Omit<TrainingOptions, "epochs">, HeldOutOptions {
  /** Steps in which the mask is learnt, rounded up to whole epochs; default 2,000. */
  readonly iterations?: number;
  /**
   * How far weights and biases are perturbed, as a share of themselves; default 0.4: as in the authors' code a random start
   * of up to so much, and gradient steps of so much together.
   */
  readonly epsilon?: number;
  /** Gradient steps of ε / steps by which a perturbation is found, from a random one; default 1. */
  readonly steps?: number;
  /** Share of the loss that is taken without perturbation, 0 to 1; default 0.2. */
  readonly alpha?: number;
  /** Values of the mask, ascending, up to which channels are pruned; default 0, 0.05, … 0.9. */
  readonly thresholds?: readonly number[];
}

/** A batch norm that has channels to prune. */
type Affine = Norm & { readonly weight: Tensor; readonly bias: Tensor };

const DEFAULTS = {
  ...HELD_OUT,
  iterations: 2000,
  batchSize: 128,
  lr: 0.2,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0,
  epsilon: 0.4,
  steps: 1,
  alpha: 0.2,
  thresholds: Array.from({ length: 19 }, (_, i) => i / 20) as readonly number[],
};

/** A stream of the training's seed that must not meet those of the loader. */
const NOISE = 31;

/**
 * Prunes the channels whose mask is lowest, by the highest threshold that the accuracy on held-out clean images allows. A
 * pruned channel's weight in batch norm is 0; its bias stays, as in the authors' code. Nothing is trained but the mask.
 *
 * Defaults are the authors': ε 0.4 in 1 step, α 0.2, 2,000 iterations of batches of 128 at learning rate 0.2 with momentum
 * 0.9. The thresholds and the bound on the accuracy are BackdoorBench's, which however picks by the attack's success on
 * the test set.
 *
 * @param model gives scores `[N, classes]` and has batch norm; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch
 * @returns a repaired copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, the model has no batch norm with weights, or an
 * option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const short = { iterations: 2, batchSize: 50, progress: false };
 * using repaired = await ebb.backdoor.anp(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export function anp<M extends Module>(model: M, clean: Dataset, options: AnpOptions = {}): Promise<M> {
  const settings = { ...DEFAULTS, ...options };
  const { thresholds } = settings;
  return repair("anp", model, clean, settings, async (copy) => {
    check(settings);
    const norms = affineNorms(copy);
    const [held, rest] = splitOff("anp", clean, settings);
    const masks = await learnMasks(copy, rest, settings);
    const whole = affineNorms(model).map(({ weight }) => weight);
    const apply = (stage: number) =>
      noGrad(() =>
        scope(() =>
          norms.forEach(({ weight }, i) => {
            const kept = masks[i].map((value) => Number(stage === 0 || value > thresholds[stage - 1]));
            const mask = fromHost(kept, weight.shape, { dtype: "float32", device: weight.device });
            copy_(weight, mul(whole[i], mask));
          })
        )
      );
    await pruneWhile("anp", copy, held, { ...settings, count: thresholds.length, apply });
  });
}

/** A value of 0 to 1 for every channel of every batch norm: how well it stands perturbations. */
async function learnMasks(
  model: Module,
  clean: Dataset,
  settings: typeof DEFAULTS & AnpOptions,
): Promise<Float32Array<ArrayBuffer>[]> {
  const { iterations, batchSize, epsilon, steps, alpha, seed } = settings;
  const { lr, momentum, nesterov, weightDecay } = settings;
  const generator = seed === undefined ? undefined : new Generator(seed, NOISE);
  // A copy, since its running statistics follow what is done to it.
  using copy = model.clone().requiresGrad_(false);
  const norms = affineNorms(copy);
  const masks = norms.map(({ weight }) => {
    const mask = keep(ones(weight.shape, { device: weight.device }));
    mask.requiresGrad = true;
    return mask;
  });
  const noise = () =>
    norms.flatMap(({ weight: { shape, device } }) =>
      [1, 2].map(() => mul(sub(rand(shape, { device, generator }), 0.5), 2 * epsilon))
    );
  const lossOf = (images: Tensor, labels: Tensor, noise?: readonly Tensor[]) => {
    const factors = norms.map((_, i) => ({
      weight: noise === undefined ? masks[i] : add(masks[i], noise[2 * i]),
      bias: noise === undefined ? 1 : add(noise[2 * i + 1], 1),
    }));
    return scaled(norms, factors, () => crossEntropy(copy.forward(images), labels));
  };
  const worst = (images: Tensor, labels: Tensor) => {
    let found = noGrad(noise);
    for (let step = 0; step < steps; step++) {
      found = scope(() => {
        const from = found.map((value) => {
          const leaf = value.detach();
          leaf.requiresGrad = true;
          return leaf;
        });
        const slopes = grad([lossOf(images, labels, from)], from);
        return noGrad(() => found.map((value, i) => add(value, mul(sign(slopes[i]!), epsilon / steps))));
      });
    }
    return found;
  };
  try {
    const epochs = Math.ceil(iterations / Math.ceil(clean.length / Math.min(batchSize, clean.length)));
    await train("anp", copy, clean, { ...settings, epochs }, {
      optimizer: () => new SGD(masks, { lr, momentum, nesterov, weightDecay }),
      loss: ({ tensors: [images, labels] }) => {
        const robust = lossOf(images, labels, worst(images, labels));
        return add(mul(lossOf(images, labels), alpha), mul(robust, 1 - alpha));
      },
      stepEnds: () => noGrad(() => masks.forEach((mask) => clamp_(mask, { min: 0, max: 1 }))),
    });
    return masks.map((mask) => Float32Array.from(mask.data() as Float32Array));
  } finally {
    for (const mask of masks) mask.dispose();
  }
}

/** Runs `fn` with the weights and biases of batch norms multiplied by what is given. */
function scaled<T>(
  norms: readonly Affine[],
  factors: readonly { weight: Tensor; bias: Tensor | number }[],
  fn: () => T,
): T {
  const own = norms.map(({ weight, bias }) => ({ weight, bias }));
  norms.forEach((norm, i) =>
    Object.assign(norm, {
      weight: mul(own[i].weight, factors[i].weight),
      bias: mul(own[i].bias, factors[i].bias),
    })
  );
  try {
    return fn();
  } finally {
    norms.forEach((norm, i) => Object.assign(norm, own[i]));
  }
}

function affineNorms(model: Module): Affine[] {
  const norms = normsOf(model).filter((norm): norm is Affine => norm.weight !== null);
  if (norms.length > 0) return norms;
  throw new TypeError(
    `anp: expected a model with batch norm, whose channels are pruned, but found ${model.constructor.name} without`,
  );
}

function check({ iterations, steps, epsilon, alpha, thresholds }: typeof DEFAULTS & AnpOptions): void {
  checkCounts("anp", { iterations, steps });
  if (!(epsilon >= 0 && epsilon < Infinity)) {
    throw new RangeError(`anp: expected epsilon to be a number of at least 0 but found ${epsilon}`);
  }
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`anp: expected alpha of 0 to 1 but found ${alpha}`);
  }
  if (!thresholds.every((value, i) => value > (thresholds[i - 1] ?? -Infinity))) {
    throw new RangeError(`anp: expected thresholds to ascend but found ${thresholds.join(", ")}`);
  }
}
