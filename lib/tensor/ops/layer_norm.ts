/**
 * Normalisation over the last axes: layer norm (Ba, Kiros and Hinton, 2016) and RMS norm (Zhang and Sennrich, 2019). All
 * gradients are one call. Its graph is that of `kernels.md`, section 3, with sums over features as matrix products, but
 * centred first: exact too where the mean is far from zero, and no slower.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { type DType, isFloating } from "../dtype.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { columnSums, rows } from "./pieces.ts";
import { mean, sumTo } from "./sum.ts";
import { rsqrt } from "./unary.ts";

/** Options of {@link layerNorm}, {@link rmsNorm} and the other normalisations of one example. */
export interface LayerNormOptions {
  /** Added to the variance (or mean square). Default 1e-5; of RMS norm 2⁻²³. */
  epsilon?: number;
}

type Settings = {
  /** Sizes of the axes that are normalised. */
  shape: Shape;
  epsilon: number;
  /** Whether the mean is taken off, as layer norm does. */
  centred: boolean;
};
type Forward = [x: Tensor, w: Tensor | null, b: Tensor | null];
type Backward = [dy: Tensor, x: Tensor, w: Tensor | null, inverse: Tensor, mean: Tensor | null];

/** The type in which statistics are kept: whole precision beside half. */
function statisticsType(dtype: DType): DType {
  return dtype === "float64" ? dtype : "float32";
}

/** Rows and columns of `x` as a matrix with a row for each group of normalised elements. */
function matrixOf(x: Shape, shape: Shape): [number, number] {
  return [sizeOf(x.slice(0, x.length - shape.length)), sizeOf(shape)];
}

const normOp: Op<Forward, Settings> = defineOp<Forward, Settings>({
  name: "layerNorm",
  infer: ([x], { shape, centred }) => {
    const matrix = matrixOf(x.shape, shape);
    const statistics: Spec = { dtype: statisticsType(x.dtype), shape: [matrix[0], 1] };
    const y: Spec = { dtype: x.dtype, shape: x.shape, graphShape: matrix };
    return centred ? [y, statistics, statistics] : [y, statistics];
  },
  graph: (
    g,
    [x, w, b],
    { attributes: { shape, epsilon, centred }, inputs: [{ dtype, shape: { length } }] },
  ) => {
    const size = sizeOf(shape);
    const matrix = rows(g, x, length, shape.length);
    const scale = w === "" ? g.fill([size], 1, dtype) : g.node("Reshape", [w, g.ints([-1])]);
    const shift = b === "" ? "" : g.node("Reshape", [b, g.ints([-1])]);
    const settings = { axis: 1, epsilon: { float: epsilon } };
    // The kernels keep their statistics in float32.
    if (dtype === "float64") return normalize(g, matrix, scale, shift, epsilon, centred, dtype);
    if (!centred) return g.nodes("SimplifiedLayerNormalization", 2, [matrix, scale], settings);
    // An operand left out by an empty name at the end would crash the kernel.
    const operands = shift === "" ? [matrix, scale] : [matrix, scale, shift];
    const [y, mean, inverse] = g.nodes("LayerNormalization", 3, operands, settings);
    return [y, inverse, mean];
  },
  saves: { inputs: [0, 1], outputs: [1, 2] },
  gradient: ({ inputs: [x, w], outputs: [, inverse, mean], attributes, needs }, [dy]) => {
    if (gradEnabled()) return composed(dy, x, w, attributes, needs);
    const { shape, centred } = attributes;
    const found = normBackwardOp.all([dy, x, w, inverse, mean ?? null], { shape, centred, needs });
    return needs.map((needed) => needed ? found.shift()! : null);
  },
});

/** The forward pass of ordinary nodes. */
function normalize(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  shift: Value,
  epsilon: number,
  centred: boolean,
  dtype: DType,
): Value[] {
  const last = g.ints([1]);
  const mean = centred ? g.node("ReduceMean", [x, last]) : "";
  const c = centred ? g.node("Sub", [x, mean]) : x;
  const variance = g.node("ReduceMean", [g.node("Mul", [c, c]), last]);
  const inverse = g.node("Reciprocal", [
    g.node("Sqrt", [g.node("Add", [variance, g.scalar(epsilon, dtype)])]),
  ]);
  const scaled = g.node("Mul", [g.node("Mul", [c, inverse]), scale]);
  return [shift === "" ? scaled : g.node("Add", [scaled, shift]), inverse, ...(centred ? [mean] : [])];
}

type BackwardSettings = { shape: Shape; centred: boolean; needs: readonly boolean[] };

