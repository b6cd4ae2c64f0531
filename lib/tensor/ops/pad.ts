/**
 * Padding: more elements at the ends of axes.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add } from "./arithmetic.ts";
import { checkScalar } from "./check.ts";
import { flip } from "./repeat.ts";
import { narrow, slice } from "./slice.ts";
import { sum } from "./sum.ts";

/** Options of {@link pad}. */
export interface PadOptions {
  /** What is added: a constant (default), the mirrored inside, the outermost element, or the other end. */
  mode?: "constant" | "reflect" | "replicate" | "circular";
  /** The constant; default 0. */
  value?: number;
}

type Mode = "constant" | "reflect" | "replicate" | "circular";

/** ONNX's names. */
const MODES: Record<Mode, string> = {
  constant: "constant",
  reflect: "reflect",
  replicate: "edge",
  circular: "wrap",
};

/** The tensor, elements before each axis and then after each axis (negative: cut off), and the constant. */
type Padded = [Tensor, readonly number[], number];

/** Padding as a record: gradients of slices are made with it. */
export const padOp: Op<Padded, { mode: Mode }> = defineOp<Padded, { mode: Mode }>({
  name: "pad",
  infer: ([x, pads]) => [{
    dtype: x.dtype,
    shape: x.shape.map((size, axis) => size + pads[axis] + pads[x.rank + axis]),
  }],
  graph: (g, [x, pads, value], { attributes: { mode }, inputs: [{ dtype }] }) => {
    if (mode !== "constant") return [g.node("Pad", [x, pads], { mode: MODES[mode] })];
    return [g.node("Pad", [x, pads, dtype === "bool" ? g.cast(value, dtype) : value])];
  },
  gradient: ({ specs: [{ shape }], inputs: [, pads], attributes: { mode } }, [dy]) => [
    mode === "constant" ? cropped(dy, pads) : folded(dy, shape, pads, mode),
    null,
    null,
  ],
});

/** Without the constants that were added; where elements were cut off there are zeros. */
function cropped(dy: Tensor, pads: readonly number[]): Tensor {
  if (pads.some((n) => n < 0)) return padOp([dy, pads.map((n) => -n), 0], { mode: "constant" });
  return slice(dy, ...dy.shape.map((size, axis) => [pads[axis], size - pads[dy.rank + axis]] as const));
}

/** Adds the gradients of padded elements to those of the elements that they are copies of, axis by axis. */
function folded(dy: Tensor, shape: Shape, pads: readonly number[], mode: Mode): Tensor {
  let result = dy;
  shape.forEach((size, axis) => {
    const [before, after] = [pads[axis], pads[shape.length + axis]];
    const padded = result;
    result = narrow(padded, axis, before, size);
    const fold = (start: number, length: number, at: number) => {
      if (length === 0) return;
      let part = narrow(padded, axis, start, length);
      if (mode === "reflect") part = flip(part, axis);
      if (mode === "replicate") part = sum(part, axis, { keepDim: true });
      const around = new Array<number>(2 * shape.length).fill(0);
      around[axis] = at;
      around[shape.length + axis] = size - at - part.shape[axis];
      result = add(result, padOp([part, around, 0], { mode: "constant" }));
    };
    fold(0, before, { reflect: 1, replicate: 0, circular: size - before, constant: 0 }[mode]);
    fold(
      before + size,
      after,
      { reflect: size - 1 - after, replicate: size - 1, circular: 0, constant: 0 }[mode],
    );
  });
  return result;
}

/** The most elements that a mode can add to an end of an axis of `size`. */
function most(mode: Mode, size: number): number {
  return {
    constant: Infinity,
    reflect: Math.max(0, size - 1),
    replicate: size > 0 ? Infinity : 0,
    circular: size,
  }[mode];
}

/**
 * `x` with elements added at the ends of its last axes.
 *
 * @param padding `[before, after]` of each of the last axes, in the order of the axes. Negative numbers cut elements off
 * (constant mode).
 * @throws {RangeError} when there are more pairs than axes, or an axis is too short for what its mode copies.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3]]);
 * assertEquals(x.pad([[1, 0]], { value: 9 }).toArray(), [[9, 1, 2, 3]]);
 * assertEquals(x.pad([[0, 0], [2, 1]], { mode: "reflect" }).toArray(), [[3, 2, 1, 2, 3, 2]]);
 * ```
 */
export function pad(
  x: Tensor,
  padding: readonly (readonly [number, number])[],
  options: PadOptions = {},
): Tensor {
  const { mode = "constant", value = 0 } = options;
  if (!(mode in MODES)) {
    throw new RangeError(`pad: expected one of ${Object.keys(MODES).join(", ")} but found "${mode}"`);
  }
  if (
    padding.length > x.rank || !padding.every((pair) => pair.length === 2 && pair.every(Number.isInteger))
  ) {
    throw new RangeError(
      `pad: expected up to ${x.rank} pairs of whole numbers but found ${JSON.stringify(padding)}`,
    );
  }
  const whole = new Array<readonly [number, number]>(x.rank - padding.length).fill([0, 0]);
  const pairs = [...whole, ...padding];
  pairs.forEach(([before, after], axis) => {
    const size = x.shape[axis];
    const tooMany = Math.max(before, after) > most(mode, size) ||
      (mode !== "constant" && Math.min(before, after) < 0);
    if (tooMany || size + before + after < 0 || Math.min(before, after) < -size) {
      throw new RangeError(
        `pad: expected axis ${axis} of ${showShape(x.shape)} to be long enough for mode ${mode} but found ` +
          `padding ${before}, ${after}`,
      );
    }
  });
  if (x.dtype !== "bool") checkScalar("pad", value, x.dtype);
  return padOp([x, [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)], value], {
    mode,
  });
}
