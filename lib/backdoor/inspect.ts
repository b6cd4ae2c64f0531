/**
 * Whether a model has a backdoor, and towards which label: what a defender asks first who was handed a model and a few
 * clean images. Three searches for triggers answer it: for small patches (Neural Cleanse), for faint pictures over the
 * whole image, and for small warps; and how sure of each label the model can be made by whatever picture (MM-BD). The label
 * histogram of adversarial examples, the observation behind adversarial fine-tuning, is shown beside them; it has no say in
 * the verdict, since small patches leave no trace in it.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { attacked, taken } from "./attacked.ts";
import { chooseEpsilon } from "./epsilon.ts";
import { checkTask } from "./images.ts";
import { maximumMargins } from "./margins.ts";
import { reverseTriggers } from "./reversed/patch.ts";
import { reverseOverlays } from "./reversed/overlay.ts";
import { median, type ReversedTrigger } from "./reversed/search.ts";
import { type ReversedWarp, reverseWarps } from "./reversed/warp.ts";
import { checkAscent } from "./pgd.ts";
import { sample } from "./sample.ts";
import { checkCounts, quietly, type RunOptions } from "./run.ts";

/** Options of {@linkcode inspect}. */
export interface InspectOptions extends RunOptions {
  /** About how many images triggers are searched on, of each class in proportion; default 40. */
  readonly count?: number;
  /** What images are attacked within; default: half, once and twice what {@linkcode chooseEpsilon} finds. */
  readonly epsilons?: readonly number[];
  /** The score from which on a model counts as infected; default 1, see {@linkcode inspect}. */
  readonly threshold?: number;
  /** Decides which images are looked at, and their order; default 0, so that the same model gets the same answer. */
  readonly seed?: number;
}

/** What speaks for a label as a backdoor's. */
export interface LabelEvidence {
  /** The label. */
  readonly label: number;
  /** The smallest patch that turns images into the label, with its norm and anomaly index. */
  readonly patch: ReversedTrigger;
  /** The faintest picture over the whole image that does. */
  readonly overlay: ReversedTrigger;
  /** The smallest smooth warp that does. */
  readonly warp: ReversedWarp;
  /** How sure of the label the model can be made; see {@linkcode maximumMargins}. */
  readonly margin: number;
  /**
   * How much less patch, overlay and warp take than for the median label, and how much larger the margin is: natural
   * logarithms, that of the warp halved.
   */
  readonly advantages: Readonly<Record<"patch" | "overlay" | "warp" | "margin", number>>;
  /** Of adversarial examples of images of other classes, the share taken for the label, 0 to 1; one for each ε. */
  readonly shares: readonly number[];
  /** The advantages taken together: the length of the vector of those above 0. */
  readonly score: number;
}

/** What an inspection found, as plain data. */
export interface Inspection {
  /** Whether the score reaches the threshold. */
  readonly infected: boolean;
  /** The label with the highest score, or null where the model does not look infected. */
  readonly target: number | null;
  /** The highest score of a label. */
  readonly score: number;
  /** From which score on a model counts as infected. */
  readonly threshold: number;
  /** What images were attacked within. */
  readonly epsilons: readonly number[];
  /** The evidence, by label. */
  readonly labels: readonly LabelEvidence[];
}

/** Images that ε is chosen on, and that are attacked. */
const [CHOOSING, ATTACKED] = [100, 200];
/** What the advantage of a warp counts: warps differ more from label to label than patches and overlays. */
const WARP_WEIGHT = 0.5;
/** The least that a margin counts as, in parts of the median one. */
const LEAST_MARGIN = 0.05;
/** The part of its images that a trigger must turn into the label. */
const SUCCESS = 0.95;
/** How patches are searched: with few images every step is an epoch, so that the cost must follow in smaller steps. */
const QUICK = { epochs: 80, lr: 0.15, costFactor: 1.25, patience: 1, earlyStopPatience: 80 };

/**
 * Inspects a model. Four things may speak for a label: `ln(median norm / its norm)` of the patch, the overlay and, by half,
 * the warp that leads to it, and `ln(its margin / median margin)`. Its score is the length of the vector of those above 0: one
 * kind of trigger that takes two fifths of what it takes for the median label is enough for 0.9, and weaker signs add up.
 * A trigger without success counts as one that covers all, or moves pixels through half the image; one of less than a pixel
 * counts as a pixel, a warp of less than a tenth of one as a tenth; margins count as a twentieth of the median one at least.
 *
 * The threshold was fixed on digit classifiers, see `bench/backdoor/detection.ts`. It is no proof: where images of a class
 * have a small mark of their own, as the bags of Fashion-MNIST, that mark is a patch, and a benign network is suspected. What
 * is found is one label that all classes are led to; a backdoor that leads each class to the next has none, and is not found.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] with their true labels, some of each class
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.rand([6, 1, 8, 8]);
 * using labels = ebb.tensor([0, 1, 2, 0, 1, 2], { dtype: "int64" });
 * const clean = ebb.data.fromTensors([images, labels]);
 * using model = ebb.models.smallCnn({ classes: 3, size: 8 });
 * const found = await ebb.backdoor.inspect(model, clean, { progress: false });
 * assertEquals(found.target === null, !found.infected);
 * assertEquals(found.labels.length, 3);
 * ```
 */
