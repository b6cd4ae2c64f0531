/**
 * Comparisons, which give booleans, and the choice by a condition.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { type DType, fromNumbers, toNumbers } from "../dtype.ts";
import { numberTypeOf } from "../kernel.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { inferPair, type Pair, type TensorOrNumber } from "./arithmetic.ts";
import { all } from "./reduce.ts";
import { sumTo } from "./sum.ts";

type None = Record<never, never>;

function comparison(name: string, node: string): Op<Pair, None> {
  return defineOp<Pair, None>({
    name,
    rows: true,
    infer: (operands) => [{ dtype: "bool", shape: inferPair(name, operands, true).shape }],
    graph: (g, [a, b], { inputs: [{ dtype }] }) => {
      // Booleans have an order too: false before true.
      if (dtype !== "bool" || node === "Equal") return [g.node(node, [a, b])];
      return [g.node(node, [g.cast(a, "uint8"), g.cast(b, "uint8")])];
    },
  });
}

/** Numbers as the other operand's type holds them: 0.1 equals the element that was made of 0.1 in half precision. */
function held([a, b]: Pair): Pair {
  const dtype = numberTypeOf([a, b]);
  if (dtype !== "float16" && dtype !== "bfloat16") return [a, b];
  const round = (x: TensorOrNumber) =>
    typeof x === "number" ? toNumbers(fromNumbers([x], dtype), dtype)[0] : x;
  return [round(a), round(b)];
}

const eqOp = comparison("eq", "Equal");
const ltOp = comparison("lt", "Less");
const leOp = comparison("le", "LessOrEqual");
const gtOp = comparison("gt", "Greater");
const geOp = comparison("ge", "GreaterOrEqual");

const neOp = defineOp<Pair, None>({
  name: "ne",
  rows: true,
  infer: (operands) => [{ dtype: "bool", shape: inferPair("ne", operands, true).shape }],
  graph: (g, [a, b]) => [g.node("Not", [g.node("Equal", [a, b])])],
});

/**
 * Where `a = b`, broadcasting. NaN equals nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, NaN, 3]);
 * using y = x.eq(x);
 * assertEquals(y.toArray(), [true, false, true]);
 * ```
 */
export function eq(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return eqOp(held([a, b]));
}

/**
 * Where `a ≠ b`, broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using labels = ebb.tensor([0, 1, 1]);
 * using found = ebb.tensor([0, 1, 2]);
 * assertEquals(ebb.scope(() => found.ne(labels).sum().item()), 1); // how many are wrong
 * ```
 */
export function ne(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return neOp(held([a, b]));
}

/**
 * Where `a < b`, broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 0, NaN]);
 * using y = x.lt(0);
 * assertEquals(y.toArray(), [true, false, false]);
 * ```
 */
export function lt(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return ltOp(held([a, b]));
}

/**
 * Where `a ≤ b`, broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using row = ebb.tensor([0, 1, 2]);
 * using column = ebb.tensor([[0], [1], [2]]);
 * using seen = row.le(column); // a causal mask
 * assertEquals(seen.toArray(), [[true, false, false], [true, true, false], [true, true, true]]);
 * ```
 */
export function le(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return leOp(held([a, b]));
}

/**
 * Where `a > b`, broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using p = ebb.tensor([0.2, 0.5, 0.9]);
 * using yes = p.gt(0.5);
 * assertEquals(yes.toArray(), [false, false, true]);
 * ```
 */
export function gt(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return gtOp(held([a, b]));
}

/**
 * Where `a ≥ b`, broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using p = ebb.tensor([0.2, 0.5, 0.9]);
 * using yes = p.ge(0.5);
 * assertEquals(yes.toArray(), [false, true, true]);
 * ```
 */
export function ge(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return geOp(held([a, b]));
}

function whichNumbers(
  name: string,
  test: (g: GraphBuilder, x: Value, dtype: DType) => Value,
): Op<[Tensor], None> {
  return defineOp<[Tensor], None>({
    name,
    infer: ([x]) => [{ dtype: "bool", shape: x.shape }],
    graph: (g, [x], { inputs: [{ dtype }] }) => {
      const floating = dtype === "float32" || dtype === "float64" || dtype === "float16";
      return [floating ? test(g, x, dtype) : test(g, g.cast(x, "float32"), "float32")];
    },
  });
}

