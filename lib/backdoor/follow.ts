/**
 * Accuracy and attack success while a defence works: over the epochs of its training, or over the rounds of progressive
 * backdoor erasing, as the paper draws them (arXiv:2202.06312).
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import type { Attack } from "./attack.ts";
import { measure } from "./measure.ts";
import { quietly, type RunOptions } from "./run.ts";

/** A model's figures at a point of its repair. */
export interface CourseRow {
  /** Epochs or rounds so far; 0: before the first. */
  readonly epoch: number;
  /** Clean accuracy, 0 to 1. */
  readonly acc: number;
  /** Attack success rate, 0 to 1, without images whose label the attack leaves. */
  readonly asr: number;
  /** What the epoch was trained on, where a defence tells it. */
  readonly phase?: string;
}

/** Measures a model as often as it is told of; its functions are what defences take as `onEpoch` and `onRound`. */
export interface Course {
  /** What was measured so far; `chart.erasure(rows)` draws it. */
  readonly rows: readonly CourseRow[];
  /** Measures a model as one more epoch. */
  readonly onEpoch: (over: { readonly model: Module; readonly phase?: string }) => Promise<void>;
  /** Measures a model as one more round. */
  readonly onRound: (over: { readonly model: Module }) => Promise<void>;
}

/**
 * Follows a repair. It is for whoever knows the attack and wants to see what a defence does; no defence is told.
 *
 * @param infected the model before the repair, which is measured at once
 * @param test images in [0, 1] with labels; some hundreds will do
 * @throws {TypeError | RangeError} when the images are not such, or the attack's target is no class of the model.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train, test } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const course = await ebb.backdoor.follow(model, test.subset({ count: 50 }), ebb.backdoor.badnets());
 * const { onEpoch } = course;
 * using tuned = await ebb.backdoor.fineTune(model, clean, { epochs: 2, onEpoch, progress: false });
 * assertEquals(course.rows.map(({ epoch }) => epoch), [0, 1, 2]);
 * assertEquals(ebb.chart.erasure(course.rows).svg.startsWith("<svg"), true);
 * ```
 */
export async function follow(
  infected: Module,
  test: Dataset,
  attack: Attack,
  options: Pick<RunOptions, "swap" | "signal"> = {},
): Promise<Course> {
  const rows: CourseRow[] = [];
  const see = async ({ model, phase }: { readonly model: Module; readonly phase?: string }) => {
    const { acc, asr } = await measure(model, test, attack, quietly(options));
    rows.push({ epoch: rows.length, acc, asr, ...(phase !== undefined && { phase }) });
  };
  await see({ model: infected });
  return { rows, onEpoch: see, onRound: ({ model }) => see({ model }) };
}
