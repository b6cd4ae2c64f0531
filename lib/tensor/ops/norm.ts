/**
 * Lengths of vectors: norms over axes, and the logarithm of a sum of exponentials.
 *
 * @module
 */
import { defineOp } from "../op.ts";
import { scope } from "../scope.ts";
import { reducedShape } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { to } from "./cast.ts";
import { checkFloating } from "./check.ts";
import { eq, ne, where } from "./compare.ts";
import { exp } from "./exponential.ts";
import { pow } from "./pow.ts";
import { max, min } from "./reduce.ts";
import { type Axes, reducedShapes, type ReduceOptions, reduceOver, type Reduction } from "./reduction.ts";
import { sum } from "./sum.ts";
import { abs, sign } from "./unary.ts";
import { reshape } from "./view.ts";

const KERNELS: Record<number, string> = { 1: "ReduceL1", 2: "ReduceL2" };

const normOp = defineOp<[Tensor, number], Reduction & { p: number | null }>({
  name: "norm",
  infer: ([x], how) => [{ dtype: x.dtype, ...reducedShapes(x.shape, how) }],
  graph: (g, [x, power], { attributes: { axes, p } }) => {
    if (p !== null) return [g.node(KERNELS[p], [x, g.ints(axes)], { keepdims: 0 })];
    const powers = g.node("Pow", [g.node("Abs", [x]), power]);
    const total = g.node("ReduceSum", [powers, g.ints(axes)], { keepdims: 0 });
    return [g.node("Pow", [total, g.node("Reciprocal", [power])])];
  },
  saves: { inputs: [0], outputs: [0] },
  gradient: ({ inputs: [x, p], outputs: [result], attributes: { axes } }, [gradient]) => {
    const kept = reducedShape(x.shape, axes, true);
    const dy = reshape(gradient, kept);
    if (p === 1) return [mul(sign(x), dy), null];
    const y = reshape(result, kept);
    const scale = where(eq(y, 0), 0, div(dy, p === 2 ? y : pow(y, p - 1)));
    if (p === 2) return [mul(x, scale), null];
    const slope = mul(sign(x), pow(abs(x), p - 1));
    return [mul(p < 2 ? where(eq(x, 0), 0, slope) : slope, scale), null];
  },
});

/**
 * The p-norm `(Σ |x|ᵖ)^(1/p)` over `axes` (all by default). `p` may be infinite (the largest `|x|`, or the smallest for
 * `-Infinity`) or 0 (how many elements are not 0). The gradient at the zero vector is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[3, 4], [5, 12]]);
 * assertEquals(x.norm(2, 1).toArray(), [5, 13]);
 * ```
 */
export function norm(x: Tensor, p: number = 2, axes?: Axes, options: ReduceOptions = {}): Tensor {
  checkFloating("norm", x);
  if (p === Infinity) return scope(() => max(abs(x), axes, options));
  if (p === -Infinity) return scope(() => min(abs(x), axes, options));
  if (p === 0) return scope(() => sum(to(ne(x, 0), x.dtype), axes, options));
  if (Number.isNaN(p)) throw new RangeError("norm: expected a power but found NaN");
  return reduceOver(
    "norm",
    x,
    axes,
    options,
    (x, how) => normOp([x, p], { ...how, p: p in KERNELS ? p : null }),
  );
}

const logSumExpOp = defineOp<[Tensor], Reduction>({
  name: "logSumExp",
  infer: ([x], how) => [{ dtype: checkFloating("logSumExp", x).dtype, ...reducedShapes(x.shape, how) }],
  graph: (
    g,
    [x],
    { attributes: { axes } },
  ) => [g.node("ReduceLogSumExp", [x, g.ints(axes)], { keepdims: 0 })],
  saves: { inputs: [0] },
  gradient: ({ inputs: [x], attributes: { axes } }, [gradient]) => {
    const dy = reshape(gradient, reducedShape(x.shape, axes, true));
    if (!gradEnabled()) return [sharesOp([dy, x], { axes })];
    const y = logSumExp(x, axes, { keepDim: true });
    return [mul(dy, exp(sub(x, y)))];
  },
});

/** `dy` shared out in proportion to exp(x). */
const sharesOp = defineOp<[Tensor, Tensor], { axes: readonly number[] }>({
  name: "logSumExpBackward",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [dy, x], { attributes }) => {
    const axes = g.ints(attributes.axes);
    const largest = g.node("ReduceMax", [x, axes], { keepdims: 1 });
    const parts = g.node("Exp", [g.node("Sub", [x, largest])]);
    const total = g.node("ReduceSum", [parts, axes], { keepdims: 1 });
    return [g.node("Mul", [parts, g.node("Div", [dy, total])])];
  },
});

/**
 * `log Σ exp(x)` over `axes` (all by default), without overflow. Over no element it is -∞.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[0, 0], [1000, 1000]]);
 * using y = x.logSumExp(1);
 * using expected = ebb.tensor([Math.log(2), 1000 + Math.log(2)]);
 * assert(y.allClose(expected));
 * ```
 */
export function logSumExp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("logSumExp", x, axes, options, (x, how) => logSumExpOp([x], how));
}
