/**
 * FT-SAM (Zhu et al., "Enhancing Fine-Tuning Based Backdoor Defense with Sharpness-Aware Minimization", ICCV 2023,
 * arXiv:2304.11823): fine-tuning that looks for flat minima. Each step takes the gradient where the loss is worst within a
 * radius, which is measured against the size of each weight (adaptive SAM, Kwon et al., arXiv:2102.11600), so that the
 * large weights of a backdoor's neurons move the most.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import {
  add,
  add_,
  clone,
  copy_,
  crossEntropy,
  div,
  mul,
  norm,
  square,
  stack,
} from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { withBatchStatistics } from "../norms.ts";
import { train, type TrainingOptions } from "../train.ts";
import { BACKDOOR_BENCH } from "./backdoor_bench.ts";
import { repair } from "./repair.ts";

/** Options of {@linkcode ftSam}. */
export interface FtSamOptions extends TrainingOptions {
  /** The radius within which the loss is taken at its worst; default 2. */
  readonly rho?: number;
  /** The share of each label that is spread over the other classes, 0 to 0.5; default 0.1. */
  readonly labelSmoothing?: number;
}

/** Against division by 0. */
const TINY = 1e-12;

/**
 * Fine-tunes on clean images by adaptive sharpness-aware minimization. A step costs two of plain fine-tuning.
 *
 * Defaults are BackdoorBench's: ρ 2, label smoothing 0.1, 100 epochs at learning rate 0.01 along half a cosine, batches of
 * 256. The cosine goes over the whole training; in BackdoorBench's code it is over after 100 steps and goes up again.
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
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using repaired = await ebb.backdoor.ftSam(model, clean, { epochs: 1, batchSize: 50, progress: false });
 * assertEquals(repaired.training, false);
 * ```
 */
export function ftSam<M extends Module>(model: M, clean: Dataset, options: FtSamOptions = {}): Promise<M> {
  const settings = { ...BACKDOOR_BENCH, rho: 2, labelSmoothing: 0.1, ...options };
  const { rho, labelSmoothing } = settings;
  return repair("ftSam", model, clean, settings, async (copy) => {
    check(settings);
    const lossOf = (images: Tensor, labels: Tensor) => {
      const scores = copy.forward(images);
      const [, classes] = scores.shape;
      // Here the share goes to the other classes, there to all of them.
      return crossEntropy(scores, labels, { labelSmoothing: labelSmoothing * classes / (classes - 1) });
    };
    let again: () => Tensor;
    await train("ftSam", copy, clean, settings, {
      loss: ({ tensors: [images, labels] }) => {
        again = () => lossOf(images, labels);
        return again();
      },
      gradientsReady: () => sharpen(copy, rho, () => again()),
    });
  });
}

/** Replaces the gradients of a model by those at the worst place within `rho`. */
function sharpen(model: Module, rho: number, loss: () => Tensor): void {
  const parameters = model.parameters().filter((parameter) => parameter.grad !== null);
  const before = noGrad(() => parameters.map((parameter) => clone(parameter)));
  noGrad(() =>
    scope(() => {
      const lengths = parameters.map((parameter) => norm(mul(parameter, parameter.grad!)));
      const scale = div(rho, add(norm(stack(lengths)), TINY));
      for (const parameter of parameters) {
        add_(parameter, mul(mul(square(parameter), parameter.grad!), scale));
      }
    })
  );
  model.zeroGrad();
  withBatchStatistics(model, () => loss().backward());
  noGrad(() => parameters.forEach((parameter, i) => copy_(parameter, before[i])));
}

function check({ rho, labelSmoothing }: Required<Pick<FtSamOptions, "rho" | "labelSmoothing">>): void {
  if (!(rho >= 0 && rho < Infinity)) {
    throw new RangeError(`ftSam: expected rho to be a number of at least 0 but found ${rho}`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 0.5)) {
    throw new RangeError(`ftSam: expected labelSmoothing of 0 to 0.5 but found ${labelSmoothing}`);
  }
}
