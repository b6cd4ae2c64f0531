/**
 * Formulas that are written once and used twice: in a graph, where they become nodes of one call, and on tensors, where
 * each step is an op with a gradient of its own.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { sigmoid, softplus } from "./activation.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { eq, where } from "./compare.ts";
import { exp, log } from "./exponential.ts";
import { clamp } from "./extremes.ts";
import { sign } from "./unary.ts";

/** Functions of each element, of graph values or of tensors; numbers stand for scalars. */
export interface Maths<T> {
  add(a: T | number, b: T | number): T;
  sub(a: T | number, b: T | number): T;
  mul(a: T | number, b: T | number): T;
  exp(x: T): T;
  log(x: T): T;
  sign(x: T): T;
  sigmoid(x: T): T;
  /** `log(1 + exp(x))`. */
  softplus(x: T): T;
  clamp(x: T, low: number, high: number): T;
  /** `x`, but 0 where `t` is 0. */
  zeroWhere(t: T, x: T): T;
}

/** Formulas on tensors. */
export const tensorMaths: Maths<Tensor> = {
  add,
  sub,
  mul,
  exp,
  log,
  sign,
  sigmoid,
  softplus,
  clamp: (x, min, max) => clamp(x, { min, max }),
  zeroWhere: (t, x) => where(eq(t, 0), 0, x),
};

/** Formulas in a graph that computes in `dtype`. */
export function graphMaths(g: GraphBuilder, dtype: DType): Maths<Value> {
  const value = (x: Value | number) => typeof x === "number" ? g.scalar(x, dtype) : x;
  const node = (op: string, ...inputs: (Value | number)[]) => g.node(op, inputs.map(value));
  return {
    add: (a, b) => node("Add", a, b),
    sub: (a, b) => node("Sub", a, b),
    mul: (a, b) => node("Mul", a, b),
    exp: (x) => node("Exp", x),
    log: (x) => node("Log", x),
    sign: (x) => node("Sign", x),
    sigmoid: (x) => node("Sigmoid", x),
    // Softplus has no kernel for float64.
    softplus: (x) =>
      dtype === "float64"
        ? node(
          "Add",
          node("Max", x, 0),
          node("Log", node("Add", node("Exp", node("Neg", node("Abs", x))), 1)),
        )
        : node("Softplus", x),
    clamp: (x, low, high) => node("Clip", x, low, high),
    zeroWhere: (t, x) => node("Where", node("Equal", t, 0), 0, x),
  };
}
