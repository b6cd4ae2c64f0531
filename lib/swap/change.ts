/**
 * Whether two steps did the same: similarity of their sequences of ops, by runs of ops (n-grams) and by the rule of
 * SmartSwap's paper (arXiv:2509.11076) for comparison. Sequences are numbers of ops in the order in which they ran; a
 * phase of a step is a sequence as well.
 *
 * @module
 */
import { type Phase, PHASES } from "./trace.ts";

/** Numbers up to here are exact. */
const EXACT = Number.MAX_SAFE_INTEGER;

/**
 * Similarity of two sequences of ops, from 0 (nothing in common) to 1 (equal): of all runs of `n` ops that follow each
 * other, the share that both have (Jaccard). A run counts as often as it occurs: layers repeat, so that without counts a
 * step that leaves a layer out would equal one that does not, and a few ops replaced would outweigh all that repeats.
 *
 * An op inserted costs about `n` runs, a replaced one as many, wherever it stands and however ops are numbered. Where a
 * sequence is shorter than `n`, runs are as long as it is; of two that differ, an empty one has nothing in common with
 * the other. Two sequences of 10,000 ops take about 2 ms.
 *
 * @param a numbers of ops
 * @param b numbers of ops, in the same numbering
 * @param n ops in a run, at least 1; 1 compares how often each op occurs, a large one asks for equal stretches
 * @throws {RangeError} when `n` is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(ebb.ngramSimilarity([1, 2, 3, 4], [1, 2, 3, 4]), 1);
 * assertEquals(ebb.ngramSimilarity([1, 2, 3, 4], [1, 2, 3, 4, 5]), 2 / 3); // 123, 234 of 123, 234, 345
 * assert(ebb.ngramSimilarity([1, 2, 3, 4], [1, 2, 9, 4]) < 0.5);
 * ```
 */
export function ngramSimilarity(a: ArrayLike<number>, b: ArrayLike<number>, n = 3): number {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`ngramSimilarity: expected n to be a whole number of at least 1 but found ${n}`);
  }
  if (isEqual(a, b)) return 1;
  const size = Math.min(n, a.length, b.length);
  if (size === 0) return 0;
  const [left, right] = runsOf(a, b, size);
  const counts = new Map<number, number>();
  for (const run of left) counts.set(run, (counts.get(run) ?? 0) + 1);
  let common = 0;
  for (const run of right) {
    const count = counts.get(run) ?? 0;
    if (count === 0) continue;
    common++;
    counts.set(run, count - 1);
  }
  return common / (left.length + right.length - common);
}

/** The ops of a step in order, and the part of the step that each belongs to, as an index into `PHASES`: a trace is one. */
export interface StepOps {
  /** Numbers of ops. */
  readonly ops: ArrayLike<number>;
  /** As many numbers of phases. */
  readonly phases: ArrayLike<number>;
}

/**
 * {@linkcode ngramSimilarity} of each phase of two steps, so that a short one counts as much as a long one: an update of
 * few ops that is skipped leaves the step as a whole much as it was. A phase that neither has is equal.
 *
 * @param a a step, such as a trace
 * @param b a step, in the same numbering of ops
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const step = { ops: [1, 2, 3, 4, 4, 9], phases: [0, 0, 0, 1, 1, 2] };
 * const skipped = { ops: [1, 2, 3, 4, 4], phases: [0, 0, 0, 1, 1] };
 * assertEquals(ebb.phaseSimilarities(step, skipped), { forward: 1, backward: 1, optimizer: 0 });
 * ```
 */
export function phaseSimilarities(a: StepOps, b: StepOps): Record<Phase, number> {
  const similarity = (phase: number) => ngramSimilarity(opsOf(a, phase), opsOf(b, phase));
  return Object.fromEntries(PHASES.map((name, phase) => [name, similarity(phase)])) as Record<Phase, number>;
}

/**
 * How alike two steps are for the one's plan to serve the other: the least similarity of a phase. One that makes up less
 * than half of a step counts for less, by twice its share, so that an op more in a short update is not another step, but
 * an update left out is. 0 without a look at the ops where lengths are too unlike for `threshold`.
 */
