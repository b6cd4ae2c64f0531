/**
 * The observation that adversarial fine-tuning stands on (arXiv:2202.06312, Section 3): untargeted adversarial examples of
 * an infected model fall into the target class more often than into others. As a histogram, and as the paper's matrix of
 * many models.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { Task } from "../notebook/mod.ts";
import { attacked, type AttackedOptions, taken } from "./attacked.ts";
import { farEnough } from "./epsilon.ts";
import { checkTask } from "./images.ts";
import { quietly } from "./run.ts";

/** Options of {@linkcode adversarialLabels}. */
export interface AdversarialLabelsOptions extends AttackedOptions {
  /** The most by which a value of an image changes; default: three times what `chooseEpsilon` finds. */
  readonly epsilon?: number;
}

/**
 * What a model takes untargeted adversarial examples of the given images for.
 *
 * @param model gives scores `[N, classes]`
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
  const { classes } = await checkTask("adversarialLabels", model, clean, options);
  const epsilon = options.epsilon ?? await farEnough(model, clean, options);
  const counts = new Array<number>(classes).fill(0);
  const batches = attacked(
    "adversarialLabels",
    model,
    clean,
    { ...options, epsilon },
    ({ adversarial }) => taken(model, adversarial),
  );
  for await (const labels of batches) for (const label of labels) counts[label]++;
  return counts.map((count) => count / clean.length);
}

/** Options of {@linkcode labelMatrix}. */
export interface LabelMatrixOptions extends AdversarialLabelsOptions {
  /**
   * The target classes of those models that are infected, by name. Images of its target class, which no attack has to
   * move, are then left out of a model's row.
   */
  readonly targets?: Readonly<Record<string, number>>;
}

/** What several models take untargeted adversarial examples for. */
export interface LabelMatrix {
  /** The models' names. */
  readonly rows: string[];
  /** The classes' names, or their numbers. */
  readonly classes: string[];
  /** Of each model the share of each class among the predicted labels, 0 to 1; a row adds up to 1. */
  readonly matrix: number[][];
  /** Of each model the target class or null; not there where no targets were given. */
  readonly targets?: (number | null)[];
  /** The most by which a value of an image was changed. */
  readonly epsilon: number;
}

/**
 * The paper's matrix: a row of {@linkcode adversarialLabels} for each model. With one infected model for each target
 * class its diagonal stands out. All models are attacked within the same ε; unless it is given, within the largest of
 * those that each would have alone.
 *
 * @param models by name
 * @param clean images in [0, 1] with their true labels
 * @returns plain data; `chart.labelMatrix(found.matrix, found)` draws them.
 * @throws {RangeError} when there is no model, a target is no class or that of no model, or all images are of it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using infected = ebb.models.smallCnn({ classes: 10 });
 * using benign = ebb.models.smallCnn({ classes: 10 });
 * const few = test.subset({ count: 20, stratified: true });
 * const options = { targets: { infected: 3 }, epsilon: 0.1, progress: false };
 * const found = await ebb.backdoor.labelMatrix({ infected, benign }, few, options);
 * assertEquals([found.rows, found.targets], [["infected", "benign"], [3, null]]);
 * ```
 */
export async function labelMatrix(
  models: Readonly<Record<string, Module>>,
  clean: Dataset,
  options: LabelMatrixOptions = {},
): Promise<LabelMatrix> {
  const { targets, ...settings } = options;
  const attack = { ...settings, ...quietly(options) };
  const entries = Object.entries(models);
  if (entries.length === 0) throw new RangeError("labelMatrix: expected at least one model but found none");
  const { classes, labels } = await checkTask("labelMatrix", entries[0][1], clean, options);
  checkTargets(targets ?? {}, models, classes);
  const sets = entries.map(([name]) => {
    const target = targets?.[name];
    if (target === undefined) return clean;
    const indices = Uint32Array.from(labels.keys()).filter((row) => labels[row] !== target);
    if (indices.length > 0) return clean.subset({ indices });
    throw new RangeError(`labelMatrix: expected images of other classes than ${target} but found none`);
  });
  const given = attack.epsilon !== undefined;
  using task = new Task("labelMatrix", entries.length * (given ? 1 : 2), options);
  let epsilon = attack.epsilon ?? 0;
  for (const [i, [name, model]] of (given ? [] : entries).entries()) {
    epsilon = Math.max(epsilon, await farEnough(model, sets[i], attack));
    task.advance(() => name);
  }
  const matrix: number[][] = [];
  for (const [i, [name, model]] of entries.entries()) {
    const shares = await adversarialLabels(model, sets[i], { ...attack, epsilon });
    matrix.push(Array.from({ length: classes }, (_, label) => shares[label] ?? 0));
    task.advance(() => name);
  }
  return {
    rows: entries.map(([name]) => name),
    classes: [...clean.classes ?? Array.from({ length: classes }, (_, label) => String(label))],
    matrix,
    ...(targets && { targets: entries.map(([name]) => targets[name] ?? null) }),
    epsilon,
  };
}

function checkTargets(
  targets: Readonly<Record<string, number>>,
  models: Readonly<Record<string, Module>>,
  classes: number,
): void {
  for (const [name, target] of Object.entries(targets)) {
    if (!Object.hasOwn(models, name)) {
      const known = Object.keys(models).join(", ");
      throw new RangeError(`labelMatrix: expected targets of ${known} but found one of ${name}`);
    }
    if (!(Number.isInteger(target) && target >= 0 && target < classes)) {
      throw new RangeError(
        `labelMatrix: expected a target of 0 to ${classes - 1} for ${name} but found ${target}`,
      );
    }
  }
}