const normBackwardOp = defineOp<Backward, BackwardSettings>({
  name: "layerNormBackward",
  infer: ([dy, x], { shape, needs }) => {
    const { dtype } = dy;
    const all: Spec[] = [
      { dtype, shape: x.shape, graphShape: matrixOf(x.shape, shape) },
      { dtype, shape, graphShape: [sizeOf(shape)] },
      { dtype, shape, graphShape: [sizeOf(shape)] },
    ];
    return all.filter((_, i) => needs[i]);
  },
  graph: (g, operands, { attributes: { shape, centred, needs }, inputs }) => {
    const { dtype, shape: { length: rank } } = inputs[0];
    const size = sizeOf(shape);
    const node = (op: string, ...values: Value[]) => g.node(op, values);
    const [dy, x] = operands.slice(0, 2).map((value) => rows(g, value, rank, shape.length));
    const [inverse, mean] = [3, 4].map((i) =>
      operands[i] === "" || inputs[i].dtype === dtype ? operands[i] : g.cast(operands[i], dtype)
    );
    const w = operands[2];
    const c = centred ? node("Sub", x, mean) : x;
    const products = node("Mul", dy, c);
    const outputs: Value[] = [];
    if (needs[0]) {
      const share = w === ""
        ? g.fill([size, 1], 1 / size, dtype)
        : node("Mul", node("Reshape", w, g.ints([size, 1])), g.scalar(1 / size, dtype));
      const row = w === "" ? inverse : node("MatMul", inverse, node("Reshape", w, g.ints([1, size])));
      let dx = node("Mul", dy, row);
      if (centred) dx = node("Sub", dx, node("Mul", inverse, node("MatMul", dy, share)));
      const cube = node("Mul", node("Mul", inverse, inverse), inverse);
      outputs.push(node("Sub", dx, node("Mul", c, node("Mul", cube, node("MatMul", products, share)))));
    }
    if (needs[1]) outputs.push(node("MatMul", node("Reshape", inverse, g.ints([-1])), products));
    if (needs[2]) outputs.push(columnSums(g, dy, dtype));
    return outputs;
  },
});

/** All gradients as ordinary ops, for a backward pass that is recorded itself. */
function composed(
  dy: Tensor,
  x: Tensor,
  w: Tensor | null,
  { shape, epsilon, centred }: Settings,
  needs: readonly boolean[],
): (Tensor | null)[] {
  const axes = shape.map((_, i) => i - shape.length);
  const average = (v: Tensor) => mean(v, axes, { keepDim: true });
  const c = centred ? sub(x, average(x)) : x;
  const inverse = rsqrt(add(average(mul(c, c)), epsilon));
  const y = mul(c, inverse);
  const d = w === null ? dy : mul(dy, w);
  const rest = centred ? sub(d, average(d)) : d;
  return [
    needs[0] ? mul(inverse, sub(rest, mul(y, average(mul(d, y))))) : null,
    needs[1] ? sumTo(mul(dy, y), shape) : null,
    needs[2] ? sumTo(dy, shape) : null,
  ];
}

/** Checks operands and runs the op. */
function norm(
  name: string,
  x: Tensor,
  normalizedShape: number | Shape,
  weight: Tensor | null,
  bias: Tensor | null,
  epsilon: number,
  centred: boolean,
): Tensor {
  const shape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
  if (shape.length === 0 || !sameShape(x.shape.slice(-shape.length), shape) || !isFloating(x.dtype)) {
    throw new RangeError(
      `${name}: expected floating numbers whose last axes are ${showShape(shape)} but found ` +
        `${x.dtype}${showShape(x.shape)}`,
    );
  }
  for (const [what, operand] of [["weight", weight], ["bias", bias]] as const) {
    if (operand === null || (sameShape(operand.shape, shape) && operand.dtype === x.dtype)) continue;
    throw new RangeError(
      `${name}: expected a ${what} of ${x.dtype}${showShape(shape)} but found ` +
        `${operand.dtype}${showShape(operand.shape)}`,
    );
  }
  return normOp([x, weight, bias], { shape, epsilon, centred });
}

/**
 * Layer norm: `(x − mean) / √(variance + epsilon) · weight + bias`, with mean and variance over the last axes.
 *
 * @param x `[..., ...normalizedShape]`
 * @param normalizedShape sizes of the last axes, or the size of the last one
 * @param weight of `normalizedShape`, or null for ones
 * @param bias of `normalizedShape`, or null for zeros
 * @returns `x`'s shape
 * @throws {RangeError} when shapes or types do not fit; the sentence has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 3], [-2, 2]]);
 * using y = x.layerNorm(2, null, null, { epsilon: 0 });
 * assertEquals(y.toArray(), [[-1, 1], [-1, 1]]);
 * ```
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  options: LayerNormOptions = {},
): Tensor {
  return norm("layerNorm", x, normalizedShape, weight, bias, options.epsilon ?? 1e-5, true);
}

/**
 * RMS norm: `x / √(mean(x²) + epsilon) · weight`, with the mean over the last axes. Shapes and errors as in
 * {@link layerNorm}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[2, -2], [3, 3]]);
 * using y = x.rmsNorm(2, null, { epsilon: 0 });
 * assertEquals(y.toArray(), [[1, -1], [1, 1]]);
 * ```
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  weight: Tensor | null = null,
  options: LayerNormOptions = {},
): Tensor {
  return norm("rmsNorm", x, normalizedShape, weight, null, options.epsilon ?? 2 ** -23, false);
}
