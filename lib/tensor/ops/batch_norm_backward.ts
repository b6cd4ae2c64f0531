/**
 * The gradient of batch normalisation, in three calls: sums over each image (row by row, in cache), a few numbers per
 * channel, and one affine map of image and gradient (row by row again). A ReLU that followed is undone in passing.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import { asBlocked, asPlain } from "../layout.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { affinePair, inverseDeviation, planeDots, planeSums } from "./channel.ts";
import { positive } from "./pieces.ts";

/** What the image was normalised by. */
export interface Statistics {
  mean: Tensor;
  variance: Tensor;
  epsilon: number;
  /** They are the batch's own, so they depend on the image; else they are constants. */
  ofBatch: boolean;
}

/** The gradient where the ReLU let through. */
function masked(g: GraphBuilder, dy: Value, y: Value, dtype: DType): Value {
  return y === "" ? dy : g.node("Mul", [dy, positive(g, y, dtype)]);
}

/** `[dy, x, y of a ReLU]` → per image and channel, the sums of dy and of dy · x: `[N, C]` each. */
const sums: Op<[Tensor, Tensor, Tensor | null]> = defineOp({
  name: "batchNormSums",
  shaped: true,
  rows: true,
  layout: "own",
  infer: ([, x]) => [0, 1].map(() => ({ dtype: x.dtype, shape: x.shape.slice(0, 2) })),
  graph: (g, [dy, x, y], { inputs: [, { dtype, shape, blocked = false }] }) => {
    const gradient = masked(g, dy, y, dtype);
    return [planeSums(g, gradient, shape, blocked), planeDots(g, gradient, x, shape, blocked)];
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

/** `[dy, x, y of a ReLU, a, k, c]` → `a·dy + k·x + c` per channel. */
const affine: Op<[Tensor, Tensor, Tensor | null, Tensor, Tensor, Tensor]> = defineOp({
  name: "batchNormAffine",
  shaped: true,
  rows: true,
  layout: "own",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape, blocked: x.blocked }],
  graph: (
    g,
    [dy, x, y, a, k, c],
    { inputs: [, image], provider },
  ) => [affinePair(g, masked(g, dy, y, image.dtype), a, x, k, c, image as Spec, provider)],
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
  const gradient = dy.blocked === x.blocked ? dy : x.blocked ? asBlocked(dy) : asPlain(dy);
  const [rowSums, rowDots] = sums.all([gradient, x, y]);
  const settings = { epsilon, count: x.size / x.shape[1], ofBatch };
  const [dw, db, a, k, c] = coefficients.all([rowSums, rowDots, mean, variance, weight], settings);
  const dx = needs[0] ? affine([gradient, x, y, a, k, c]) : null;
  return [dx, needs[1] ? dw : null, needs[2] ? db : null];
}
