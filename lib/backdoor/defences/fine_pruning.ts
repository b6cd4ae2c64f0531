/**
 * Fine-Pruning (Liu, Dolan-Gavitt and Garg, arXiv:1805.12185): neurons that sleep on clean images are where a backdoor
 * may live. They are cut off, and the rest is fine-tuned. As in BackdoorBench the neurons are the inputs of the last
 * linear layer; the paper prunes the channels of the last convolution.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { loader } from "../../data/loader.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost } from "../../tensor/create.ts";
import { clone, copy_, crossEntropy, mul, mul_, sum } from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { lastLinear, penultimate } from "../features.ts";
import { train, type TrainingOptions } from "../train.ts";
import { BACKDOOR_BENCH } from "./backdoor_bench.ts";
import { HELD_OUT, type HeldOutOptions, pruneWhile, splitOff } from "./held_out.ts";
import { repair } from "./repair.ts";
import { runPass } from "../run.ts";

/** Options of {@linkcode finePruning}. */
export interface FinePruningOptions extends TrainingOptions, HeldOutOptions {
  /** Share of the neurons that are pruned between two looks at the accuracy, in (0, 1]; default 0.01. */
  readonly pruneShare?: number;
}

/**
 * Prunes the inputs of the last linear layer that are least active on clean images, as many as the accuracy on held-out
 * ones allows, and fine-tunes what is left on all of them. What was pruned stays so.
 *
 * Defaults are BackdoorBench's: 1 % of the neurons at a time while less than 10 % of the accuracy is lost, then 100
 * epochs at learning rate 0.01 along half a cosine, batches of 256.
 *
 * @param model gives scores `[N, classes]` by a linear layer; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch
 * @returns a repaired copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, the model has no linear layer, or an option is out
 * of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const short = { epochs: 1, batchSize: 50, pruneShare: 0.2, progress: false };
 * using repaired = await ebb.backdoor.finePruning(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export function finePruning<M extends Module>(
  model: M,
  clean: Dataset,
  options: FinePruningOptions = {},
): Promise<M> {
  const settings = { ...BACKDOOR_BENCH, ...HELD_OUT, pruneShare: 0.01, ...options };
  const { pruneShare } = settings;
  return repair("finePruning", model, clean, settings, async (copy) => {
    if (!(pruneShare > 0 && pruneShare <= 1)) {
      throw new RangeError(
        `finePruning: expected pruneShare above 0 and of at most 1 but found ${pruneShare}`,
      );
    }
    const { weight } = lastLinear("finePruning", copy);
    const [, neurons] = weight.shape;
    using whole = noGrad(() => clone(weight));
    using mask = fromHost(new Float32Array(neurons).fill(1), [1, neurons], {
      dtype: "float32",
      device: weight.device,
    });
    const [held, rest] = splitOff("finePruning", clean, settings);
    const activity = await meanFeatures(copy, rest, settings);
    const sleepiest = [...activity.keys()].sort((a, b) => activity[a] - activity[b] || a - b);
    const atOnce = Math.ceil(pruneShare * neurons);
    const apply = (stage: number) => {
      const values = new Float32Array(neurons).fill(1);
      for (const neuron of sleepiest.slice(0, stage * atOnce)) values[neuron] = 0;
      noGrad(() =>
        scope(() => {
          copy_(mask, fromHost(values, mask.shape, { dtype: "float32", device: mask.device }));
          copy_(weight, mul(whole, mask));
        })
      );
    };
    await pruneWhile("finePruning", copy, held, {
      ...settings,
      count: Math.ceil(neurons / atOnce) - 1,
      apply,
    });
    await train("finePruning", copy, clean, settings, {
      loss: ({ tensors: [images, labels] }) => crossEntropy(copy.forward(images), labels),
      // Weights of 0 without a gradient stay 0, with momentum and decay.
      gradientsReady: () => noGrad(() => void mul_(weight.grad!, mask)),
    });
  });
}

/** The mean of each penultimate feature. */
async function meanFeatures(
  model: Module,
  clean: Dataset,
  { batchSize, swap }: Pick<FinePruningOptions, "batchSize" | "swap">,
): Promise<Float64Array> {
  const { weight } = lastLinear("finePruning", model);
  const means = new Float64Array(weight.shape[1]);
  const sums = (images: Tensor) =>
    noGrad(() =>
      scope(() => withMode(model, false, () => sum(penultimate(model, images).features, 0).data()))
    );
  for await (const [images] of loader(clean, { batchSize, device: weight.device })) {
    const batch = await runPass(swap, () => sums(images));
    batch.forEach((value, i) => means[i] += Number(value) / clean.length);
  }
  return means;
}
