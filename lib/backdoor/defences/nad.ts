/**
 * Neural Attention Distillation (Li et al., ICLR 2021, arXiv:2101.05930): a fine-tuned copy of the model teaches it where
 * to look. The student's maps of attention behind each stage are drawn to the teacher's.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { add, crossEntropy, mseLoss, mul } from "../../tensor/ops/mod.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { attention, observe, stagesOf } from "../attention.ts";
import { train, type TrainingOptions } from "../train.ts";
import { BACKDOOR_BENCH } from "./backdoor_bench.ts";
import { repair } from "./repair.ts";

/** Options of {@linkcode nad}. */
export interface NadOptions extends TrainingOptions {
  /** Epochs for which the teacher is fine-tuned; default 10. */
  readonly teacherEpochs?: number;
  /** Weights of the distances of attention, the last for the last stage; default 500, 1000 and 1000. */
  readonly betas?: readonly number[];
  /** The power of activations that attention is the sum of; default 2. */
  readonly power?: number;
  /**
   * Names of the modules whose outputs `[N, C, H, W]` attention is taken of, as `namedModules` has them. Default: the last
   * convolution, or block of them, of each stage of one size, as many stages from the end as there are `betas`.
   */
  readonly layers?: readonly string[];
}

/**
 * Fine-tunes a copy as the teacher, then another as its student: cross-entropy and the weighted distances of attention.
 *
 * Defaults are those of BackdoorBench's code: 10 epochs for either, learning rate 0.01, for the teacher along half a
 * cosine, batches of 256. The authors' code has 20 epochs, batches of 64, a learning rate of 0.1 that falls, and β 5000 for
 * the last stage alone.
 *
 * @param model gives scores `[N, classes]` by convolutions; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch
 * @returns the student, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, the model has no stage or layer to attend to, or an
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
 * const short = { epochs: 1, teacherEpochs: 1, batchSize: 50, progress: false };
 * using repaired = await ebb.backdoor.nad(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export function nad<M extends Module>(model: M, clean: Dataset, options: NadOptions = {}): Promise<M> {
  const settings = {
    ...BACKDOOR_BENCH,
    epochs: 10,
    teacherEpochs: 10,
    schedule: undefined,
    betas: [500, 1000, 1000],
    power: 2,
    ...options,
  };
  const { betas, power, teacherEpochs } = settings;
  const lessons = {
    ...settings,
    epochs: teacherEpochs,
    schedule: options.schedule ?? BACKDOOR_BENCH.schedule,
  };
  return repair("nad", model, clean, settings, async (copy, { shape }) => {
    const names = options.layers ?? stagesOf(copy, shape).slice(-betas.length);
    if (options.layers === undefined && names.length === 0) {
      throw new TypeError(`nad: expected a model with convolutions but found ${copy.constructor.name}`);
    }
    check(betas, names, power);
    using teacher = copy.clone();
    await train("nad, teacher", teacher, clean, lessons, {
      loss: ({ tensors: [images, labels] }) => crossEntropy(teacher.forward(images), labels),
    });
    const weights = betas.slice(-names.length);
    const map = (activations: Tensor) => attention(activations, power);
    await train("nad", copy, clean, settings, {
      loss: ({ tensors: [images, labels] }) => {
        const there = noGrad(() => withMode(teacher, false, () => observe("nad", teacher, names, images)));
        const here = observe("nad", copy, names, images);
        return here.outputs.reduce(
          (loss, output, i) => add(loss, mul(mseLoss(map(output), map(there.outputs[i])), weights[i])),
          crossEntropy(here.scores, labels),
        );
      },
    });
  });
}

function check(betas: readonly number[], names: readonly string[], power: number): void {
  if (!(power > 0 && power < Infinity)) {
    throw new RangeError(`nad: expected power to be a number above 0 but found ${power}`);
  }
  if (!betas.every((beta) => beta >= 0 && beta < Infinity)) {
    throw new RangeError(`nad: expected betas to be numbers of at least 0 but found ${betas.join(", ")}`);
  }
  if (names.length === 0 || names.length > betas.length) {
    throw new RangeError(
      `nad: expected layers, at most as many as the ${betas.length} betas, but found ${names.length}`,
    );
  }
}
