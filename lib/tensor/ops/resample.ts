/**
 * Where the pixels of a resized line come from: weights of source pixels for each new one, as PyTorch defines them. Along
 * both axes of an image resizing is a product with two such matrices.
 *
 * @module
 */

/** How new pixels are made of old ones. */
export type ResizeMode = "nearest" | "bilinear" | "bicubic";

/** One axis of an image before and after. */
export interface Line {
  from: number;
  to: number;
  /** Source pixels per new pixel. */
  step: number;
}

/** PyTorch computes places in float32. */
const round = Math.fround;

/** The source pixel that is nearest to each new one. */
export function nearestPixels({ from, to, step }: Line): number[] {
  return Array.from({ length: to }, (_, i) => Math.min(Math.floor(round(i * round(step))), from - 1));
}

/** Weights of source pixels, `[to, from]` row by row. */
export function resizeMatrix(mode: ResizeMode, aligned: boolean, line: Line): number[] {
  const { from, to, step } = line;
  const matrix = new Array<number>(to * from).fill(0);
  const put = (row: number, pixel: number, weight: number) => {
    matrix[row * from + Math.min(Math.max(pixel, 0), from - 1)] += weight;
  };
  if (mode === "nearest") {
    nearestPixels(line).forEach((pixel, row) => put(row, pixel, 1));
    return matrix;
  }
  for (let row = 0; row < to; row++) {
    const place = aligned ? (to > 1 ? row * (from - 1) / (to - 1) : 0) : (row + 0.5) * step - 0.5;
    if (mode === "bilinear") {
      const at = Math.max(place, 0);
      const left = Math.min(Math.floor(at), from - 1);
      put(row, left, 1 - (at - left));
      put(row, left + 1, at - left);
    } else {
      const left = Math.floor(place);
      [-1, 0, 1, 2].forEach((offset) => put(row, left + offset, cubic(place - left - offset)));
    }
  }
  return matrix;
}

/** Keys' cubic (1981) with a = −0.75, as image programs have it. */
function cubic(distance: number): number {
  const a = -0.75;
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}
