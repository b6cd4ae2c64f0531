/**
 * Filters in the order that the CPU's blocked convolutions read, made inside the graph from the plain ones. Reordering
 * is left to `ReorderInput`, the fastest transpose that ONNX Runtime has (`kernels.md`, sections 2 and 6). `B` is the
 * number of channels in a block.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";

/** `[O, I, kH, kW]` for the forward pass: outputs in blocks, and inputs too where they fill them. */
export function forwardFilter(
  g: GraphBuilder,
  w: Value,
  [o, i, kh, kw]: readonly number[],
  B: number,
): Value {
  const taps = kh * kw;
  const source = i < B ? w : g.blocked("ReorderInput", [g.node("Reshape", [w, g.ints([o, i, taps, 1])])]);
  const rows = g.node("Reshape", [source, g.ints([o / B, B, i * taps, 1])]);
  return g.node("Reshape", [g.blocked("ReorderInput", [rows]), g.ints([o, i, kh, kw])]);
}

/** `[O, C, kH, kW]` as the filter `[C, O, kH, kW]` of the gradient of the image: turned around, channels swapped. */
export function flippedFilter(
  g: GraphBuilder,
  w: Value,
  [o, c, kh, kw]: readonly number[],
  B: number,
): Value {
  const taps = kh * kw;
  const byInput = g.blocked("ReorderInput", [g.node("Reshape", [w, g.ints([o, c, taps, 1])])]);
  const split = g.node("Reshape", [byInput, g.ints([o / B, B, c / B, taps, B])]);
  let turned = g.node("Transpose", [split], { perm: [2, 0, 3, 1, 4] });
  if (taps > 1) {
    const rows = g.node("Reshape", [turned, g.ints([c * o / (B * B), taps, B * B])]);
    const reversed = Array.from({ length: taps }, (_, tap) => taps - 1 - tap);
    turned = g.node("Gather", [rows, g.ints(reversed)], { axis: 1 });
  }
  return g.node("Reshape", [turned, g.ints([c, o, kh, kw])]);
}

/**
 * Some taps of a 3×3 filter `[O, C, 3, 3]` as the filter `[C, O, rows, columns]` of the gradient of the image, channels
 * swapped: what reaches the pixels of one parity of row and column where the stride is 2.
 */
export function tapsFilter(
  g: GraphBuilder,
  w: Value,
  [o, c]: readonly number[],
  rows: readonly number[],
  columns: readonly number[],
  B: number,
): Value {
  const taps = rows.flatMap((row) => columns.map((column) => row * 3 + column));
  const choice = Array.from({ length: 9 }, (_, tap) => taps.map((chosen) => chosen === tap ? 1 : 0)).flat();
  const chosen = g.node("MatMul", [
    g.node("Reshape", [w, g.ints([o * c, 9])]),
    g.values(choice, [9, taps.length]),
  ]);
  const byInput = g.blocked("ReorderInput", [g.node("Reshape", [chosen, g.ints([o, c, taps.length, 1])])]);
  const split = g.node("Reshape", [byInput, g.ints([o / B, B, c / B, taps.length, B])]);
  const turned = g.node("Transpose", [split], { perm: [2, 0, 3, 1, 4] });
  return g.node("Reshape", [turned, g.ints([c, o, rows.length, columns.length])]);
}
