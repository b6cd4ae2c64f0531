/**
 * The observation that adversarial fine-tuning stands on (arXiv:2202.06312, Section 3): untargeted adversarial examples of
 * an infected model fall into the target class more often than into others.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { loader } from "../data/loader.ts";
import type { Module } from "../nn/module.ts";
import { withMode } from "../nn/mode.ts";
import { argmax } from "../tensor/ops/mod.ts";
import { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import { checkImages } from "./images.ts";
import { pgd, type PgdOptions } from "./pgd.ts";
import type { RunOptions } from "./train.ts";

/** Options of {@linkcode adversarialLabels}. */
export interface AdversarialLabelsOptions extends Partial<PgdOptions>, Pick<RunOptions, "swap"> {
  /** Images in a batch; default 128. */
  readonly batchSize?: number;
  /** Decides random starts. */
  readonly seed?: number;
}

/**
 * What a model takes untargeted adversarial examples of the given images for.
 *
 * @param clean images in [0, 1] with their true labels
 * @returns the share of each class among the predicted labels, 0 to 1; they add up to 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const shares = await ebb.backdoor.adversarialLabels(model, test.subset({ count: 20 }));
 * assertEquals(shares.length, 10);
 * ```
 */
export async function adversarialLabels(
  model: Module,
  clean: Dataset,
  options: AdversarialLabelsOptions = {},
): Promise<number[]> {
  const { classes } = checkImages("adversarialLabels", clean);
  const { batchSize = 128, seed, swap, epsilon = 0.1, ...attack } = options;
  const generator = seed === undefined ? undefined : new Generator(seed);
  const counts = new Array<number>(classes).fill(0);
  const device = model.parameters()[0]?.device;
  for await (const [images, labels] of loader(clean, { batchSize, device })) {
    const pass = () =>
      scope(() => {
        const adversarial = pgd(model, images, labels, { epsilon, generator, ...attack });
        return argmax(noGrad(() => withMode(model, false, () => model.forward(adversarial))), 1).data();
      });
    for (const label of await (swap === undefined ? pass() : swap.step(pass))) counts[Number(label)]++;
  }
  return counts.map((count) => count / clean.length);
}
