/**
 * Functions of each element alone: powers, exponentials, rounding. Activations are in `activation.ts`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { zerosLike } from "../create.ts";
import { type DType, isFloating } from "../dtype.ts";
import { defineOp, type Op, type Operand } from "../op.ts";
import { isOverwritable } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { checkFloating, checkNumeric } from "./check.ts";

type None = Record<never, never>;
type Unary = Op<[Tensor], None>;

/** Graph of a function of an element: an ONNX operator, or several. */
type Graph = string | ((g: GraphBuilder, x: Value, dtype: DType) => Value);

/** How a function is differentiated. */
interface Derivative {
  /** The operand's gradient from the result's, the operand and the result. */
  rule: (dy: Tensor, x: Tensor, y: Tensor) => Tensor;
  /** Which of the two the rule reads. */
  reads: "operand" | "result" | "neither";
}

const ofOperand = (rule: (dy: Tensor, x: Tensor) => Tensor): Derivative => ({ rule, reads: "operand" });
const ofResult = (rule: (dy: Tensor, y: Tensor) => Tensor): Derivative => ({
  rule: (dy, _, y) => rule(dy, y),
  reads: "result",
});
/** Steps have a gradient of zero, as in PyTorch. */
const ZERO: Derivative = { rule: (dy) => zerosLike(dy), reads: "neither" };

/** A function of each element that `check` admits. */
function unary(
  name: string,
  graph: Graph,
  { rule, reads }: Derivative,
  check: (name: string, x: Tensor) => void = checkFloating,
): Unary {
  return defineOp<[Tensor], None>({
    name,
    layout: "elementwise",
    rows: typeof graph !== "string",
    infer: ([x]) => {
      check(name, x);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    graph: (g, [x], { inputs: [{ dtype }] }) => [
      typeof graph === "string" ? g.node(graph, [x]) : graph(g, x, dtype),
    ],
    saves: { inputs: reads === "operand" ? [0] : [], outputs: reads === "result" ? [0] : [] },
    gradient: ({ inputs: [x], outputs: [y] }, [dy]) => [rule(dy, x, y)],
  });
}

/** Rounding leaves whole numbers as they are. */
function rounding(name: string, node: string): Unary {
  return unary(name, (g, x, dtype) => isFloating(dtype) ? g.node(node, [x]) : x, ZERO, checkNumeric);
}

/** ReLU's mask: steep enough that every positive number gives 1 and every other 0 (`kernels.md`, key finding 3). */
export const STEP = { alpha: { float: 3e38 }, beta: { float: 0 } } as const;

/** 1 where `x` is positive, 0 elsewhere. */
function step(g: GraphBuilder, x: Value, dtype: DType): Value {
  if (dtype !== "float64") return g.node("HardSigmoid", [x], STEP);
  return g.cast(g.node("Greater", [x, g.scalar(0, dtype)]), dtype); // there is no HardSigmoid in float64
}

/** `dy` where the result `y` of a ReLU is positive, 0 elsewhere. */
export const reluGradient: Op<[Tensor, Tensor], None> = defineOp<[Tensor, Tensor], None>({
  name: "reluBackward",
  rows: true,
  layout: "elementwise",
  infer: ([dy]) => [{ dtype: dy.dtype, shape: dy.shape }],
  graph: (g, [dy, y], { inputs: [, { dtype }] }) => [g.node("Mul", [dy, step(g, y, dtype)])],
  saves: { inputs: [1] },
  gradient: ({ inputs: [, y] }, [d]) => [reluGradient([d, y]), null],
});

/**
 * Runs the gradient of a function of each element, from `dy` and the operand or result: written over `dy`, which is not
 * needed any more, where that may be.
 */
export function overGradient<I extends readonly [dy: Tensor, v: Tensor, ...rest: unknown[]]>(
  op: Op<I & readonly Operand[], None>,
  operands: I & readonly Operand[],
): Tensor {
  const [dy, v] = operands;
  return isOverwritable(dy) && dy.blocked === v.blocked ? op.into(operands) : op(operands);
}

/** The gradient of a ReLU in a pass: {@link reluGradient}, over `dy` where that may be. */
export function throughRelu(dy: Tensor, y: Tensor): Tensor {
  return overGradient<[Tensor, Tensor]>(reluGradient, [dy, y]);
}

const reluOp = unary("relu", "Relu", ofResult(throughRelu));
const squareOp = unary(
  "square",
  (g, x) => g.node("Mul", [x, x]),
  ofOperand((dy, x) => mul(mul(dy, 2), x)),
  checkNumeric,
);
const sqrtOp = unary("sqrt", "Sqrt", ofResult((dy, y) => div(mul(dy, 0.5), y)));
const rsqrtOp = unary(
  "rsqrt",
  (g, x) => g.node("Reciprocal", [g.node("Sqrt", [x])]),
  ofResult((dy, y) => mul(mul(dy, -0.5), mul(y, square(y)))),
);
const reciprocalOp = unary("reciprocal", "Reciprocal", ofResult((dy, y) => neg(mul(dy, square(y)))));
const absOp = unary("abs", "Abs", ofOperand((dy, x) => mul(dy, sign(x))), checkNumeric);
const signOp = unary("sign", "Sign", ZERO, checkNumeric);
const floorOp = rounding("floor", "Floor");
const ceilOp = rounding("ceil", "Ceil");
const roundOp = rounding("round", "Round");

const expOp = unary("exp", "Exp", ofResult((dy, y) => mul(dy, y)));
const logOp = unary("log", "Log", ofOperand((dy, x) => div(dy, x)));

/** `log(1 + x) ≈ log(u) + (x − (u − 1)) / u` where `u` is the rounded sum: the second term is what rounding took. */
function log1pGraph(g: GraphBuilder, x: Value, dtype: DType): Value {
  const one = g.scalar(1, dtype);
  const u = g.node("Add", [x, one]);
  const lost = g.node("Div", [g.node("Sub", [x, g.node("Sub", [u, one])]), u]);
  const isNothing = g.node("IsNaN", [lost]); // at -1 and at infinity
  return g.node("Add", [g.node("Log", [u]), g.node("Where", [isNothing, g.scalar(0, dtype), lost])]);
}

/** `exp(x) − 1 = tanh(x / 2) · (exp(x) + 1)`, without the difference of two numbers near 1. */
function expm1Graph(g: GraphBuilder, x: Value, dtype: DType): Value {
  const half = g.node("Tanh", [g.node("Mul", [x, g.scalar(0.5, dtype)])]);
  return g.node("Mul", [half, g.node("Add", [g.node("Exp", [x]), g.scalar(1, dtype)])]);
}

const log1pOp = unary("log1p", log1pGraph, ofOperand((dy, x) => div(dy, add(x, 1))));
const expm1Op = unary("expm1", expm1Graph, ofResult((dy, y) => mul(dy, add(y, 1))));

const sinOp = unary("sin", "Sin", ofOperand((dy, x) => mul(dy, cos(x))));
const cosOp = unary("cos", "Cos", ofOperand((dy, x) => neg(mul(dy, sin(x)))));
const tanOp = unary(
  "tan",
  (g, x, dtype) =>
    dtype === "float64" ? g.node("Div", [g.node("Sin", [x]), g.node("Cos", [x])]) : g.node("Tan", [x]),
  ofResult((dy, y) => mul(dy, add(square(y), 1))),
);
const asinOp = unary("asin", "Asin", ofOperand((dy, x) => mul(dy, rsqrt(sub(1, square(x))))));
const acosOp = unary(
  "acos",
  "Acos",
  ofOperand((dy, x) => neg(mul(dy, rsqrt(sub(1, square(x)))))),
);
const atanOp = unary("atan", "Atan", ofOperand((dy, x) => div(dy, add(square(x), 1))));

/** `sinh(x) = tanh(x / 2) · (cosh(x) + 1)`, without the difference of two numbers near 1. */
const sinhOp = unary(
  "sinh",
  (g, x, dtype) => {
    const half = g.node("Tanh", [g.node("Mul", [x, g.scalar(0.5, dtype)])]);
    return g.node("Mul", [half, g.node("Add", [coshGraph(g, x, dtype), g.scalar(1, dtype)])]);
  },
  ofOperand((dy, x) => mul(dy, cosh(x))),
);
const coshOp = unary("cosh", coshGraph, ofOperand((dy, x) => mul(dy, sinh(x))));

function coshGraph(g: GraphBuilder, x: Value, dtype: DType): Value {
  const e = g.node("Exp", [x]);
  return g.node("Mul", [g.node("Add", [e, g.node("Reciprocal", [e])]), g.scalar(0.5, dtype)]);
}

const erfOp = unary(
  "erf",
  "Erf",
  ofOperand((dy, x) => mul(mul(dy, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))))),
);

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return reluOp([x]);
}

