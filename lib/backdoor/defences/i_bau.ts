/**
 * I-BAU (Zeng et al., "Adversarial Unlearning of Backdoors via Implicit Hypergradient", ICLR 2022, arXiv:2110.03735): a
 * minimax of two levels. Inside, one perturbation for all images raises the loss; outside, the model lowers the loss under
 * it, and takes into account how the perturbation answers to a change of the model: the implicit hypergradient.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { loader } from "../../data/loader.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { Adam } from "../../optim/adam.ts";
import { zeros } from "../../tensor/create.ts";
import { add, argmax, concat, crossEntropy, mul, narrow, square, sub, sum } from "../../tensor/ops/mod.ts";
import { keep, scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { addHypergradient, slopeAt } from "../hypergradient.ts";
import { train, type TrainingOptions } from "../train.ts";
import { repair } from "./repair.ts";
import { checkCounts, deviceOf, runStep } from "../run.ts";

/** Options of {@linkcode iBau}; `epochs` are its rounds. */
export interface IBauOptions extends TrainingOptions {
  /** Iterations of the fixed point that the hypergradient is; default 5. */
  readonly iterations?: number;
  /** The step by which the perturbation is found, once a batch; default 10. */
  readonly innerLr?: number;
  /** The step of the map whose fixed point the perturbation is; default 0.1. */
  readonly mapLr?: number;
  /** The weight of the perturbation's squared length; default 0.001. */
  readonly decay?: number;
  /** Share of each batch that is perturbed, at least one image; default 0.01. */
  readonly portion?: number;
}

const DEFAULTS = {
  epochs: 5,
  batchSize: 256,
  lr: 1e-4,
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  iterations: 5,
  innerLr: 10,
  mapLr: 0.1,
  decay: 1e-3,
  portion: 0.01,
};

type Settings = typeof DEFAULTS & IBauOptions;

/**
 * Unlearns what a universal perturbation does, by the implicit hypergradient.
 *
 * Defaults are those of the authors' code as BackdoorBench has them: 5 rounds, in each a perturbation from 0 on by one
 * step of 10 a batch against the model's own answers, with 0.001 of its squared length against it and no other bound; then
 * a step of Adam at 1e-4 a batch, with 1 % of the images perturbed and 5 iterations of the fixed point. Batch norm takes
 * its running statistics throughout. The inner loss is that of the batch in hand, where the code has the first one's.
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
 * using repaired = await ebb.backdoor.iBau(model, clean, { epochs: 1, batchSize: 50, progress: false });
 * assertEquals(repaired.training, false);
 * ```
 */
export function iBau<M extends Module>(model: M, clean: Dataset, options: IBauOptions = {}): Promise<M> {
  const settings = { ...DEFAULTS, ...options };
  const { epochs, lr, weightDecay, portion, decay } = settings;
  return repair("iBau", model, clean, settings, async (copy) => {
    check(settings);
    let perturbation = await universal(copy, clean, settings, 1);
    let batch: readonly Tensor[] = [];
    try {
      await train("iBau", copy, clean, settings, {
        optimizer: (parameters) => new Adam(parameters, { lr, weightDecay }),
        loss: ({ tensors }) => {
          batch = tensors;
          const [images, labels] = tensors;
          const [count] = images.shape;
          const some = Math.max(1, Math.floor(portion * count));
          const changed = add(narrow(images, 0, 0, some), perturbation);
          const mixed = some === count ? changed : concat([changed, narrow(images, 0, some, count - some)]);
          return withMode(copy, false, () => crossEntropy(copy.forward(mixed), labels));
        },
        gradientsReady: () =>
          withMode(
            copy,
            false,
            () =>
              addHypergradient(copy.parameters(), perturbation, (at) =>
                innerLoss(copy, batch, at, decay), settings),
          ),
        epochEnds: async ({ epoch }) => {
          if (epoch === epochs) return;
          const next = await universal(copy, clean, settings, epoch + 1);
          perturbation.dispose();
          perturbation = next;
        },
      });
    } finally {
      perturbation.grad?.dispose();
      perturbation.dispose();
    }
  });
}

/** A perturbation `[1, C, H, W]` that raises the loss of all images; the caller frees it. */
async function universal(model: Module, clean: Dataset, settings: Settings, round: number): Promise<Tensor> {
  const { batchSize, innerLr, decay, seed, swap } = settings;
  const device = deviceOf(model);
  let found = keep(zeros([1, ...clean.fields[0].shape], { device }));
  const of = seed === undefined ? undefined : seed + round;
  try {
    for await (const [images] of loader(clean, { batchSize, shuffle: true, seed: of, device })) {
      const run = () =>
        scope(() =>
          withMode(model, false, () => {
            const own = noGrad(() => argmax(model.forward(images), 1));
            const slope = slopeAt(found, (at) => innerLoss(model, [images, own], at, decay));
            return keep(noGrad(() => sub(found, mul(slope, innerLr))));
          })
        );
      const next = await runStep(swap, run);
      found.dispose();
      found = next;
    }
  } catch (error) {
    found.dispose();
    throw error;
  }
  found.requiresGrad = true;
  return found;
}

/** What the perturbation makes small: it raises the loss and stays short. */
function innerLoss(
  model: Module,
  [images, labels]: readonly Tensor[],
  perturbation: Tensor,
  decay: number,
): Tensor {
  const loss = crossEntropy(model.forward(add(images, perturbation)), labels);
  return sub(mul(sum(square(perturbation)), decay), loss);
}

function check({ iterations, innerLr, mapLr, decay, portion }: Settings): void {
  checkCounts("iBau", { iterations });
  for (const [name, value] of Object.entries({ innerLr, mapLr, decay })) {
    if (value >= 0 && value < Infinity) continue;
    throw new RangeError(`iBau: expected ${name} to be a number of at least 0 but found ${value}`);
  }
  if (!(portion > 0 && portion <= 1)) {
    throw new RangeError(
      `iBau: expected portion to be a share above 0 and of at most 1 but found ${portion}`,
    );
  }
}
