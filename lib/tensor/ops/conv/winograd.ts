/**
 * The weight gradient of 3×3 convolutions over small images with many channels by Winograd's minimal filtering
 * (Lavin and Gray, 2016): tiles of 4 × 4 gradients and 6 × 6 pixels are evaluated at 6 points each way, so that 36
 * products stand for 144. Errors are about ten times those of the direct forms, 1e-5 of the largest value.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import type { Spec } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { fillsBlocks } from "./geometry.ts";
import { swapRows } from "./rows.ts";
import type { WeightAttributes } from "./weight_forms.ts";

const TAPS = 3;
const TILE = 4;
const COUNT = TAPS + TILE - 1;
/** Where polynomials are evaluated; the last point is infinity. Small fractions keep rounding errors small. */
const POINTS = [0, 1, -1, 0.5, -0.5];

type Matrix = number[][];

/** Where it pays: measured at 64 and 128 channels over 8 × 8 and 4 × 4 (a third faster); slower at 32 and below. */
export function fitsWinograd(
  { kernel, stride, padding }: WeightAttributes,
  image: Shape,
  small: Shape,
): boolean {
  const B = blockSize();
  const [, channels, height, width] = image;
  return kernel.every((size) => size === TAPS) && stride.every((s) => s === 1) &&
    padding.every((p) => p === 1) &&
    [channels, small[1]].every((c) => c >= 64 && fillsBlocks(c, B)) &&
    [height, width].every((size) => size === TILE || size === 2 * TILE);
}

/** Powers of each point up to `columns`; infinity picks the highest. */
function powers(columns: number): Matrix {
  const rows = POINTS.map((point) => Array.from({ length: columns }, (_, power) => point ** power));
  return [...rows, Array.from({ length: columns }, (_, power) => power === columns - 1 ? 1 : 0)];
}

/** The inverse of a small matrix (Gauss and Jordan, with pivots). */
function inverse(matrix: Matrix): Matrix {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => i === j ? 1 : 0)]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column; i < n; i++) if (Math.abs(rows[i][column]) > Math.abs(rows[pivot][column])) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const scale = rows[column][column];
    rows[column] = rows[column].map((value) => value / scale);
    for (let i = 0; i < n; i++) {
      const factor = rows[i][column];
      if (i !== column) rows[i] = rows[i].map((value, j) => value - factor * rows[column][j]);
    }
  }
  return rows.map((row) => row.slice(n));
}

/** The transforms of pixels, of gradients, and back to taps: `[6, 6]`, `[6, 4]`, `[6, 3]`, with rows of like size. */
function transforms(): { pixels: Matrix; gradients: Matrix; taps: Matrix } {
  const inverted = inverse(powers(COUNT));
  const pixels = inverted[0].map((_, i) => inverted.map((row) => row[i]));
  const gradients = powers(TILE);
  const taps = powers(TAPS);
  for (let q = 0; q < COUNT; q++) {
    for (const matrix of [pixels, gradients]) {
      const size = matrix[q].reduce((sum, value) => sum + Math.abs(value), 0);
      matrix[q] = matrix[q].map((value) => value / size);
      taps[q] = taps[q].map((value) => value * size);
    }
  }
  return { pixels, gradients, taps };
}

/** A transform for all tiles of a side of `length` places, one after the other: `[6 · tiles, length]`. */
function overTiles(matrix: Matrix, length: number, shift: number): Matrix {
  const tiles = length / TILE;
  const rows: Matrix = [];
  for (let q = 0; q < COUNT; q++) {
    for (let tile = 0; tile < tiles; tile++) {
      const row = new Array<number>(length).fill(0);
      matrix[q].forEach((value, l) => {
        const place = TILE * tile + l - shift;
        if (place >= 0 && place < length) row[place] = value;
      });
      rows.push(row);
    }
  }
  return rows;
}

/** The weight gradient `[O, C, 3, 3]` of blocked images. */
export function winograd(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  _attributes: WeightAttributes,
  { shape: [n, c, height, width] }: Spec,
  { shape: [, o] }: Spec,
): Value {
  const B = blockSize();
  const { pixels, gradients, taps } = transforms();
  const constant = (matrix: Matrix) => g.values(matrix.flat(), [matrix.length, matrix[0].length]);
  const [down, across] = [height / TILE, width / TILE];
  // [6 · tiles down, 6 · tiles across, N · channels]
  const transformed = (value: Value, channels: number, matrix: Matrix, shift: number) => {
    const places = g.node("Reshape", [value, g.ints([n, channels / B, height * width, B])]);
    const first = g.node("Transpose", [places], { perm: [2, 0, 1, 3] });
    const rows = g.node("Reshape", [first, g.ints([height, width * n * channels])]);
    const vertical = g.node("MatMul", [constant(overTiles(matrix, height, shift)), rows]);
    const lines = g.node("Reshape", [vertical, g.ints([COUNT * down, width, n * channels])]);
    const both = g.node("MatMul", [constant(overTiles(matrix, width, shift)), lines]);
    return g.node("Reshape", [both, g.ints([COUNT * down * COUNT, across * n, channels])]);
  };
  const products = g.fused("FusedMatMul", [
    transformed(dy, o, gradients, 0),
    transformed(x, c, pixels, 1),
  ], { transA: 1 });
  // Back to taps, and the sum over tiles down in the same product.
  const tapsOf = (tiles: number) =>
    taps[0].map((_, tap) => taps.flatMap((row) => Array<number>(tiles).fill(row[tap])));
  const vertical = g.node("MatMul", [
    constant(tapsOf(down)),
    g.node("Reshape", [products, g.ints([COUNT * down, COUNT * o * c])]),
  ]);
  const both = g.node("MatMul", [
    constant(tapsOf(1)),
    g.node("Reshape", [vertical, g.ints([TAPS, COUNT, o * c])]),
  ]);
  // The taps of each filter side by side: first those of a block of filters, then within it.
  const perBlock = swapRows(g, both, [1, TAPS * TAPS, o * c / B, B]);
  const blocks = g.node("Reshape", [perBlock, g.ints([o * c / B, B, TAPS, TAPS])]);
  const filters = g.blocked("ReorderOutput", [blocks], { channels: B });
  return g.node("Reshape", [filters, g.ints([o, c, TAPS, TAPS])]);
}
