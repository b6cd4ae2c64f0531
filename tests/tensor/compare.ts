/**
 * Numbers against numbers, with a tolerance by type.
 *
 * @module
 */
import type { DType, Shape } from "../../mod.ts";

/** What may differ, as a share of the expected number and of the largest one beside it. */
export const TOLERANCE: Partial<Record<DType, number>> = {
  float64: 3e-7, // the stored values are rounded to float32
  float32: 2e-6,
  float16: 2e-3,
  bfloat16: 1.6e-2,
};

/** Numbers that are smaller are what rounding left of 0: the tolerance is not taken of them. */
const NOISE = 1e-3;

/**
 * Where two lists of numbers differ by more than the tolerance, in words; null if nowhere. With `anyForNaN` every number
 * will do where NaN is expected.
 */
export function difference(
  found: readonly number[],
  expected: ArrayLike<number>,
  shape: Shape,
  tolerance: number,
  anyForNaN: boolean = false,
): string | null {
  if (found.length !== expected.length) {
    return `expected ${expected.length} elements but found ${found.length}`;
  }
  let largest = NOISE;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]));
  }
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(found[i], expected[i]) || found[i] === expected[i]) continue;
    if (anyForNaN && Number.isNaN(expected[i])) continue;
    const over = Math.abs(found[i] - expected[i]) - tolerance * (Math.abs(expected[i]) + largest);
    if (over <= excess) continue;
    worst = i;
    if (Number.isNaN(over) || over === Infinity) break;
    excess = over;
  }
  if (worst < 0) return null;
  return `at [${indexOf(worst, shape)}] expected ${round(expected[worst])} but found ${round(found[worst])}`;
}

/** Digits enough to see a difference in float32. */
function round(x: number): number {
  return Number(x.toPrecision(9));
}

function indexOf(flat: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}
