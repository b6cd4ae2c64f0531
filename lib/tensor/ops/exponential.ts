/**
 * Exponentials and logarithms of each element, hyperbolic functions and the error function.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg } from "./arithmetic.ts";
import { ofOperand, ofResult, square, unary } from "./unary.ts";

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

/** `cosh(x) = ½e · e + ½ / e / e` where `e` is the root of `exp(x)`, which is finite where the result is. */
function coshGraph(g: GraphBuilder, x: Value, dtype: DType): Value {
  const half = g.scalar(0.5, dtype);
  const e = g.node("Exp", [g.node("Mul", [x, half])]);
  const [up, down] = [g.node("Mul", [half, e]), g.node("Div", [half, e])];
  return g.node("Add", [g.node("Mul", [up, e]), g.node("Div", [down, e])]);
}

const erfOp = unary(
  "erf",
  "Erf",
  ofOperand((dy, x) => mul(mul(dy, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))))),
);

/**
 * `eˣ`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-Infinity, 0, 100]);
 * using y = x.exp(); // e¹⁰⁰ is beyond float32
 * assertEquals(y.toArray(), [0, 1, Infinity]);
 * ```
 */
export function exp(x: Tensor): Tensor {
  return expOp([x]);
}

/**
 * The natural logarithm.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 0, -1]);
 * using y = x.log();
 * assertEquals(y.toArray(), [0, -Infinity, NaN]);
 * ```
 */
export function log(x: Tensor): Tensor {
  return logOp([x]);
}

/**
 * `log(1 + x)`, exact near 0.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor(1e-10);
 * using y = x.log1p();
 * using inTwoSteps = ebb.scope(() => x.add(1).log());
 * assertAlmostEquals(y.item(), 1e-10, 1e-16);
 * assertEquals(inTwoSteps.item(), 0);
 * ```
 */
export function log1p(x: Tensor): Tensor {
  return log1pOp([x]);
}

/**
 * `eˣ − 1`, exact near 0.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor(1e-10);
 * using y = x.expm1();
 * using inTwoSteps = ebb.scope(() => x.exp().sub(1));
 * assertAlmostEquals(y.item(), 1e-10, 1e-16);
 * assertEquals(inTwoSteps.item(), 0);
 * ```
 */
export function expm1(x: Tensor): Tensor {
  return expm1Op([x]);
}

/**
 * The hyperbolic sine.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-Math.log(2), 0, Math.log(2)]);
 * using y = x.sinh();
 * using expected = ebb.tensor([-0.75, 0, 0.75]);
 * assert(y.allClose(expected));
 * ```
 */
export function sinh(x: Tensor): Tensor {
  return sinhOp([x]);
}

/**
 * The hyperbolic cosine.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-Math.log(2), 0, Math.log(2)]);
 * using y = x.cosh();
 * using expected = ebb.tensor([1.25, 1, 1.25]);
 * assert(y.allClose(expected));
 * ```
 */
export function cosh(x: Tensor): Tensor {
  return coshOp([x]);
}

/**
 * The error function `2/√π ∫₀ˣ exp(−t²) dt`. Not in float64.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using deviations = ebb.tensor([1, 2, 3]);
 * using within = ebb.scope(() => deviations.mul(Math.SQRT1_2).erf()); // of a normal distribution
 * using expected = ebb.tensor([0.6827, 0.9545, 0.9973]);
 * assert(within.allClose(expected, { atol: 1e-4 }));
 * ```
 */
export function erf(x: Tensor): Tensor {
  return erfOp([x]);
}
