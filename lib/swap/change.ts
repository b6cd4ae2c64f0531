/**
 * Whether two steps did the same: similarity of their sequences of ops.
 *
 * @module
 */

/** Numbers of ops are below this. */
const OPS = 1 << 16;

/** How often each run of `n` ops occurs. */
function grams(ops: ArrayLike<number>, n: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i + n <= ops.length; i++) {
    let key = 0;
    for (let j = 0; j < n; j++) key = key * OPS + ops[i + j];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/**
 * Similarity of two sequences of ops, from 0 to 1: the share of runs of `n` ops that they have in common, with their
 * counts (Jaccard). An op inserted anywhere costs `n` runs, a replaced one as many, wherever it stands; the cosine of
 * the paper instead depends on how ops are numbered (see {@linkcode paperSimilarity}).
 *
 * @param n at most 3
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(ebb.ngramSimilarity([1, 2, 3, 4], [1, 2, 3, 4]), 1);
 * assert(ebb.ngramSimilarity([1, 2, 3, 4], [1, 2, 9, 4]) < 0.5);
 * ```
 */
export function ngramSimilarity(a: ArrayLike<number>, b: ArrayLike<number>, n = 3): number {
  const size = Math.max(1, Math.min(n, a.length, b.length));
  if (a.length === b.length && Array.prototype.every.call(a, (op, i) => op === b[i])) return 1;
  const [left, right] = [grams(a, size), grams(b, size)];
  let [common, all] = [0, 0];
  for (const [key, count] of left) {
    const other = right.get(key) ?? 0;
    common += Math.min(count, other);
    all += Math.max(count, other);
  }
  for (const [key, count] of right) if (!left.has(key)) all += count;
  return all === 0 ? 1 : common / all;
}

/** Whether two sequences are at least that similar. */
export function isLike(a: ArrayLike<number>, b: ArrayLike<number>, threshold: number): boolean {
  // Lengths alone bound the similarity.
  const [short, long] = [Math.min(a.length, b.length), Math.max(a.length, b.length)];
  return short >= threshold * long && ngramSimilarity(a, b) >= threshold;
}

/**
 * The paper's rule (SmartSwap, arXiv:2509.11076), for comparison: a step has changed if its length differs by 5 % or
 * more, or the cosine of the two sequences of op numbers, the shorter one filled up with zeros, is below 0.95.
 *
 * @returns `length`: the relative difference of lengths; `cosine`; `changed`
 */
export function paperSimilarity(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { length: number; cosine: number; changed: boolean } {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  const cosine = aa === 0 && bb === 0 ? 1 : aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
  const length = Math.abs(a.length - b.length) / Math.max(1, a.length);
  return { length, cosine, changed: length >= 0.05 || cosine < 0.95 };
}
