/**
 * Triggers that were reverse-engineered, one towards each label, and how far the smallest lies from the others. The
 * label of a backdoor is reached by much less than any other (Wang et al., "Neural Cleanse: Identifying and Mitigating
 * Backdoor Attacks in Neural Networks", S&P 2019).
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { Task } from "../progress/mod.ts";
import { add, argmax, mul, sub } from "../tensor/ops/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkImages } from "./images.ts";
import type { RunOptions } from "./train.ts";

/** A picture as plain data. */
export interface PlainImage {
  /** Values of [0, 1], row-major. */
  readonly data: Float32Array;
  /** `[H, W]` or `[C, H, W]` */
  readonly shape: readonly number[];
}

/** A trigger as it was found for a label: `(1 − mask) · image + mask · pattern`. */
export interface ReversedTrigger {
  /** What images with it are taken for. */
  readonly label: number;
  /** `[H, W]`: how much of each pixel is the pattern's, 0 to 1. */
  readonly mask: PlainImage;
  /** `[C, H, W]` */
  readonly pattern: PlainImage;
  /** The sum of the mask. */
  readonly norm: number;
  /** Share of the images that it turns into the label, 0 to 1. */
  readonly success: number;
  /** See {@linkcode anomalyIndices}; above 2 is conspicuous. */
  readonly anomaly: number;
}

/** A trigger before it is compared with the others. */
export type Found = Omit<ReversedTrigger, "label" | "anomaly">;

/** What is common to every search for triggers. */
export interface SearchOptions extends RunOptions {
  /** Images in a batch. */
  readonly batchSize?: number;
  /** Share of the images that a trigger must turn into the label, in (0, 1]. */
  readonly success?: number;
  /** Decides the order of the images; default: the library's generator does (`ebb.seed`). */
  readonly seed?: number;
}

/** What it takes for a median of absolute deviations to estimate a normal distribution's standard deviation. */
const CONSISTENT = 1.4826;

/**
 * How much smaller each norm is than usual: its distance below the median over the median absolute deviation times
 * 1.4826 (Wang et al., Section IV-C). Negative for those above the median.
 */
export function anomalyIndices(norms: readonly number[]): number[] {
  const middle = median(norms);
  const spread = CONSISTENT * median(norms.map((norm) => Math.abs(norm - middle)));
  return norms.map((norm) => norm === middle ? 0 : (middle - norm) / spread);
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** How images look with a trigger. */
export function stampWith(images: Tensor, mask: Tensor | number, pattern: Tensor): Tensor {
  return add(images, mul(sub(pattern, images), mask));
}

/** Share of the rows of scores whose largest is that of `label`. */
export function shareOf(scores: Tensor, label: number): number {
  const taken = Array.from(argmax(scores, 1).data(), Number);
  return taken.filter((value) => value === label).length / taken.length;
}

/**
 * Searches a trigger for each label.
 *
 * @param op who asks
 * @param find searches one; the model that it is given is in evaluation mode and has no parameter to learn
 */
export async function reverseEach(
  op: string,
  model: Module,
  clean: Dataset,
  settings: Required<Pick<SearchOptions, "batchSize" | "success">> & SearchOptions,
  find: (model: Module, label: number) => Promise<Found>,
): Promise<ReversedTrigger[]> {
  const { classes } = checkImages(op, clean);
  const { batchSize, success, progress } = settings;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`${op}: expected batchSize to be a whole number above 0 but found ${batchSize}`);
  }
  if (!(success > 0 && success <= 1)) {
    throw new RangeError(`${op}: expected a success above 0 and of at most 1 but found ${success}`);
  }
  // Parameters that need gradients would cost as much again.
  using frozen = model.clone().requiresGrad_(false);
  frozen.eval();
  using task = new Task(op, classes, progress);
  const found: Found[] = [];
  for (let label = 0; label < classes; label++) {
    found.push(await find(frozen, label));
    task.advance(() => `label ${label}: norm ${found[label].norm.toFixed(1)}`);
  }
  const anomalies = anomalyIndices(found.map(({ norm }) => norm));
  return found.map((trigger, label) => ({ label, ...trigger, anomaly: anomalies[label] }));
}