/** `x²`. */
export function square(x: Tensor): Tensor {
  return squareOp([x]);
}

/** `√x`; NaN below 0. */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp([x]);
}

/** `1 / √x`. */
export function rsqrt(x: Tensor): Tensor {
  return rsqrtOp([x]);
}

/** `1 / x`. */
export function reciprocal(x: Tensor): Tensor {
  return reciprocalOp([x]);
}

/** `|x|`; the gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return absOp([x]);
}

/** -1, 0 or 1; the gradient is 0. */
export function sign(x: Tensor): Tensor {
  return signOp([x]);
}

/** The next whole number below; the gradient is 0. */
export function floor(x: Tensor): Tensor {
  return floorOp([x]);
}

/** The next whole number above; the gradient is 0. */
export function ceil(x: Tensor): Tensor {
  return ceilOp([x]);
}

/** The nearest whole number, of two the even one; the gradient is 0. */
export function round(x: Tensor): Tensor {
  return roundOp([x]);
}

/** `eˣ`. */
export function exp(x: Tensor): Tensor {
  return expOp([x]);
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return logOp([x]);
}

/** `log(1 + x)`, exact near 0. */
export function log1p(x: Tensor): Tensor {
  return log1pOp([x]);
}

/** `eˣ − 1`, exact near 0. */
export function expm1(x: Tensor): Tensor {
  return expm1Op([x]);
}

/** The sine of an angle in radians. */
export function sin(x: Tensor): Tensor {
  return sinOp([x]);
}

/** The cosine of an angle in radians. */
export function cos(x: Tensor): Tensor {
  return cosOp([x]);
}

/** The tangent of an angle in radians. */
export function tan(x: Tensor): Tensor {
  return tanOp([x]);
}

/** The angle in radians, from -π/2 to π/2, whose sine is `x`. Not in float64. */
export function asin(x: Tensor): Tensor {
  return asinOp([x]);
}

/** The angle in radians, from 0 to π, whose cosine is `x`. Not in float64. */
export function acos(x: Tensor): Tensor {
  return acosOp([x]);
}

/** The angle in radians, from -π/2 to π/2, whose tangent is `x`. Not in float64. */
export function atan(x: Tensor): Tensor {
  return atanOp([x]);
}

/** The hyperbolic sine. */
export function sinh(x: Tensor): Tensor {
  return sinhOp([x]);
}

/** The hyperbolic cosine. */
export function cosh(x: Tensor): Tensor {
  return coshOp([x]);
}

/** The error function `2/√π ∫₀ˣ exp(−t²) dt`. Not in float64. */
export function erf(x: Tensor): Tensor {
  return erfOp([x]);
}
