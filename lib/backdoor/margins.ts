/**
 * How sure of each label a model can be made, by whatever picture. The label of a backdoor stands out: its trigger is a
 * short way to it, whatever kind of trigger it is (Wang, Xiang, Miller and Kesidis, "MM-BD: Post-Training Detection of
 * Backdoor Attacks with Arbitrary Backdoor Pattern Types Using a Maximum Margin Statistic", S&P 2024, arXiv:2205.06900).
 * There a statistical test of the labels' maxima decides; here a label's margin is the mean over its pictures, which is
 * steadier with few steps, and `inspect` sets it beside its other evidence.
 *
 * @module
 */
import type { Module } from "../nn/module.ts";
import { Adam } from "../optim/adam.ts";
import { Task } from "../notebook/mod.ts";
import { fromHost } from "../tensor/create.ts";
import { add, max, mean, neg, select, sigmoid, sub } from "../tensor/ops/mod.ts";
import { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { sizeOf } from "../tensor/shape.ts";
import { checkCounts, deviceOf, type RunOptions, runStep } from "./run.ts";

/** Options of {@linkcode maximumMargins}. */
export interface MaximumMarginsOptions extends RunOptions {
  /** Pictures that are begun with for each label; default 16. */
  readonly count?: number;
  /** Steps in which they are changed; default 50. */
  readonly steps?: number;
  /** The learning rate of the pictures, before they are squeezed into [0, 1]; default 0.1. */
  readonly lr?: number;
  /** Decides what pictures are begun with; default 0. */
  readonly seed?: number;
}

/** A score so low that a label is never the largest other. */
const NEVER = -1e9;

/**
 * Changes random pictures so that a label's score gets as far above the largest other one as it can. It takes no images:
 * what counts is the model alone. It does not stand out for small patches, which cannot do more than saturate.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param classes how many labels there are
 * @param shape `[C, H, W]` of an image
 * @returns for each label the mean over its pictures of the margin that was reached.
 * @throws {RangeError} when `count` or `steps` is no whole number above 0, or `lr` is not above 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 3, size: 8 });
 * const margins = await ebb.backdoor.maximumMargins(model, 3, [1, 8, 8], { progress: false });
 * assertEquals(margins.length, 3);
 * ```
 */
export async function maximumMargins(
  model: Module,
  classes: number,
  shape: readonly number[],
  options: MaximumMarginsOptions = {},
): Promise<number[]> {
  const { count = 16, steps = 50, lr = 0.1, seed = 0, progress, signal, swap } = options;
  checkCounts("maximumMargins", { count, steps });
  if (!(lr > 0 && lr < Infinity)) {
    throw new RangeError(`maximumMargins: expected lr to be a number above 0 but found ${lr}`);
  }
  // Parameters that need gradients would cost as much again.
  using frozen = model.clone().requiresGrad_(false);
  frozen.eval();
  const device = deviceOf(frozen);
  const start = new Float32Array(count * sizeOf(shape));
  new Generator(seed).fillNormal(start);
  using task = new Task("maximumMargins", classes, { progress, signal });
  const margins: number[] = [];
  for (let label = 0; label < classes; label++) {
    const others = Float32Array.from({ length: classes }, (_, other) => other === label ? NEVER : 0);
    using mask = fromHost(others, [1, classes], { dtype: "float32", device });
    using pictures = fromHost(start.slice(), [count, ...shape], { dtype: "float32", device });
    pictures.requiresGrad = true;
    using optimizer = new Adam([pictures], { lr });
    const run = () =>
      scope(() => {
        const scores = frozen.forward(sigmoid(pictures));
        const margin = mean(sub(select(scores, 1, label), max(add(scores, mask), 1)));
        optimizer.zeroGrad();
        neg(margin).backward();
        optimizer.step();
        return margin.item();
      });
    let margin = NaN;
    for (let step = 0; step < steps; step++) margin = await runStep(swap, run);
    optimizer.zeroGrad();
    margins.push(margin);
    task.advance(() => `label ${label}: margin ${margin.toFixed(1)}`);
  }
  return margins;
}
