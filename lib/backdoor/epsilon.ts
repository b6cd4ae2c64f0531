/**
 * How far images must be changed for a model to take them for something else: the ε of everything here that looks at
 * adversarial examples and was not told one. It differs from data set to data set, and from model to model.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { predict } from "../nn/predict.ts";
import type { Module } from "../nn/module.ts";
import { Task } from "../notebook/mod.ts";
import { attacked, type AttackedOptions, taken } from "./attacked.ts";
import { checkTask } from "./images.ts";
import { checkCounts, passes, quietly, type RunOptions } from "./run.ts";

/** Options of {@linkcode chooseEpsilon}. */
export interface EpsilonOptions extends AttackedOptions {
  /** The values to choose from; default 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48 and 64 parts of 255. */
  readonly grid?: readonly number[];
  /** The share of images that must be fooled, in (0, 1]; default 0.9. */
  readonly share?: number;
  /** The most images that are looked at, of each class in proportion; default 256. */
  readonly count?: number;
}

/** Up to a quarter of what a value can be: beyond that a person too sees another image. */
const GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].map((steps) => steps / 255);
/**
 * How much further than the nearest border images are moved to see where they fall. Just over it they fall into whatever
 * class is nearest; with room they go where the model is weakest. Share of the target class at 1, 2 and 3 times the chosen
 * ε: digits with Blend .34, .46, .48, with BadNets .11, .20, .33, benign .04, .03, .03.
 */
const FAR = 3;
/** Which images are looked at where no seed is given; the same each time, so that the choice is. */
const SEED = 0;

/**
 * The smallest ε of a grid at which projected gradient steps ({@linkcode pgd}) fool 90 % of those images that the model
 * classifies right. An image that was fooled within a smaller ε is so within a larger one too, and is not attacked again.
 *
 * @param model gives scores `[N, classes]`
 * @param clean images in [0, 1] with their true labels
 * @returns an ε of the grid; its largest where none is enough.
 * @throws {RangeError} when the grid is empty or has values below 0, or the share or the count is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const epsilon = await ebb.backdoor.chooseEpsilon(model, test, { count: 50 });
 * assert(epsilon >= 1 / 255 && epsilon <= 64 / 255);
 * ```
 */
export async function chooseEpsilon(
  model: Module,
  clean: Dataset,
  options: EpsilonOptions = {},
): Promise<number> {
  const { grid = GRID, share = 0.9, count = 256, ...settings } = options;
  const attack = { ...settings, ...quietly(options) };
  checkEpsilon(grid, share, count);
  await checkTask("chooseEpsilon", model, clean, options);
  const { seed = SEED } = attack;
  const few = count < clean.length ? clean.subset({ count, stratified: true, seed }) : clean;
  const labels = few.labels();
  const predicted = await predict(model, few, passes(attack));
  let standing = Uint32Array.from(labels.keys()).filter((row) => predicted[row] === labels[row]);
  const most = Math.floor((1 - share) * standing.length + 1e-9); // that may stand at last
  const ascending = [...grid].sort((a, b) => a - b);
  using task = new Task("chooseEpsilon", ascending.length, options);
  let [chosen] = ascending;
  for (const epsilon of ascending) {
    if (standing.length <= most) break;
    chosen = epsilon;
    const rows = standing;
    const found: number[] = [];
    const batches = attacked(
      "chooseEpsilon",
      model,
      few.subset({ indices: rows }),
      { ...attack, epsilon },
      ({ adversarial }) => taken(model, adversarial),
    );
    for await (const batch of batches) found.push(...batch);
    standing = rows.filter((row, i) => found[i] === labels[row]);
    task.advance(() => `${standing.length} of ${few.length} images stand ${(255 * epsilon).toFixed(1)}/255`);
  }
  task.finish(() => `ε = ${(255 * chosen).toFixed(1)}/255`);
  return chosen;
}

/** The ε at which it shows where a model's adversarial examples fall: three times that of {@linkcode chooseEpsilon}. */
export async function farEnough(model: Module, clean: Dataset, options: EpsilonOptions): Promise<number> {
  return FAR * await chooseEpsilon(model, clean, options);
}

/** The ε of training that erases: {@linkcode farEnough}, but no further than a quarter of what a value can be. */
export async function erasingEpsilon(
  model: Module,
  clean: Dataset,
  options: Pick<EpsilonOptions, keyof RunOptions | "seed" | "share">,
): Promise<number> {
  return Math.min(GRID.at(-1)!, await farEnough(model, clean, options));
}

function checkEpsilon(grid: readonly number[], share: number, count: number): void {
  if (grid.length === 0 || !grid.every((epsilon) => epsilon >= 0 && epsilon < Infinity)) {
    throw new RangeError(
      `chooseEpsilon: expected a grid of numbers of at least 0 but found [${grid.join(", ")}]`,
    );
  }
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`chooseEpsilon: expected a share above 0 and of at most 1 but found ${share}`);
  }
  checkCounts("chooseEpsilon", { count });
}
