/**
 * Softmax and its logarithm. Each gradient is one call from the result; while a backward pass is recorded itself it is
 * composed of ordinary ops.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axisOf } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { checkFloating } from "./check.ts";
import { sum } from "./sum.ts";
import { exp } from "./exponential.ts";
import { reshape } from "./view.ts";

type Along = { axis: number };

/** The gradient of an op along an axis, from its result and the gradient of that. */
function backward(name: string, graph: (g: GraphBuilder, dy: Value, y: Value, axis: number) => Value) {
  return defineOp<[Tensor, Tensor], Along>({
    name,
    infer: ([dy]) => [{ dtype: dy.dtype, shape: dy.shape }],
    graph: (g, [dy, y], { attributes: { axis } }) => [graph(g, dy, y, axis)],
  });
}

/** `y · (dy − Σ y·dy)`, the gradient of softmax, inside a graph. */
export function softmaxGradientGraph(g: GraphBuilder, dy: Value, y: Value, axis: number): Value {
  const total = g.node("ReduceSum", [g.node("Mul", [y, dy]), g.ints([axis])]);
  return g.node("Mul", [y, g.node("Sub", [dy, total])]);
}

const softmaxBackward: Op<[Tensor, Tensor], Along> = backward("softmaxBackward", softmaxGradientGraph);

const logSoftmaxBackward: Op<[Tensor, Tensor], Along> = backward(
  "logSoftmaxBackward",
  (g, dy, y, axis) =>
    g.node("Sub", [dy, g.node("Mul", [g.node("Exp", [y]), g.node("ReduceSum", [dy, g.ints([axis])])])]),
);

function normalized(
  name: string,
  node: string,
  gradient: (dy: Tensor, y: Tensor, axis: number) => Tensor,
): Op<[Tensor], Along> {
  return defineOp<[Tensor], Along>({
    name,
    infer: ([x]) => [{ dtype: checkFloating(name, x).dtype, shape: x.shape }],
    graph: (g, [x], { attributes: { axis } }) => [g.node(node, [x], { axis })],
    saves: { outputs: [0] },
    gradient: ({ outputs: [y], attributes: { axis } }, [dy]) => [gradient(dy, y, axis)],
  });
}

/** The gradient of {@link softmax} from its result `y`. */
export function softmaxGradient(dy: Tensor, y: Tensor, axis: number): Tensor {
  if (!gradEnabled()) return softmaxBackward([dy, y], { axis });
  return mul(y, sub(dy, sum(mul(y, dy), axis, { keepDim: true })));
}

const softmaxOp = normalized("softmax", "Softmax", softmaxGradient);

/** The gradient of {@link logSoftmax} from its result `y`. */
export function logSoftmaxGradient(dy: Tensor, y: Tensor, axis: number): Tensor {
  if (!gradEnabled()) return logSoftmaxBackward([dy, y], { axis });
  return sub(dy, mul(exp(y), sum(dy, axis, { keepDim: true })));
}

const logSoftmaxOp = normalized("logSoftmax", "LogSoftmax", logSoftmaxGradient);

function along(name: string, op: Op<[Tensor], Along>, x: Tensor, axis: number): Tensor {
  if (x.rank === 0) return scope(() => reshape(along(name, op, reshape(x, [1]), axis), []));
  return op([x], { axis: axisOf(name, axis, x.rank) });
}

/**
 * `exp(x) / Σ exp(x)` along `axis`: positive numbers that add up to 1. Large numbers do not overflow.
 *
 * @param x any shape
 * @param axis default the last
 * @returns `x`'s shape
 * @throws {TypeError} when `x` has no floating type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[0, 0], [1000, 0]]);
 * using y = x.softmax();
 * assertEquals(y.toArray(), [[0.5, 0.5], [1, 0]]);
 * ```
 */
export function softmax(x: Tensor, axis: number = -1): Tensor {
  return along("softmax", softmaxOp, x, axis);
}

/**
 * The logarithm of {@link softmax} along `axis`, exact where the logarithm of the result would not be.
 *
 * @param x any shape
 * @param axis default the last
 * @returns `x`'s shape
 * @throws {TypeError} when `x` has no floating type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1000, 0]);
 * using y = x.logSoftmax();
 * assertEquals(y.toArray(), [0, -1000]);
 * using inTwoSteps = ebb.scope(() => x.softmax().log());
 * assertEquals(inTwoSteps.toArray(), [0, -Infinity]);
 * ```
 */
export function logSoftmax(x: Tensor, axis: number = -1): Tensor {
  return along("logSoftmax", logSoftmaxOp, x, axis);
}
