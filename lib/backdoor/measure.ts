/**
 * What a backdoor does to a model: how often clean images are classified right, and how often triggered ones get the
 * attack's label.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { predict } from "../nn/predict.ts";
import type { Attack } from "./attack.ts";
import { checkTask, type ImageSet } from "./images.ts";
import { passes, type RunOptions } from "./run.ts";

/** Shares of images, 0 to 1. */
export interface Measured {
  /** Clean accuracy: clean images that are classified right. */
  readonly acc: number;
  /** Attack success rate: triggered images that get the attack's label, without those that have it anyway. */
  readonly asr: number;
  /** Robust accuracy: the same triggered images that get their true label. */
  readonly ra: number;
}

/** Options of {@linkcode measure}. */
export interface MeasureOptions extends RunOptions {
  /** What whoever watches reads; default "evaluate". */
  readonly task?: string;
}

/**
 * Measures a model on clean and on triggered images.
 *
 * @throws {RangeError} when no image has another label than the attack's.
 */
export async function measure(
  model: Module,
  test: Dataset,
  attack: Attack,
  options: MeasureOptions = {},
): Promise<Measured> {
  const { swap, task = "evaluate" } = options;
  const { labels, classes } = await checkTask("evaluate", model, test, { swap });
  const { goals, rows: counted } = goalsOf("evaluate", attack, { labels, classes });
  const clean = await predict(model, test, { ...passes(options), task: `${task}, clean` });
  const triggered = await predict(model, test.subset({ indices: counted }), {
    ...passes(options),
    task: `${task}, triggered`,
    transform: attack.parts.trigger,
  });
  const share = (hits: Int32Array, rows: ArrayLike<number>, wanted: Int32Array) =>
    hits.reduce((sum, label, i) => sum + Number(label === wanted[rows[i]]), 0) / hits.length;
  return {
    acc: share(clean, Uint32Array.from(labels.keys()), labels),
    asr: share(triggered, counted, goals),
    ra: share(triggered, counted, labels),
  };
}

/** What an attack is to make of images. */
export interface Goals {
  /** The attack's label of every image. */
  readonly goals: Int32Array;
  /** The images whose label it changes. */
  readonly rows: Uint32Array;
}

/**
 * Which label an attack gives each image.
 *
 * @throws {RangeError} when it changes that of none.
 */
export function goalsOf(op: string, attack: Attack, set: Pick<ImageSet, "labels" | "classes">): Goals {
  const { labels, classes } = set;
  const goals = labels.map((label) => attack.label(label, classes));
  const rows = Uint32Array.from(labels.keys()).filter((row) => goals[row] !== labels[row]);
  if (rows.length > 0) return { goals, rows };
  throw new RangeError(
    `${op}: expected images of other classes than the target ${attack.target} but found none`,
  );
}
