/**
 * Activation functions. Their gradients are one graph each, as every node of a graph is a pass over memory and every
 * call has its price; while a backward pass is recorded itself, they are composed of ordinary ops instead.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { checkFloating } from "./check.ts";
import { gt, where } from "./compare.ts";
import { erf, exp } from "./exponential.ts";
import { overGradient, square } from "./unary.ts";

type None = Record<never, never>;

/** Number literals of the type that a graph computes in. */
type Constant = (value: number) => Value;

const constants = (g: GraphBuilder, dtype: DType): Constant => (value) => g.scalar(value, dtype);

/** A gradient from `dy`, the operand or result `v`, and perhaps a parameter. */
type Backward = (dy: Tensor, v: Tensor, parameter?: number) => Tensor;

/** A gradient as one graph, and the same of ops that can be differentiated again. */
function backward(
  name: string,
  graph: (g: GraphBuilder, dy: Value, v: Value, c: Constant, parameter: Value) => Value,
  composed: (dy: Tensor, v: Tensor, parameter: number) => Tensor,
): Backward {
  const op = defineOp<[Tensor, Tensor, number | null], None>({
    name: `${name}Backward`,
    layout: "elementwise",
    rows: true,
    infer: ([dy]) => [{ dtype: dy.dtype, shape: dy.shape }],
    graph: (g, [dy, v, parameter], { inputs: [{ dtype }] }) => [
      graph(g, dy, v, constants(g, dtype), parameter),
    ],
  });
  return (dy, v, parameter) => {
    if (gradEnabled()) return composed(dy, v, parameter ?? NaN);
    return overGradient<[Tensor, Tensor, number | null]>(op, [dy, v, parameter ?? null]);
  };
}

const tanhBackward = backward(
  "tanh",
  (g, dy, y, c) => g.node("Mul", [dy, g.node("Sub", [c(1), g.node("Mul", [y, y])])]),
  (dy, y) => mul(dy, sub(1, square(y))),
);
const sigmoidBackward = backward(
  "sigmoid",
  (g, dy, y, c) => g.node("Mul", [dy, g.node("Mul", [y, g.node("Sub", [c(1), y])])]),
  (dy, y) => mul(dy, mul(y, sub(1, y))),
);

function smooth(name: string, node: string, gradient: Backward): Op<[Tensor], None> {
  return defineOp<[Tensor], None>({
    name,
    layout: "elementwise",
    infer: ([x]) => [{ dtype: checkFloating(name, x).dtype, shape: x.shape }],
    graph: (g, [x]) => [g.node(node, [x])],
    saves: { outputs: [0] },
    gradient: ({ outputs: [y] }, [dy]) => [gradient(dy, y)],
  });
}

const tanhOp = smooth("tanh", "Tanh", tanhBackward);
const sigmoidOp = smooth("sigmoid", "Sigmoid", sigmoidBackward);

/**
 * The hyperbolic tangent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-100, 0, 100]);
 * using y = x.tanh();
 * assertEquals(y.toArray(), [-1, 0, 1]);
 * ```
 */
export function tanh(x: Tensor): Tensor {
  return tanhOp([x]);
}

/**
 * `1 / (1 + exp(−x))`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using logOdds = ebb.tensor([0, Math.log(3)]);
 * using y = logOdds.sigmoid();
 * using probabilities = ebb.tensor([0.5, 0.75]);
 * assert(y.allClose(probabilities));
 * ```
 */
export function sigmoid(x: Tensor): Tensor {
  return sigmoidOp([x]);
}

/** An activation whose gradient reads its operand. */
function activation<A extends Record<string, unknown>>(
  name: string,
  graph: (g: GraphBuilder, x: Value, dtype: DType, attributes: A) => Value,
  gradient: (dy: Tensor, x: Tensor, attributes: A) => Tensor,
): Op<[Tensor], A> {
  return defineOp<[Tensor], A>({
    name,
    layout: "elementwise",
    rows: true,
    infer: ([x]) => [{ dtype: checkFloating(name, x).dtype, shape: x.shape }],
    graph: (g, [x], { inputs: [{ dtype }], attributes }) => [graph(g, x, dtype, attributes)],
    saves: { inputs: [0] },
    gradient: ({ inputs: [x], attributes }, [dy]) => [gradient(dy, x, attributes)],
  });
}

