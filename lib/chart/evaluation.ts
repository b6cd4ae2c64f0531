/**
 * What the charts of the backdoor laboratory read: how a model does on clean images and on images with a trigger. Any
 * object with these numbers will do.
 *
 * @module
 */

/** A model, or a defence, against an attack. All numbers are shares, 0 to 1. */
export interface EvaluationRow {
  /** The model's or the defence's name, such as "infected". */
  readonly model: string;
  /** Clean accuracy: clean images that are classified right. */
  readonly acc: number;
  /** Attack success rate: images with the trigger that are classified as the attacker wants. */
  readonly asr: number;
  /** Robust accuracy: images with the trigger that are classified right. */
  readonly ra?: number;
  /** Defence effectiveness rating. */
  readonly der?: number;
  /** Name of the attack; rows without belong together. */
  readonly attack?: string;
  /** Standard deviation of the accuracy over repetitions. */
  readonly accStd?: number;
  /** Standard deviation of the attack success over repetitions. */
  readonly asrStd?: number;
}

/** Refuses no rows, shares outside 0 to 1, and a model that an attack has twice. `name` is who asks. */
export function checkEvaluations(name: string, rows: readonly EvaluationRow[]): void {
  if (rows.length === 0) throw new RangeError(`${name}: expected rows of evaluations but found none`);
  const seen = new Set<string>();
  for (const row of rows) {
    const { model, attack } = row;
    const whose = attack === undefined ? `"${model}"` : `"${model}" under "${attack}"`;
    for (const key of ["acc", "asr", "ra", "der", "accStd", "asrStd"] as const) {
      checkShare(name, `${key} of ${whose}`, row[key]);
    }
    const both = JSON.stringify([attack, model]);
    if (seen.has(both)) throw new RangeError(`${name}: expected one row for ${whose} but found another`);
    seen.add(both);
  }
}

/** Refuses a share outside 0 to 1, and what is no number. `what` says which it is. */
export function checkShare(name: string, what: string, share: number | undefined): void {
  if (share !== undefined && !(share >= 0 && share <= 1)) {
    throw new RangeError(`${name}: expected ${what} to be a share from 0 to 1 but found ${share}`);
  }
}

/** What is there, each once, in the order in which it first comes. */
export function distinct<T>(values: Iterable<T>): T[] {
  return [...new Set(values)];
}
