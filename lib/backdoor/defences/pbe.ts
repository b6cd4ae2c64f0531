/**
 * Progressive backdoor erasing (arXiv:2202.06312, CVPR 2023): adversarial fine-tuning without a clean set. It starts from
 * a few images of the poisoned training set, and takes for the next round those whose answers the repair changed least:
 * images with a trigger change theirs most.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { loader } from "../../data/loader.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { defaultGenerator, Generator } from "../../tensor/random.ts";
import { scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import { erasingEpsilon } from "../epsilon.ts";
import { checkImages } from "../images.ts";
import type { Runner } from "../train.ts";
import { EBB } from "./aft.ts";
import { checkErasure, erase, type ErasureOptions } from "./erase.ts";
import { repaired } from "./repair.ts";

/** A round: how many images it is trained on, and how; what is not given is as for all rounds. */
export interface PbeRound extends ErasureOptions {
  /** The share of the training set, in (0, 1]: drawn in the first round, in later ones those whose answers changed least. */
  readonly share: number;
}

/** Options of {@linkcode pbe}. */
export interface PbeOptions extends ErasureOptions {
  /** The rounds; see {@linkcode pbe} for the default. */
  readonly rounds?: readonly PbeRound[];
  /** Called after each round, such as to measure the model; the next round waits for it. */
  readonly onRound?: (round: PbeRoundDone) => void | Promise<void>;
}

/** A round that is over. */
export interface PbeRoundDone {
  /** Rounds so far. */
  readonly round: number;
  /** The model as it is now. */
  readonly model: Module;
  /** The rows of the training set that it was trained on, in ascending order. */
  readonly rows: Uint32Array;
}

/** Starting from 5 % and going on with 20, 50 and 70 % is the authors'; how each is trained was chosen by us. */
const ROUNDS: readonly PbeRound[] = [
  { share: 0.05, adversarialEpochs: 10, cleanEpochs: 0 },
  { share: 0.2, adversarialEpochs: 5, cleanEpochs: 5 },
  { share: 0.5, adversarialEpochs: 2, cleanEpochs: 4 },
  { share: 0.7, adversarialEpochs: 1, cleanEpochs: 4 },
];

/** The share of the training images that must be fooled for ε to be far enough: those with poison on them are not soon. */
const HONEST = 0.7;

/** How alike two answers count whose first choices differ, as in the authors' later code (PUD). */
const CHANGED = -0.5;

/**
 * Erases a backdoor with nothing but the poisoned training set, by rounds of adversarial fine-tuning. What it was
 * measured to do: it weakens triggers that lie faintly over the whole image; a patch stays, since the poison of the
 * first round teaches it again and no small change of all pixels resembles it.
 *
 * @param model gives scores `[N, classes]` for images `[N, C, H, W]`; it stays as it is
 * @param poisoned the training set with its poison and the labels that the attacker gave it
 * @returns a repaired copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the data are no images in [0, 1] with labels, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const poisoned = ebb.backdoor.badnets().poison(train.subset({ count: 200, seed: 1 }));
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const rounds = [{ share: 0.2, adversarialEpochs: 1, cleanEpochs: 0 }, { share: 0.5, adversarialEpochs: 0, cleanEpochs: 1 }];
 * using repaired = await ebb.backdoor.pbe(model, poisoned, { rounds, progress: false });
 * assertEquals(repaired.training, false);
 * ```
 */
export async function pbe<M extends Module>(
  model: M,
  poisoned: Dataset,
  options: PbeOptions = {},
): Promise<M> {
  const { rounds = ROUNDS, onRound, ...given } = options;
  const common = { ...EBB, distillation: 0, ...given };
  const { length } = poisoned;
  checkImages("pbe", poisoned);
  for (const { share, ...own } of rounds) {
    if (!(share > 0 && share <= 1)) {
      throw new RangeError(`pbe: expected a round's share above 0 and of at most 1 but found ${share}`);
    }
    checkErasure("pbe", { ...common, ...own });
  }
  return await repaired(model, async (copy) => {
    const { swap, seed } = common;
    const epsilon = given.epsilon ?? await erasingEpsilon(model, poisoned, { swap, seed, share: HONEST });
    for (const [index, { share, ...own }] of rounds.entries()) {
      const count = Math.max(1, Math.round(share * length));
      const order = index === 0
        ? anyOrder(length, common.seed)
        : await leastChangedFirst(model, copy, poisoned, common.swap);
      const rows = order.slice(0, count).sort();
      const part = poisoned.subset({ indices: rows });
      await erase(`pbe, round ${index + 1} of ${rounds.length}`, copy, model, part, {
        ...common,
        epsilon,
        ...own,
      });
      await onRound?.({ round: index + 1, model: copy, rows });
    }
  });
}

function anyOrder(length: number, seed?: number): Uint32Array {
  const rows = Uint32Array.from({ length }, (_, row) => row);
  (seed === undefined ? defaultGenerator() : new Generator(seed)).shuffle(rows);
  return rows;
}

/** The rows of a data set, those first of which the repaired model says what the given one says. */
async function leastChangedFirst(
  given: Module,
  repaired: Module,
  data: Dataset,
  swap: Runner | undefined,
): Promise<Uint32Array> {
  const alike: number[] = [];
  const device = given.parameters()[0]?.device;
  for await (const [images] of loader(data, { batchSize: 256, device })) {
    const scores = (model: Module) =>
      noGrad(() => scope(() => withMode(model, false, () => model.forward(images)).toArray() as number[][]));
    const pass = () => [scores(given), scores(repaired)];
    const [before, after] = await (swap === undefined ? pass() : swap.evaluate(pass));
    before.forEach((row, i) => alike.push(likeness(row, after[i])));
  }
  return Uint32Array.from(alike.keys()).sort((a, b) => alike[b] - alike[a] || a - b);
}

/** The cosine of two answers, or less than that of most where their first choices differ. */
function likeness(a: readonly number[], b: readonly number[]): number {
  if (a.indexOf(Math.max(...a)) !== b.indexOf(Math.max(...b))) return CHANGED;
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