const siluBackward = backward(
  "silu",
  (g, dy, x, c) => {
    const s = g.node("Sigmoid", [x]);
    const y = g.node("Mul", [x, s]);
    return g.node("Mul", [dy, g.node("Add", [s, g.node("Mul", [y, g.node("Sub", [c(1), s])])])]);
  },
  (dy, x) => {
    const s = sigmoid(x);
    return mul(dy, add(s, mul(mul(x, s), sub(1, s))));
  },
);
const siluOp = activation<None>(
  "silu",
  (g, x, dtype) => {
    if (dtype !== "float64") return g.node("Mul", [x, g.node("Sigmoid", [x])]);
    // ONNX Runtime would fuse that into a kernel that it lacks in float64.
    const below = g.node("Add", [g.node("Exp", [g.node("Neg", [x])]), g.scalar(1, dtype)]);
    return g.node("Div", [x, below]);
  },
  (dy, x) => siluBackward(dy, x),
);

/**
 * `x · sigmoid(x)`, also known as swish.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-100, 0, 100]);
 * using y = x.silu(); // near 0 for negative numbers, near x for positive ones
 * using relu = x.relu();
 * assert(y.allClose(relu, { atol: 1e-5 }));
 * ```
 */
export function silu(x: Tensor): Tensor {
  return siluOp([x]);
}

/** `log(1 + exp(x))`, in a form that does not overflow where there is no kernel. */
function softplusGraph(g: GraphBuilder, x: Value, dtype: DType): Value {
  if (dtype !== "float64") return g.node("Softplus", [x]);
  const tail = g.node("Exp", [g.node("Neg", [g.node("Abs", [x])])]);
  const logarithm = g.node("Log", [g.node("Add", [tail, g.scalar(1, dtype)])]);
  return g.node("Add", [g.node("Max", [x, g.scalar(0, dtype)]), logarithm]);
}

const softplusBackward = backward(
  "softplus",
  (g, dy, x) => g.node("Mul", [dy, g.node("Sigmoid", [x])]),
  (dy, x) => mul(dy, sigmoid(x)),
);
const softplusOp = activation<None>("softplus", softplusGraph, (dy, x) => softplusBackward(dy, x));

/**
 * `log(1 + exp(x))`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-100, 0, 100]);
 * using y = x.softplus();
 * using expected = ebb.tensor([0, Math.log(2), 100]);
 * assert(y.allClose(expected));
 * ```
 */
export function softplus(x: Tensor): Tensor {
  return softplusOp([x]);
}

const logSigmoidBackward = backward(
  "logSigmoid",
  (g, dy, x) => g.node("Mul", [dy, g.node("Sigmoid", [g.node("Neg", [x])])]),
  (dy, x) => mul(dy, sigmoid(neg(x))),
);
const logSigmoidOp = activation<None>(
  "logSigmoid",
  (g, x, dtype) => g.node("Neg", [softplusGraph(g, g.node("Neg", [x]), dtype)]),
  (dy, x) => logSigmoidBackward(dy, x),
);

/**
 * `log(sigmoid(x))`, without overflow.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-200, 0]);
 * using y = x.logSigmoid(); // in float32 sigmoid(-200) is 0
 * using expected = ebb.tensor([-200, -Math.log(2)]);
 * assert(y.allClose(expected));
 * ```
 */
export function logSigmoid(x: Tensor): Tensor {
  return logSigmoidOp([x]);
}

/** `above` where `x` is positive, `below` elsewhere. */
function choose(g: GraphBuilder, x: Value, above: Value, below: Value, c: Constant): Value {
  return g.node("Where", [g.node("Greater", [x, c(0)]), above, below]);
}

const leakyReluBackward = backward(
  "leakyRelu",
  (g, dy, x, c, slope) => choose(g, x, dy, g.node("Mul", [dy, slope]), c),
  (dy, x, slope) => where(gt(x, 0), dy, mul(dy, slope)),
);
const leakyReluOp = activation<{ slope: number }>(
  "leakyRelu",
  (g, x, dtype, { slope }) =>
    dtype === "float64"
      ? choose(g, x, x, g.node("Mul", [x, g.scalar(slope, dtype)]), constants(g, dtype))
      : g.node("LeakyRelu", [x], { alpha: { float: slope } }),
  (dy, x, { slope }) => leakyReluBackward(dy, x, slope),
);

/**
 * `x` where it is positive, `negativeSlope · x` elsewhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-2, 0, 3]);
 * using y = x.leakyRelu(0.25);
 * assertEquals(y.toArray(), [-0.5, 0, 3]);
 * ```
 */
export function leakyRelu(x: Tensor, negativeSlope: number = 0.01): Tensor {
  return leakyReluOp([x], { slope: negativeSlope });
}

