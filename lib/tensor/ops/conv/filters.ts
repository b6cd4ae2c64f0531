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
 * The four 2×2 filters that a 3×3 filter of stride 2 and padding 1 becomes in the gradient of the image: one for each
 * parity of row and column, as `[4C, O, 2, 2]`, outputs ordered (row parity, column parity, channel).
 */
export function parityFilter(g: GraphBuilder, w: Value, [o, c]: readonly number[], B: number): Value {
  // Tap 2·parity + position of the small filter is tap `source` of the large one; the fourth place is empty.
  const source = [1, 3, 2, 0];
  const matrix = new Array<number>(9 * 16).fill(0);
  for (let a = 0; a < 4; a++) {
    for (let b = 0; b < 4; b++) {
      const [row, column] = [source[a], source[b]];
      if (row > 2 || column > 2) continue;
      const target = ((a >> 1) * 2 + (b >> 1)) * 4 + (a & 1) * 2 + (b & 1);
      matrix[(row * 3 + column) * 16 + target] = 1;
    }
  }
  const taps = g.node("MatMul", [g.node("Reshape", [w, g.ints([o * c, 9])]), g.values(matrix, [9, 16])]);
  const byInput = g.blocked("ReorderInput", [g.node("Reshape", [taps, g.ints([o, c, 16, 1])])]);
  const split = g.node("Reshape", [byInput, g.ints([o / B, B, c / B, 4, 4, B])]);
  return g.node("Reshape", [
    g.node("Transpose", [split], { perm: [3, 2, 0, 4, 1, 5] }),
    g.ints([4 * c, o, 2, 2]),
  ]);
}
