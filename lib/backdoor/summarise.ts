/**
 * Rows of several seeds as one: what a defence does on average, and how much that varies.
 *
 * @module
 */
import type { EvaluationRow } from "./evaluate.ts";
import type { Measured } from "./measure.ts";

/** Means over seeds, shares of 0 to 1, and sample standard deviations, which a single seed has none of. */
export interface SummaryRow extends Measured {
  /** The model's name. */
  readonly model: string;
  /** The attack's name. */
  readonly attack: string;
  /** The share of the training images that were poisoned. */
  readonly rate?: number;
  /** Rows that this one was made of. */
  readonly seeds: number;
  /** Mean defence effectiveness rating; not there where a seed has none. */
  readonly der?: number;
  /** Standard deviation of `acc`. */
  readonly accStd?: number;
  /** Standard deviation of `asr`. */
  readonly asrStd?: number;
  /** Standard deviation of `ra`. */
  readonly raStd?: number;
  /** Standard deviation of `der`. */
  readonly derStd?: number;
}

/**
 * Mean and sample standard deviation (n − 1) of the rows of each attack, rate and model, in the order in which these
 * first come.
 *
 * @param rows of {@linkcode evaluate}, of one seed or of many
 * @throws {RangeError} when there is no row, or a model has two rows of one attack, rate and seed.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const row = (seed: number, asr: number) => ({ model: "aft", attack: "blend", seed, acc: 0.9, asr, ra: 0.8 });
 * const [found] = ebb.backdoor.summarise([row(1, 0.01), row(2, 0.03)]);
 * assertAlmostEquals(found.asr, 0.02);
 * assertAlmostEquals(found.asrStd!, Math.SQRT1_2 * 0.02);
 * ```
 */
export function summarise(rows: readonly EvaluationRow[]): SummaryRow[] {
  if (rows.length === 0) throw new RangeError("summarise: expected rows but found none");
  const groups = new Map<string, EvaluationRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.attack, row.rate, row.model]);
    const group = groups.get(key) ?? [];
    const { seed } = row;
    if (seed !== undefined && group.some((other) => other.seed === seed)) {
      throw new RangeError(
        `summarise: expected one row of seed ${seed} for ${row.model} under ${row.attack} but found another`,
      );
    }
    groups.set(key, [...group, row]);
  }
  return [...groups.values()].map((group) => {
    const [{ model, attack, rate }] = group;
    const [acc, asr, ra] = (["acc", "asr", "ra"] as const).map((key) => spread(group.map((row) => row[key])));
    const ders = group.flatMap(({ der }) => der ?? []);
    const der = ders.length === group.length ? spread(ders) : undefined;
    return {
      attack,
      ...(rate !== undefined && { rate }),
      model,
      seeds: group.length,
      acc: acc.mean,
      asr: asr.mean,
      ra: ra.mean,
      ...(der && { der: der.mean }),
      ...(group.length > 1 && { accStd: acc.std, asrStd: asr.std, raStd: ra.std }),
      ...(group.length > 1 && der && { derStd: der.std }),
    };
  });
}

function spread(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}
