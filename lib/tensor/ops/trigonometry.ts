/**
 * Functions of angles in radians, and their inverses, of each element.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { ofOperand, ofResult, rsqrt, square, unary } from "./unary.ts";

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

/**
 * The sine of an angle in radians.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using degrees = ebb.tensor([0, 30, 90]);
 * using y = ebb.scope(() => degrees.mul(Math.PI / 180).sin());
 * using expected = ebb.tensor([0, 0.5, 1]);
 * assert(y.allClose(expected));
 * ```
 */
export function sin(x: Tensor): Tensor {
  return sinOp([x]);
}

/**
 * The cosine of an angle in radians.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using degrees = ebb.tensor([0, 60, 180]);
 * using y = ebb.scope(() => degrees.mul(Math.PI / 180).cos());
 * using expected = ebb.tensor([1, 0.5, -1]);
 * assert(y.allClose(expected));
 * ```
 */
export function cos(x: Tensor): Tensor {
  return cosOp([x]);
}

/**
 * The tangent of an angle in radians.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using degrees = ebb.tensor([0, 45, 135]);
 * using y = ebb.scope(() => degrees.mul(Math.PI / 180).tan());
 * using expected = ebb.tensor([0, 1, -1]);
 * assert(y.allClose(expected));
 * ```
 */
export function tan(x: Tensor): Tensor {
  return tanOp([x]);
}

/**
 * The angle in radians, from -π/2 to π/2, whose sine is `x`. Not in float64.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0.5, -1, 1.5]);
 * using y = x.asin();
 * using expected = ebb.tensor([Math.PI / 6, -Math.PI / 2, NaN]);
 * assert(y.allClose(expected, { equalNaN: true }));
 * ```
 */
export function asin(x: Tensor): Tensor {
  return asinOp([x]);
}

/**
 * The angle in radians, from 0 to π, whose cosine is `x`. Not in float64.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 0, -1, 1.5]);
 * using y = x.acos();
 * using expected = ebb.tensor([0, Math.PI / 2, Math.PI, NaN]);
 * assert(y.allClose(expected, { equalNaN: true }));
 * ```
 */
export function acos(x: Tensor): Tensor {
  return acosOp([x]);
}

/**
 * The angle in radians, from -π/2 to π/2, whose tangent is `x`. Not in float64.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using slopes = ebb.tensor([0, 1, -Infinity]);
 * using angles = slopes.atan();
 * using expected = ebb.tensor([0, Math.PI / 4, -Math.PI / 2]);
 * assert(angles.allClose(expected));
 * ```
 */
export function atan(x: Tensor): Tensor {
  return atanOp([x]);
}
