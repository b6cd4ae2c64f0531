/**
 * Functions of each element alone: powers, signs, rounding, and what the others are made of. Exponentials are in
 * `exponential.ts`, angles in `trigonometry.ts`, activations in `activation.ts`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { zerosLike } from "../create.ts";
import { type DType, isFloating } from "../dtype.ts";
import { defineOp, type Op, type Operand } from "../op.ts";
import { isOverwritable } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, neg } from "./arithmetic.ts";
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

/** A derivative that reads the operand. */
export const ofOperand = (rule: (dy: Tensor, x: Tensor) => Tensor): Derivative => ({
  rule,
  reads: "operand",
});
/** A derivative that reads the result. */
export const ofResult = (rule: (dy: Tensor, y: Tensor) => Tensor): Derivative => ({
  rule: (dy, _, y) => rule(dy, y),
  reads: "result",
});
/** Steps have a gradient of zero, as in PyTorch. */
const ZERO: Derivative = { rule: (dy) => zerosLike(dy), reads: "neither" };

/** A function of each element that `check` admits. */
export function unary(
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

/**
 * `max(x, 0)`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 0, 2], { requiresGrad: true });
 * using y = x.relu();
 * ebb.scope(() => y.sum().backward());
 * assertEquals([y.toArray(), x.grad!.toArray()], [[0, 0, 2], [0, 0, 1]]);
 * ```
 */
export function relu(x: Tensor): Tensor {
  return reluOp([x]);
}

/**
 * `x²`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-3, 0.5]);
 * using y = x.square();
 * assertEquals(y.toArray(), [9, 0.25]);
 * ```
 */
export function square(x: Tensor): Tensor {
  return squareOp([x]);
}

/**
 * `√x`; NaN below 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([4, 9, -1]);
 * using y = x.sqrt();
 * assertEquals(y.toArray(), [2, 3, NaN]);
 * ```
 */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp([x]);
}

/**
 * `1 / √x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([4, 0, -1]);
 * using y = x.rsqrt();
 * assertEquals(y.toArray(), [0.5, Infinity, NaN]);
 * ```
 */
export function rsqrt(x: Tensor): Tensor {
  return rsqrtOp([x]);
}

/**
 * `1 / x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([4, 0]);
 * using y = x.reciprocal();
 * assertEquals(y.toArray(), [0.25, Infinity]);
 * ```
 */
export function reciprocal(x: Tensor): Tensor {
  return reciprocalOp([x]);
}

/**
 * `|x|`; the gradient at 0 is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-2, 0, 3], { requiresGrad: true });
 * using y = x.abs();
 * ebb.scope(() => y.sum().backward());
 * assertEquals([y.toArray(), x.grad!.toArray()], [[2, 0, 3], [-1, 0, 1]]);
 * ```
 */
export function abs(x: Tensor): Tensor {
  return absOp([x]);
}

/**
 * -1, 0 or 1; the gradient is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-0.1, 0, 7]);
 * using y = x.sign();
 * assertEquals(y.toArray(), [-1, 0, 1]);
 * ```
 */
export function sign(x: Tensor): Tensor {
  return signOp([x]);
}

/**
 * The next whole number below; the gradient is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1.7, -1.2]);
 * using y = x.floor();
 * assertEquals(y.toArray(), [1, -2]);
 * ```
 */
export function floor(x: Tensor): Tensor {
  return floorOp([x]);
}

/**
 * The next whole number above; the gradient is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1.2, -1.7]);
 * using y = x.ceil();
 * assertEquals(y.toArray(), [2, -1]);
 * ```
 */
export function ceil(x: Tensor): Tensor {
  return ceilOp([x]);
}

/**
 * The nearest whole number, of two the even one; the gradient is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0.5, 1.5, 2.5, -1.7]);
 * using y = x.round();
 * assertEquals(y.toArray(), [0, 2, 2, -2]);
 * ```
 */
export function round(x: Tensor): Tensor {
  return roundOp([x]);
}
