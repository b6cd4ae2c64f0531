/**
 * Triggers that were reverse-engineered, one towards each label, and how far the smallest lies from the others. The
 * label of a backdoor is reached by much less than any other (Wang et al., "Neural Cleanse: Identifying and Mitigating
 * Backdoor Attacks in Neural Networks", S&P 2019).
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { loader } from "../../data/loader.ts";
import type { Module } from "../../nn/module.ts";
import { Adam } from "../../optim/adam.ts";
import { Task } from "../../notebook/mod.ts";
import { full } from "../../tensor/create.ts";
import { add, argmax, crossEntropy, mul, sub } from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkTask } from "../images.ts";
import { checkCounts, deviceOf, type RunOptions, runStep } from "../run.ts";

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

/** A trigger while it is learnt. Whoever makes it frees it. */
export interface LearntTrigger extends Disposable {
  /** What is learnt. */
  readonly parameters: Tensor[];
  /** Images `[N, C, H, W]` with the trigger; on the tape. */
  put(images: Tensor): Tensor;
  /** How large it is, a scalar on the tape; not there where that is set and not learnt. */
  size?(): Tensor;
}

/** What is common to every search for triggers. */
export interface SearchOptions extends RunOptions {
  /** Images in a batch. */
  readonly batchSize?: number;
  /** Share of the images that a trigger must turn into the label, in (0, 1]. */
  readonly success?: number;
  /** Decides the order of the images; default: the library's generator does (`ebb.seed`). */
  readonly seed?: number;
}

/** How far values that are to be learnt on keep away from 0 and 1, where nothing is learnt. */
const INSIDE = 1e-3;
/** What it takes for a median of absolute deviations to estimate a normal distribution's standard deviation. */
const CONSISTENT = 1.4826;

/**
 * How much smaller each norm is than usual: its distance below the median over the median absolute deviation times
 * 1.4826 (Wang et al., Section IV-C). Negative for those above the median. Of two norms each is 0.67 off, whatever they are:
 * it takes three classes for one of them to stand out.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const [first, ...others] = ebb.backdoor.anomalyIndices([10, 80, 90, 100, 110]);
 * assert(first > 2 && others.every((index) => index < 2)); // the first label's trigger is much smaller
 * ```
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

/** What is squeezed into a value of (0, 1) by the logistic function; ends of the range are brought a little inside. */
export function logit(value: number): number {
  const inside = Math.min(1 - INSIDE, Math.max(INSIDE, value));
  return Math.log(inside / (1 - inside));
}

/** How far scores are from a label, a scalar. */
export function towards(scores: Tensor, label: number): Tensor {
  using labels = full([scores.shape[0]], label, { dtype: "int64", device: scores.device });
  return crossEntropy(scores, labels);
}

/** Share of the rows of scores whose largest is that of `label`. */
export function shareOf(scores: Tensor, label: number): number {
  const taken = Array.from(argmax(scores, 1).data(), Number);
  return taken.filter((value) => value === label).length / taken.length;
}

/** What learns a trigger. */
export function learner({ parameters }: LearntTrigger, lr: number): Adam {
  return new Adam(parameters, { lr, betas: [0.5, 0.9] });
}

/** Values on the host, computed off the tape. */
export function plain(values: () => Tensor): Float32Array<ArrayBuffer> {
  return noGrad(() => scope(() => Float32Array.from(values().data() as Float32Array)));
}

/** How {@linkcode grow} learns. */
interface Growth extends Omit<SearchOptions, "batchSize" | "success"> {
  readonly batchSize: number;
  readonly success: number;
  /** The learning rate. */
  readonly lr: number;
  /** How much the trigger may do in the first step, and at most. */
  readonly least: number;
  readonly most: number;
  /** What that is multiplied by in each step, above 1. */
  readonly growth: number;
  /** Lets the trigger do so much. */
  readonly allow: (extent: number) => void;
}

/**
 * Learns a trigger that may do little in the beginning and more with every step, until it works or may do all. So only what
 * the model was taught to answer to strongly works early.
 *
 * @param model in evaluation mode, without parameters to learn
 * @returns the share of the last batch that it turned into the label.
 */
export async function grow(
  model: Module,
  clean: Dataset,
  label: number,
  trigger: LearntTrigger,
  { batchSize, success, seed, swap, lr, least, most, growth, allow }: Growth,
): Promise<number> {
  const device = deviceOf(model);
  using optimizer = learner(trigger, lr);
  const steps = 1 + Math.max(0, Math.ceil(Math.log(most / least) / Math.log(growth)));
  let extent = least;
  let share = 0;
  for await (const [images] of loader(clean, { batchSize, shuffle: true, seed, steps, device })) {
    const run = () =>
      scope(() => {
        const scores = model.forward(trigger.put(images));
        const share = shareOf(scores, label);
        if (share >= success) return share;
        optimizer.zeroGrad();
        towards(scores, label).backward();
        optimizer.step();
        return share;
      });
    share = await runStep(swap, run);
    if (share >= success) break;
    extent = Math.min(most, extent * growth);
    allow(extent);
  }
  optimizer.zeroGrad();
  return share;
}

/** @throws {RangeError} when a trigger would not grow. */
export function checkGrowth(op: string, growth: number): void {
  if (growth > 1 && growth < Infinity) return;
  throw new RangeError(`${op}: expected a growth above 1 but found ${growth}`);
}

/**
 * Searches a trigger for each label.
 *
 * @param op who asks
 * @param find searches one; the model that it is given is in evaluation mode and has no parameter to learn
 */
export async function reverseEach<F extends Pick<Found, "norm" | "success">>(
  op: string,
  model: Module,
  clean: Dataset,
  settings: Required<Pick<SearchOptions, "batchSize" | "success">> & SearchOptions,
  find: (model: Module, label: number) => Promise<F>,
): Promise<(F & Pick<ReversedTrigger, "label" | "anomaly">)[]> {
  const { classes } = await checkTask(op, model, clean, settings);
  const { batchSize, success, progress, signal } = settings;
  checkCounts(op, { batchSize });
  if (!(success > 0 && success <= 1)) {
    throw new RangeError(`${op}: expected a success above 0 and of at most 1 but found ${success}`);
  }
  // Parameters that need gradients would cost as much again.
  using frozen = model.clone().requiresGrad_(false);
  frozen.eval();
  using task = new Task(op, classes, { progress, signal });
  const found: F[] = [];
  for (let label = 0; label < classes; label++) {
    found.push(await find(frozen, label));
    task.advance(() => `label ${label}: norm ${found[label].norm.toFixed(1)}`);
  }
  const anomalies = anomalyIndices(found.map(({ norm }) => norm));
  return found.map((trigger, label) => ({ label, ...trigger, anomaly: anomalies[label] }));
}
