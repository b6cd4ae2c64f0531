/**
 * The table by which defences are compared: clean accuracy, attack success, robust accuracy, defence effectiveness.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import type { Attack } from "./attack.ts";
import { measure, type Measured } from "./measure.ts";
import type { RunOptions } from "./run.ts";

/** A row of the table: shares of 0 to 1. */
export interface EvaluationRow extends Measured {
  /** The model's name. */
  readonly model: string;
  /** The attack's name. */
  readonly attack: string;
  /** The share of the training images that the attack poisons. */
  readonly rate?: number;
  /** The seed of the repetition that the row is of. */
  readonly seed?: number;
  /** Defence effectiveness rating against the first model; the first has none. */
  readonly der?: number;
}

/** Options of {@linkcode evaluate}. */
export interface EvaluateOptions extends RunOptions {
  /** The seed of the repetition, which `summarise` tells rows apart by; default: none. */
  readonly seed?: number;
}

/**
 * Measures models against an attack.
 *
 * @param models by name; the first is the infected one that the others are repairs of
 * @param test images in [0, 1] with labels, none of them trained on
 * @returns a row a model: `acc`, clean accuracy; `asr`, attack success rate and `ra`, robust accuracy, both without
 * images whose label the attack leaves; `der`, {@linkcode derOf}.
 * @throws {RangeError} when there is no model, or the attack's target is no class of the images.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using before = ebb.models.smallCnn({ classes: 10 });
 * using after = before.clone();
 * const rows = await ebb.backdoor.evaluate({ before, after }, test.subset({ count: 50 }), ebb.backdoor.badnets());
 * assertEquals(rows.map(({ model, der }) => [model, der]), [["before", undefined], ["after", 0.5]]);
 * ```
 */
export async function evaluate(
  models: Readonly<Record<string, Module>>,
  test: Dataset,
  attack: Attack,
  options: EvaluateOptions = {},
): Promise<EvaluationRow[]> {
  const { seed } = options;
  const repetition = seed === undefined ? {} : { seed };
  const rows: EvaluationRow[] = [];
  for (const [name, model] of Object.entries(models)) {
    const measured = await measure(model, test, attack, { ...options, task: `evaluate ${name}` });
    const der = rows.length > 0 ? { der: derOf(rows[0], measured) } : {};
    rows.push({ model: name, attack: attack.name, rate: attack.rate, ...repetition, ...measured, ...der });
  }
  if (rows.length === 0) throw new RangeError("evaluate: expected at least one model but found none");
  return rows;
}

/**
 * The defence effectiveness rating: `(max(0, ASR lost) − max(0, ACC lost) + 1) / 2` (Zhu et al., arXiv:2304.11823).
 *
 * @param before the infected model's shares
 * @param after the repaired model's
 * @returns 1 for a backdoor that is gone at no cost, 0.5 for nothing done.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const [infected, repaired] = [{ acc: 0.98, asr: 1 }, { acc: 0.96, asr: 0.02 }];
 * assertAlmostEquals(ebb.backdoor.derOf(infected, repaired), 0.98);
 * ```
 */
export function derOf(before: Pick<Measured, "acc" | "asr">, after: Pick<Measured, "acc" | "asr">): number {
  return (Math.max(0, before.asr - after.asr) - Math.max(0, before.acc - after.acc) + 1) / 2;
}