const isNaNOp = whichNumbers("isNaN", (g, x) => g.node("IsNaN", [x]));
const isFiniteOp = whichNumbers(
  "isFinite",
  (g, x, dtype) => g.node("Less", [g.node("Abs", [x]), g.scalar(Infinity, dtype)]),
);

/**
 * Where `x` is not a number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, NaN, Infinity]);
 * using y = x.isNaN();
 * assertEquals(y.toArray(), [false, true, false]);
 * ```
 */
export function isNaN(x: Tensor): Tensor {
  return isNaNOp([x]);
}

/**
 * Where `x` is neither infinite nor NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, NaN, -Infinity]);
 * using y = x.isFinite();
 * assertEquals(y.toArray(), [true, false, false]);
 * ```
 */
export function isFinite(x: Tensor): Tensor {
  return isFiniteOp([x]);
}

type Choice = [Tensor, TensorOrNumber, TensorOrNumber];

const whereOp: Op<Choice, None> = defineOp<Choice, None>({
  name: "where",
  rows: true,
  infer: ([condition, a, b]) => {
    const { dtype, shape } = inferPair("where", [a, b], true);
    return [{ dtype, shape: broadcastShapes("where", condition.shape, shape) }];
  },
  graph: (g, [condition, a, b], { outputs: [{ dtype }] }) => {
    if (dtype !== "bool") return [g.node("Where", [condition, a, b])];
    const chosen = g.node("Where", [condition, g.cast(a, "uint8"), g.cast(b, "uint8")]);
    return [g.cast(chosen, "bool")];
  },
  saves: { inputs: [0] },
  gradient: ({ inputs: [condition], specs: [, a, b], needs }, [dy]) => [
    null,
    needs[1] ? sumTo(whereOp([condition, dy, 0]), a.shape) : null,
    needs[2] ? sumTo(whereOp([condition, 0, dy]), b.shape) : null,
  ],
});

/**
 * Elements of `a` where `condition` is true, of `b` elsewhere; all three broadcast.
 *
 * @param condition booleans
 * @param a tensor, or a number of the other's type (of two numbers: float32)
 * @param b likewise
 * @throws {TypeError} when the condition is not of booleans, or `a` and `b` are of two types.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 2, -3]);
 * using y = ebb.scope(() => ebb.where(x.lt(0), 0, x));
 * assertEquals(y.toArray(), [0, 2, 0]);
 * ```
 */
export function where(condition: Tensor, a: TensorOrNumber, b: TensorOrNumber): Tensor {
  if (condition.dtype !== "bool") {
    throw new TypeError(`where: expected a condition of bool but found ${condition.dtype}`);
  }
  return whereOp([condition, a, b]);
}

/**
 * Whether two tensors have one type and shape and all elements are equal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * using whole = ebb.tensor([1, 2], { dtype: "int64" });
 * assertEquals([x.equal(x), x.equal(whole)], [true, false]);
 * ```
 */
export function equal(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  return scope(() => all(eq(a, b)).item() === 1);
}

/** Options of {@link allClose}. */
export interface CloseOptions {
  /** Allowed share of `|b|`; default 1e-5. */
  rtol?: number;
  /** Allowed difference beside it; default 1e-8. */
  atol?: number;
  /** Whether NaN is close to NaN; default false. */
  equalNaN?: boolean;
}

/**
 * Whether `|a − b| ≤ atol + rtol · |b|` for all elements. Compared on the host in float64; types may differ.
 *
 * @throws {RangeError} when the shapes differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using a = ebb.tensor([100, NaN]);
 * using b = ebb.tensor([100.1, NaN]);
 * assertEquals(a.allClose(b, { rtol: 0.01 }), false);
 * assertEquals(a.allClose(b, { rtol: 0.01, equalNaN: true }), true);
 * ```
 */
export function allClose(a: Tensor, b: Tensor, options: CloseOptions = {}): boolean {
  const { rtol = 1e-5, atol = 1e-8, equalNaN = false } = options;
  if (!sameShape(a.shape, b.shape)) {
    throw new RangeError(`allClose: expected one shape but found [${a.shape}] and [${b.shape}]`);
  }
  const y = toNumbers(b.data(), b.dtype);
  return toNumbers(a.data(), a.dtype).every((value, i) => {
    const wanted = y[i];
    if (value === wanted) return true; // infinities among them
    if (Number.isNaN(wanted)) return equalNaN && Number.isNaN(value);
    return Number.isFinite(wanted) && Math.abs(value - wanted) <= atol + rtol * Math.abs(wanted);
  });
}
