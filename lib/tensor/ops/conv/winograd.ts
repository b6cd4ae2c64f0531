/**
 * The weight gradient of 3×3 convolutions over small images with many channels by Winograd's minimal filtering
 * (Lavin and Gray, 2016): tiles of 4 × 4 gradients and 6 × 6 pixels are evaluated at 6 points each way, so that 36
 * products stand for 144. Errors are about ten times those of the direct forms, 1e-5 of the largest value.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { fillsBlocks } from "./geometry.ts";
import { swapRows } from "./rows.ts";
import type { WeightAttributes, WeightForm } from "./weight_forms.ts";

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

/** Tiles down and across. */
const tilesOf = ([, , height, width]: Shape): [number, number] => [height / TILE, width / TILE];

/** What is transformed: the image in tiles of 6 × 6, which overlap, or the gradient in tiles of 4 × 4. */
export type Side = "image" | "gradient";

/** Shape of what {@link transformed} gives: `[6 · tiles down, 6 · tiles across, N · channels]`. */
export function transformedShape(shape: Shape): Shape {
  const [down, across] = tilesOf(shape);
  return [COUNT * down, COUNT * across, shape[0] * shape[1]];
}

/** The values of a blocked image's tiles at each point. */
export function transformed(g: GraphBuilder, value: Value, shape: Shape, side: Side): Value {
  const B = blockSize();
  const [n, channels, height, width] = shape;
  const { pixels, gradients } = transforms();
  const [matrix, shift] = side === "image" ? [pixels, 1] : [gradients, 0];
  const places = g.node("Reshape", [value, g.ints([n, channels / B, height * width, B])]);
  const first = g.node("Transpose", [places], { perm: [2, 0, 1, 3] });
  const rows = g.node("Reshape", [first, g.ints([height, width * n * channels])]);
  const vertical = g.node("MatMul", [constant(g, overTiles(matrix, height, shift)), rows]);
  const lines = g.node("Reshape", [vertical, g.ints([COUNT * height / TILE, width, n * channels])]);
  return g.node("MatMul", [constant(g, overTiles(matrix, width, shift)), lines]);
}

/** Shape of {@link products}: `[points, O, C]`. */
export function productsShape(image: Shape, small: Shape): Shape {
  return [COUNT * tilesOf(image)[0] * COUNT, small[1], image[1]];
}

/** Sums over images and tiles across of the products at each point. */
export function products(g: GraphBuilder, gradient: Value, image: Value, shape: Shape, small: Shape): Value {
  const [points, o, c] = productsShape(shape, small);
  return g.fused("FusedMatMul", [
    g.node("Reshape", [gradient, g.ints([points, -1, o])]),
    g.node("Reshape", [image, g.ints([points, -1, c])]),
  ], { transA: 1 });
}

/** The weight gradient of blocked images. Its only partial sum is over all of them: products at each point. */
export const winograd: WeightForm = {
  blocked: [true, true],
  share: (_, [n]) => n,
  least: () => 1,
  blocks: () => 1,
  temporaries: (_, image, small) => 2 * (sizeOf(transformedShape(image)) + sizeOf(transformedShape(small))),
  parts: (g, x, dy, { image, small }) =>
    products(g, transformed(g, dy, small, "gradient"), transformed(g, x, image, "image"), image, small),
  total(g, parts, { image, small: [, o] }) {
    const B = blockSize();
    const c = image[1];
    const [down] = tilesOf(image);
    const { taps } = transforms();
    // Back to taps, and the sum over tiles down in the same product.
    const tapsOf = (tiles: number) =>
      taps[0].map((_, tap) => taps.flatMap((row) => Array<number>(tiles).fill(row[tap])));
    const vertical = g.node("MatMul", [
      constant(g, tapsOf(down)),
      g.node("Reshape", [parts, g.ints([COUNT * down, COUNT * o * c])]),
    ]);
    const both = g.node("MatMul", [
      constant(g, tapsOf(1)),
      g.node("Reshape", [vertical, g.ints([TAPS, COUNT, o * c])]),
    ]);
    // The taps of each filter side by side: first those of a block of filters, then within it.
    const perBlock = swapRows(g, both, [1, TAPS * TAPS, o * c / B, B]);
    const blocks = g.node("Reshape", [perBlock, g.ints([o * c / B, B, TAPS, TAPS])]);
    const filters = g.blocked("ReorderOutput", [blocks], { channels: B });
    return g.node("Reshape", [filters, g.ints([o, c, TAPS, TAPS])]);
  },
};

function constant(g: GraphBuilder, matrix: Matrix): Value {
  return g.values(matrix.flat(), [matrix.length, matrix[0].length]);
}