const eluBackward = backward(
  "elu",
  (g, dy, x, c, alpha) =>
    choose(g, x, dy, g.node("Mul", [dy, g.node("Mul", [g.node("Exp", [x]), alpha])]), c),
  (dy, x, alpha) => where(gt(x, 0), dy, mul(dy, mul(exp(x), alpha))),
);
const eluOp = activation<{ alpha: number }>(
  "elu",
  (g, x, dtype, { alpha }) => {
    if (dtype !== "float64") return g.node("Elu", [x], { alpha: { float: alpha } });
    const c = constants(g, dtype);
    return choose(g, x, x, g.node("Mul", [g.node("Sub", [g.node("Exp", [x]), c(1)]), c(alpha)]), c);
  },
  (dy, x, { alpha }) => eluBackward(dy, x, alpha),
);

/**
 * `x` where it is positive, `alpha · (exp(x) − 1)` elsewhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-100, 0, 3]);
 * using y = x.elu(0.5);
 * assertEquals(y.toArray(), [-0.5, 0, 3]);
 * ```
 */
export function elu(x: Tensor, alpha: number = 1): Tensor {
  return eluOp([x], { alpha });
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** `"none"` (default): with the error function; `"tanh"`: Hendrycks and Gimpel's approximation. */
  approximate?: "none" | "tanh";
}

/** Slope and bend of the approximation: `tanh(√(2/π) · (x + 0.044715 x³))` for the error function. */
const SLOPE = Math.sqrt(2 / Math.PI);
const BEND = 0.044715;

// The density is divided by exp(x²/2), which no exponent underflows: nine nodes (`kernels.md`, section 3).
/** `dy` times the derivative of GELU at `x`, inside a graph. */
export function geluGradientGraph(g: GraphBuilder, dy: Value, x: Value, c: Constant): Value {
  const v = g.node("Mul", [x, c(Math.SQRT1_2)]);
  const share = g.node("HardSigmoid", [g.node("Erf", [v])], { alpha: 0.5, beta: 0.5 });
  const scaled = g.node("Mul", [x, c(1 / Math.sqrt(2 * Math.PI))]);
  const density = g.node("Div", [scaled, g.node("Exp", [g.node("Mul", [v, v])])]);
  return g.node("Mul", [dy, g.node("Add", [share, density])]);
}

/** `dy` times the derivative of GELU at `x`. */
export const geluBackward: Backward = backward(
  "gelu",
  geluGradientGraph,
  (dy, x) => {
    const share = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(dy, add(share, mul(x, density)));
  },
);

// With t = tanh(u): (1 + t) / 2 · (1 + x · (1 − t) · u′).
const geluTanhBackward = backward(
  "geluTanh",
  (g, dy, x, c) => {
    const square = g.node("Mul", [x, x]);
    const bend = g.node("Mul", [square, c(SLOPE * BEND)]);
    const t = g.node("Tanh", [g.node("Mul", [x, g.node("Add", [bend, c(SLOPE)])])]);
    const slope = g.node("Add", [g.node("Mul", [square, c(3 * SLOPE * BEND)]), c(SLOPE)]);
    const inner = g.node("Mul", [g.node("Mul", [x, slope]), g.node("Sub", [c(1), t])]);
    const half = g.node("Mul", [g.node("Add", [t, c(1)]), c(0.5)]);
    return g.node("Mul", [dy, g.node("Add", [half, g.node("Mul", [half, inner])])]);
  },
  (dy, x) => {
    const t = tanh(mul(x, add(mul(square(x), SLOPE * BEND), SLOPE)));
    const slope = add(mul(square(x), 3 * SLOPE * BEND), SLOPE);
    const half = mul(add(t, 1), 0.5);
    return mul(dy, add(half, mul(half, mul(mul(x, slope), sub(1, t)))));
  },
);

const geluOp = activation<{ approximate: "none" | "tanh" }>(
  "gelu",
  (g, x, _, { approximate }) => g.node("Gelu", [x], { approximate }),
  (dy, x, { approximate }) => (approximate === "tanh" ? geluTanhBackward : geluBackward)(dy, x),
);

/**
 * The Gaussian error linear unit `x · Φ(x)` (Hendrycks and Gimpel, arXiv:1606.08415), where `Φ` is the normal
 * distribution. In float64 only with `approximate: "tanh"`.
 *
 * @throws {RangeError} when the approximation is not one of the two.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 0, 1]);
 * using y = x.gelu();
 * assertAlmostEquals(y.data()[2] as number, 0.8413447, 1e-6);
 * ```
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  const { approximate = "none" } = options;
  if (approximate !== "none" && approximate !== "tanh") {
    throw new RangeError(`gelu: expected approximate "none" or "tanh" but found "${approximate}"`);
  }
  return geluOp([x], { approximate });
}
