/**
 * How much a matrix stretches vectors at most.
 *
 * @module
 */

/** Squarings of the Gram matrix: its powers are then told apart by one part in 10⁶ at any size that filters have. */
const SQUARINGS = 22;

/**
 * The largest singular value of a matrix on the host, from powers of its Gram matrix: `tr(Gⁿ)^(1/n)` goes to the largest
 * eigenvalue. No vector is begun with, so that nothing is random.
 *
 * @param values row-major, `rows · columns` of them
 */
export function largestSingularValue(values: ArrayLike<number>, rows: number, columns: number): number {
  const [size, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = (i: number, j: number) => rows < columns ? values[i * columns + j] : values[j * columns + i];
  let power = product(size, length, at, at);
  let logarithm = 0;
  for (let squaring = 0;; squaring++) {
    let trace = 0;
    for (let i = 0; i < size; i++) trace += power[i * size + i];
    if (!(trace > 0)) return trace;
    logarithm += Math.log(trace) / 2 ** squaring;
    if (squaring === SQUARINGS) return Math.exp(logarithm / 2);
    const scaled = power.map((value) => value / trace);
    const entry = (i: number, j: number) => scaled[i * size + j];
    power = product(size, size, entry, entry);
  }
}

/** `Σₖ a(i, k) · b(j, k)`, row-major. */
function product(
  size: number,
  length: number,
  a: (i: number, k: number) => number,
  b: (j: number, k: number) => number,
): Float64Array {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += a(i, k) * b(j, k);
      result[i * size + j] = result[j * size + i] = sum;
    }
  }
  return result;
}