export function likeness(a: StepOps, b: StepOps, threshold: number): number {
  const total = Math.max(a.ops.length, b.ops.length);
  const lengths = [...PHASES.keys()].map((phase) => [count(a, phase), count(b, phase)].sort((x, y) => x - y));
  const weigh = (phase: number, similarity: number) =>
    1 - (1 - similarity) * Math.min(1, 2 * lengths[phase][1] / total);
  // No more runs can be common than the shorter one has.
  const isFar = lengths.some(([short, long], phase) => long > 0 && weigh(phase, short / long) < threshold);
  if (isFar) return 0;
  const similarities = phaseSimilarities(a, b);
  return Math.min(...PHASES.map((name, phase) => weigh(phase, similarities[name])));
}

function opsOf({ ops, phases }: StepOps, phase: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < ops.length; i++) if (phases[i] === phase) found.push(ops[i]);
  return found;
}

function count({ phases }: StepOps, phase: number): number {
  let count = 0;
  for (let i = 0; i < phases.length; i++) if (phases[i] === phase) count++;
  return count;
}

/**
 * The paper's rule (Chameleon / SmartSwap, arXiv:2509.11076), for comparison: a step has changed if its length differs by
 * 5 % or more, or the cosine of the two sequences of op numbers, the shorter one filled up with zeros, is below 0.95.
 *
 * The cosine depends on how ops are numbered: an op inserted at the start shifts all that follow and looks like another
 * step, while a twentieth of the ops replaced can go unnoticed. An op whose number is 0 cannot be told from filling.
 *
 * @param a the step before, numbers of ops of at least 0
 * @param b the step that is compared with it, in the same numbering
 * @returns `length`: the difference of lengths as a share of the length of `a`; `cosine`: 0 to 1, and 1 where both are
 * all zeros; `changed`: whether the rule calls it another step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const step = Array.from({ length: 100 }, (_, i) => i % 2 === 0 ? 1 : 40);
 * assertEquals(ebb.paperSimilarity(step, step), { length: 0, cosine: 1, changed: false });
 * const { changed } = ebb.paperSimilarity(step, [1, ...step]); // every op but one is still there
 * assertEquals([changed, ebb.ngramSimilarity(step, [1, ...step]) > 0.95], [true, true]);
 * ```
 */
export function paperSimilarity(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { length: number; cosine: number; changed: boolean } {
  const shared = Math.min(a.length, b.length);
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < shared; i++) ab += a[i] * b[i];
  for (let i = 0; i < a.length; i++) aa += a[i] * a[i];
  for (let i = 0; i < b.length; i++) bb += b[i] * b[i];
  // Sums of whole numbers are exact: with them, equal sequences have a cosine of exactly 1.
  const cosine = aa === bb && ab === aa ? 1 : ab === 0 ? 0 : Math.min(1, ab / Math.sqrt(aa) / Math.sqrt(bb));
  const length = Math.abs(a.length - b.length) / Math.max(1, a.length);
  return { length, cosine, changed: length >= 0.05 || cosine < 0.95 };
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The runs of `size` ops of both sequences, each run as a number that stands for it alone in both. */
function runsOf(a: ArrayLike<number>, b: ArrayLike<number>, size: number): [Float64Array, Float64Array] {
  const ops = [Float64Array.from(a), Float64Array.from(b)] as const;
  const base = renumber(ops);
  let runs: [Float64Array, Float64Array] = [ops[0].slice(), ops[1].slice()];
  let limit = base; // runs are numbers below it
  for (let more = 1; more < size; more++) {
    if (limit * base > EXACT) limit = renumber(runs);
    runs.forEach((some, side) => {
      for (let i = 0; i + more < some.length; i++) some[i] = some[i] * base + ops[side][i + more];
    });
    limit *= base;
  }
  runs = [runs[0].subarray(0, a.length - size + 1), runs[1].subarray(0, b.length - size + 1)];
  return runs;
}

/** Puts 0, 1, 2 … for the different numbers of both arrays, and says how many there are. */
function renumber(arrays: readonly [Float64Array, Float64Array]): number {
  const numbers = new Map<number, number>();
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) {
      let number = numbers.get(array[i]);
      if (number === undefined) numbers.set(array[i], number = numbers.size);
      array[i] = number;
    }
  }
  return numbers.size;
}
