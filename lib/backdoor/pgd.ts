/**
 * Adversarial examples: images changed by at most ε in every value so that a model takes them for something else, by
 * projected gradient steps (Madry et al., arXiv:1706.06083) or by a single one (Goodfellow et al., arXiv:1412.6572).
 *
 * @module
 */
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { grad } from "../tensor/backward.ts";
import { rand } from "../tensor/create.ts";
import { add, clamp, crossEntropy, maximum, minimum, mul, neg, sign, sub } from "../tensor/ops/mod.ts";
import type { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { enableGrad, noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkBatch } from "./attack.ts";
import { withBatchStatistics } from "./norms.ts";
import { checkCounts } from "./run.ts";

/** How far and in how many steps images are changed. */
export interface AscentOptions {
  /** The most by which a value changes, ε; images have values of [0, 1]. */
  readonly epsilon: number;
  /** By how much each step changes a value; default ε / 5, as AFT's authors do. */
  readonly stepSize?: number;
  /** Gradient steps; default 7, as AFT's authors do. */
  readonly steps?: number;
  /** Whether to begin at a random place within ε instead of at the image; default false. */
  readonly randomStart?: boolean;
  /** Whether values stay in [0, 1]; default true. AFT's authors let them leave it. */
  readonly clip?: boolean;
  /** What random starts draw from; default: the library's generator (`ebb.seed`). */
  readonly generator?: Generator;
}

/** Options of {@linkcode pgd}. */
export interface PgdOptions extends AscentOptions {
  /** Whether to move towards the given labels instead of away from them; default false. */
  readonly targeted?: boolean;
  /** The statistics that batch norm takes: its running ones, or those of the batch. Default `"running"`. */
  readonly batchNorm?: "running" | "batch";
}

/**
 * Changes images step by step so that `objective` grows.
 *
 * @param images `[N, C, H, W]`
 * @param objective a scalar as a function of the images
 * @returns as many images, each value within ε of the original.
 * @throws {RangeError} when ε, the step or the number of steps is out of range.
 */
export function ascend(
  images: Tensor,
  objective: (images: Tensor) => Tensor,
  options: AscentOptions,
): Tensor {
  const { epsilon, stepSize = epsilon / 5, steps = 7, randomStart = false, clip = true, generator } = options;
  checkAscent("pgd", options);
  return scope(() => {
    const [lowest, highest] = noGrad(() => {
      const ends = [sub(images, epsilon), add(images, epsilon)];
      return clip ? ends.map((end) => clamp(end, { min: 0, max: 1 })) : ends;
    });
    const bounded = (x: Tensor) => minimum(maximum(x, lowest), highest);
    const begin = () => {
      if (!randomStart) return images.detach();
      const noise = rand(images.shape, { device: images.device, generator });
      return bounded(add(images, mul(sub(noise, 0.5), 2 * epsilon)));
    };
    let x = noGrad(() => scope(begin));
    for (let step = 0; step < steps; step++) {
      const next = scope(() => {
        const from = x.detach();
        from.requiresGrad = true;
        const [slope] = enableGrad(() => grad([objective(from)], [from]));
        return noGrad(() => bounded(add(x, mul(sign(slope!), stepSize))));
      });
      x.dispose();
      x = next;
    }
    return x;
  });
}

/** @throws {RangeError} when ε, the step or the number of steps is out of range. */
export function checkAscent(op: string, options: AscentOptions): void {
  const { epsilon, stepSize = epsilon / 5, steps = 7 } = options;
  if (!(epsilon >= 0 && epsilon < Infinity) || !(stepSize >= 0 && stepSize < Infinity)) {
    throw new RangeError(
      `${op}: expected epsilon and stepSize to be numbers of at least 0 but found ${epsilon} and ${stepSize}`,
    );
  }
  checkCounts(op, { steps });
}

/**
 * Projected gradient ascent on the cross-entropy: adversarial examples of the given images.
 *
 * @param model gives scores `[N, classes]`; it is put into `eval()` for the time (see `batchNorm`)
 * @param images `[N, C, H, W]` with values of [0, 1]
 * @param labels `[N]` int64: the true classes, or with `targeted` those to be reached
 * @returns as many images, each value within ε of the original, and of [0, 1] unless `clip` is false.
 * @throws {RangeError} when ε, the step or the number of steps is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using images = ebb.rand([2, 1, 28, 28]);
 * using labels = ebb.tensor([3, 7], { dtype: "int64" });
 * using adversarial = ebb.backdoor.pgd(model, images, labels, { epsilon: 0.1 });
 * assert(ebb.scope(() => adversarial.sub(images).abs().max().item()) <= 0.1 + 1e-6);
 * ```
 */
export function pgd(model: Module, images: Tensor, labels: Tensor, options: PgdOptions): Tensor {
  checkBatch("pgd", images);
  const { targeted = false, batchNorm = "running" } = options;
  const loss = (x: Tensor) => {
    const loss = crossEntropy(model.forward(x), labels);
    return targeted ? neg(loss) : loss;
  };
  const attack = () => ascend(images, loss, options);
  return withMode(
    model,
    false,
    () => batchNorm === "running" ? attack() : withBatchStatistics(model, attack),
  );
}

/**
 * One step of size ε along the sign of the gradient, as {@linkcode pgd} takes many smaller ones.
 *
 * @param model gives scores `[N, classes]`
 * @param images `[N, C, H, W]` with values of [0, 1]
 * @param labels `[N]` int64: the true classes, or with `targeted` those to be reached
 * @returns as many images, each value within ε of the original, and of [0, 1] unless `clip` is false.
 * @throws {RangeError} when ε is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using images = ebb.rand([2, 1, 28, 28]);
 * using labels = ebb.tensor([3, 7], { dtype: "int64" });
 * using adversarial = ebb.backdoor.fgsm(model, images, labels, { epsilon: 0.1 });
 * assert(ebb.scope(() => adversarial.sub(images).abs().max().item()) <= 0.1 + 1e-6);
 * ```
 */
export function fgsm(
  model: Module,
  images: Tensor,
  labels: Tensor,
  options: Omit<PgdOptions, "steps" | "stepSize">,
): Tensor {
  return pgd(model, images, labels, { ...options, steps: 1, stepSize: options.epsilon });
}
