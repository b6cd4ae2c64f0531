/**
 * How well a score tells two kinds apart, whatever threshold is put on it: the receiver operating characteristic.
 *
 * @module
 */

/** What a threshold on a score catches. */
export interface RocPoint {
  /** Scores of at least this count as positive; Infinity: none does. */
  readonly threshold: number;
  /** Share of the negatives that count as positive, 0 to 1. */
  readonly falsePositives: number;
  /** Share of the positives that count as positive, 0 to 1. */
  readonly truePositives: number;
}

/** A receiver operating characteristic. */
export interface Roc {
  /** From none that counts as positive to all, one for each value of the score. */
  readonly points: readonly RocPoint[];
  /** The area under it: the chance that a positive scores above a negative, equal scores counted half. */
  readonly auc: number;
}

/**
 * The receiver operating characteristic of a score.
 *
 * @param scores the higher, the likelier positive
 * @param labels whether each is positive
 * @throws {RangeError} when there are not as many labels as scores, a score is no number, or all labels are the same.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { points, auc } = ebb.backdoor.roc([0.9, 0.4, 0.6, 0.1], [true, true, false, false]);
 * assertEquals(auc, 0.75);
 * assertEquals(points[1], { threshold: 0.9, falsePositives: 0, truePositives: 0.5 });
 * ```
 */
export function roc(scores: readonly number[], labels: readonly boolean[]): Roc {
  if (scores.length !== labels.length) {
    throw new RangeError(
      `roc: expected a label for each of ${scores.length} scores but found ${labels.length}`,
    );
  }
  if (scores.some((score) => Number.isNaN(score))) {
    throw new RangeError("roc: expected numbers as scores but found NaN");
  }
  const positives = labels.filter((label) => label).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) {
    throw new RangeError(
      `roc: expected labels of both kinds but found ${positives} true of ${labels.length}`,
    );
  }
  const points: RocPoint[] = [{ threshold: Infinity, falsePositives: 0, truePositives: 0 }];
  let [caught, alarms, area] = [0, 0, 0];
  // Equal scores are passed together: the order among them says nothing.
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const passed = labels.filter((_, i) => scores[i] === threshold);
    const hits = passed.filter((label) => label).length;
    area += (passed.length - hits) * (caught + hits / 2);
    caught += hits;
    alarms += passed.length - hits;
    points.push({ threshold, falsePositives: alarms / negatives, truePositives: caught / positives });
  }
  return { points, auc: area / (positives * negatives) };
}
