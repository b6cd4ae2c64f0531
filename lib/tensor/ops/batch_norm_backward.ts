/**
 * The gradient of batch normalisation, in three calls: sums over each image (row by row, in cache), a few numbers per
 * channel, and one affine map of image and gradient (row by row again). A ReLU that followed is undone with the sums.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { asBlocked, asPlain } from "../layout.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import { sizeOf } from "../shape.ts";
import { isOverwritable } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { affinePair, inverseDeviation, planeDots, planeSums } from "./channel.ts";
import { clone } from "./copy.ts";
import { isCrowded, positive } from "./pieces.ts";
import { throughRelu } from "./unary.ts";

/** What the image was normalised by. */
export interface Statistics {
  mean: Tensor;
  variance: Tensor;
  epsilon: number;
  /** They are the batch's own, so they depend on the image; else they are constants. */
  ofBatch: boolean;
}

/** Per image and channel, the sums of dy and of dy · x: `[N, C]` each. */
function sumsGraph(g: GraphBuilder, dy: Value, x: Value, { shape, blocked = false }: Spec): Value[] {
  return [planeSums(g, dy, shape, blocked), planeDots(g, dy, x, shape, blocked)];
}

const sumsSpecs = ({ dtype, shape }: Spec): Spec[] => [0, 1].map(() => ({ dtype, shape: shape.slice(0, 2) }));

/** `[dy, x]` → sums. */
const sums: Op<[Tensor, Tensor]> = defineOp({
  name: "batchNormSums",
  shaped: true,
  rows: true,
  layout: "own",
  infer: ([, x]) => sumsSpecs(x),
  graph: (g, [dy, x], { inputs: [, image] }) => sumsGraph(g, dy, x, image),
});

/** `[dy, x, y of a ReLU]` → dy where the ReLU let through (in place), sums. */
const maskedSums: Op<[Tensor, Tensor, Tensor]> = defineOp({
  name: "batchNormMaskedSums",
  shaped: true,
  rows: true,
  layout: "own",
  inPlace: [[0, 0]],
  infer: ([dy, x]) => [{ dtype: dy.dtype, shape: dy.shape, blocked: dy.blocked }, ...sumsSpecs(x)],
  graph: (g, [dy, x, y], { inputs: [, image] }) => {
    const masked = g.node("Mul", [dy, positive(g, y, image.dtype)]);
    return [masked, ...sumsGraph(g, masked, x, image)];
  },
});

/**
 * `[sums of dy, sums of dy · x, mean, variance, weight]` → dw, db, and a, k, c of `dx = a·dy + k·x + c` (k and c are 0
 * where the statistics are constants).
 */
const coefficients: Op<
  [Tensor, Tensor, Tensor, Tensor, Tensor | null],
  { epsilon: number; count: number; ofBatch: boolean }
> = defineOp({
  name: "batchNormCoefficients",
  shaped: true,
  infer: ([, , mean]) => Array.from({ length: 5 }, () => ({ dtype: mean.dtype, shape: mean.shape })),
  graph: (g, [rowSums, rowDots, mean, variance, w], { attributes: { epsilon, count, ofBatch }, inputs }) => {
    const { dtype, shape: [images, channels] } = inputs[0];
    const total = (rows: Value) =>
      g.node("Reshape", [g.node("MatMul", [g.fill([1, images], 1, dtype), rows]), g.ints([channels])]);
    const mul = (...factors: Value[]) => factors.reduce((a, b) => g.node("Mul", [a, b]));
    const db = total(rowSums);
    const inverse = inverseDeviation(g, variance, epsilon, dtype);
    const dw = mul(inverse, g.node("Sub", [total(rowDots), mul(mean, db)]));
    const a = w === "" ? inverse : mul(w, inverse);
    if (!ofBatch) return [dw, db, a, mul(a, g.scalar(0, dtype)), mul(a, g.scalar(0, dtype))];
    const share = g.scalar(-1 / count, dtype);
    const k = mul(a, dw, inverse, share);
    return [dw, db, a, k, g.node("Sub", [mul(a, db, share), mul(k, mean)])];
  },
});

/** `[dy, x, a, k, c]` → `a·dy + k·x + c` per channel. */
const affine: Op<[Tensor, Tensor, Tensor, Tensor, Tensor]> = defineOp({
  name: "batchNormAffine",
  shaped: true,
  rows: true,
  layout: "own",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape, blocked: x.blocked }],
  graph: (g, [dy, x, a, k, c], { inputs: [, image], provider }) => [
    affinePair(g, dy, a, x, k, c, image as Spec, provider),
  ],
});

/** The same over `dy`. The last node copies: before it, the sum would be written over what is still to be read. */
const affineOver: Op<[Tensor, Tensor, Tensor, Tensor, Tensor]> = defineOp({
  name: "batchNormAffineOver",
  shaped: true,
  rows: true,
  layout: "own",
  inPlace: [[0, 0]],
  infer: ([, { dtype, shape, blocked }]) => [
    { dtype, shape, blocked, graphShape: [shape[0], sizeOf(shape.slice(1))] },
  ],
  graph: (g, [dy, x, a, k, c], { inputs: [, image], outputs: [{ shape }], provider }) => {
    const dx = affinePair(g, dy, a, x, k, c, image as Spec, provider);
    return [g.node("Reshape", [dx, g.ints([shape[0], sizeOf(shape.slice(1))])])];
  },
});

/** Gradients of image, weight and bias; `y` is the result where a ReLU followed, else null. */
export function batchNormBackward(
  dy: Tensor,
  x: Tensor,
  weight: Tensor | null,
  y: Tensor | null,
  { mean, variance, epsilon, ofBatch }: Statistics,
  needs: readonly boolean[],
): (Tensor | null)[] {
  const settled = dy.blocked === x.blocked ? dy : x.blocked ? asBlocked(dy) : asPlain(dy);
  // Three images of this size: where that is too much, one step for the mask and one for the sums, and dx over dy.
  const crowded = isCrowded(x.device, 3 * x.bytes);
  const [gradient, rowSums, rowDots] = y === null
    ? [settled, ...sums.all([settled, x])]
    : crowded
    ? throughThenSums(settled, x, y)
    : maskedSums.all([isOverwritable(settled) ? settled : clone(settled), x, y]);
  const settings = { epsilon, count: x.size / x.shape[1], ofBatch };
  const [dw, db, a, k, c] = coefficients.all([rowSums, rowDots, mean, variance, weight], settings);
  const over = crowded && isOverwritable(gradient);
  const dx = needs[0] ? (over ? affineOver : affine)([gradient, x, a, k, c]) : null;
  return [dx, needs[1] ? dw : null, needs[2] ? db : null];
}

/** As {@link maskedSums}, in two steps. */
function throughThenSums(dy: Tensor, x: Tensor, y: Tensor): Tensor[] {
  const gradient = throughRelu(dy, y);
  return [gradient, ...sums.all([gradient, x])];
}