export async function inspect(
  model: Module,
  clean: Dataset,
  options: InspectOptions = {},
): Promise<Inspection> {
  const { count = 40, threshold = 1, seed = 0, progress, signal, swap } = options;
  await checkTask("inspect", model, clean, { swap });
  checkCounts("inspect", { count });
  if (!(threshold > 0)) throw new RangeError(`inspect: expected a threshold above 0 but found ${threshold}`);
  for (const epsilon of options.epsilons ?? []) checkAscent("inspect", { epsilon });
  const few = sample(clean, count, seed);
  const shared = { seed, progress, signal, swap };
  const search = { batchSize: few.length, success: SUCCESS, ...shared };
  const patches = await reverseTriggers(model, few, { ...search, ...QUICK });
  const overlays = await reverseOverlays(model, few, search);
  const warps = await reverseWarps(model, few, search);
  const margins = await maximumMargins(model, patches.length, few.fields[0].shape, shared);
  const epsilons = options.epsilons ?? await around(model, sample(clean, CHOOSING, seed), options);
  const shares: number[][] = [];
  for (const epsilon of epsilons) {
    shares.push(await strayed(model, sample(clean, ATTACKED, seed), patches.length, epsilon, options));
  }
  const size = few.fields[0].shape.slice(1);
  const [small, faint] = [patches, overlays].map((triggers) => advantages(triggers, 1, size[0] * size[1]));
  const slight = advantages(warps, 0.1, Math.min(...size) / 2);
  const sure = excess(margins);
  const labels = patches.map((patch, label) => {
    const [overlay, warp, margin] = [overlays[label], warps[label], margins[label]];
    const advantages = {
      patch: small[label],
      overlay: faint[label],
      warp: WARP_WEIGHT * slight[label],
      margin: sure[label],
    };
    const score = Math.hypot(...Object.values(advantages).map((advantage) => Math.max(0, advantage)));
    return { label, patch, overlay, warp, margin, advantages, shares: shares.map((of) => of[label]), score };
  });
  const { label, score } = labels.reduce((best, each) => each.score > best.score ? each : best);
  const infected = score >= threshold;
  return { infected, target: infected ? label : null, score, threshold, epsilons, labels };
}

/** What speaks for the target; where an inspection found none for certain, for the label with the highest score. */
export function suspect({ target, labels }: Inspection): LabelEvidence | undefined {
  if (target !== null) return labels.find(({ label }) => label === target);
  return [...labels].sort((a, b) => b.score - a.score)[0];
}

/** How much less each label takes than the median one: without success all there is, and never less than `least`. */
function advantages(
  triggers: readonly { norm: number; success: number }[],
  least: number,
  all: number,
): number[] {
  const sizes = triggers.map(({ norm, success }) => success >= SUCCESS ? Math.max(least, norm) : all);
  const middle = median(sizes);
  return sizes.map((size) => Math.log(middle / size));
}

/** How much larger each margin is than the median one, which is above 0 unless the model gives most labels to nothing. */
function excess(margins: readonly number[]): number[] {
  const middle = median(margins);
  return margins.map((margin) => middle > 0 ? Math.log(Math.max(LEAST_MARGIN, margin / middle)) : 0);
}

/** Half, once and twice what the model stands. */
async function around(
  model: Module,
  images: Dataset,
  { seed, ...options }: InspectOptions,
): Promise<number[]> {
  const epsilon = await chooseEpsilon(model, images, { count: CHOOSING, seed, ...quietly(options) });
  return [epsilon / 2, epsilon, 2 * epsilon];
}

/** The share of each label among what adversarial examples of images of other classes are taken for. */
async function strayed(
  model: Module,
  images: Dataset,
  classes: number,
  epsilon: number,
  { seed, ...options }: InspectOptions,
): Promise<number[]> {
  const [hits, others] = [new Array<number>(classes).fill(0), new Array<number>(classes).fill(0)];
  const labels = images.labels();
  let row = 0;
  const batches = attacked(
    "inspect",
    model,
    images,
    { epsilon, seed, ...quietly(options) },
    ({ adversarial }) => taken(model, adversarial),
  );
  for await (const batch of batches) {
    for (const found of batch) {
      const truth = labels[row++];
      if (found !== truth) hits[found]++;
      for (let label = 0; label < classes; label++) others[label] += Number(label !== truth);
    }
  }
  return hits.map((count, label) => count / Math.max(1, others[label]));
}
