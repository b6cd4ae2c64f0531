/**
 * Logic of booleans. Numbers count as true where they are not 0.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { broadcastShapes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

type None = Record<never, never>;

/** The truth of any type: whether it is not 0. */
function truth(g: GraphBuilder, x: Value, dtype: DType): Value {
  return dtype === "bool" ? x : g.cast(x, "bool");
}

function logical(name: string, node: string): Op<[Tensor, Tensor], None> {
  return defineOp<[Tensor, Tensor], None>({
    name,
    infer: ([a, b]) => [{ dtype: "bool", shape: broadcastShapes(name, a.shape, b.shape) }],
    graph: (g, [a, b], { inputs }) => [
      g.node(node, [truth(g, a, inputs[0].dtype), truth(g, b, inputs[1].dtype)]),
    ],
  });
}

const andOp = logical("logicalAnd", "And");
const orOp = logical("logicalOr", "Or");
const xorOp = logical("logicalXor", "Xor");
const notOp = defineOp<[Tensor], None>({
  name: "logicalNot",
  infer: ([x]) => [{ dtype: "bool", shape: x.shape }],
  graph: (g, [x], { inputs: [{ dtype }] }) => [g.node("Not", [truth(g, x, dtype)])],
});

/**
 * Where both are true (of numbers: not 0), broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 0.5, 2]);
 * using inside = ebb.scope(() => x.gt(0).logicalAnd(x.lt(1)));
 * assertEquals(inside.toArray(), [false, true, false]);
 * ```
 */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return andOp([a, b]);
}

/**
 * Where at least one is true (of numbers: not 0), broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-1, 0.5, 2]);
 * using outside = ebb.scope(() => x.lt(0).logicalOr(x.gt(1)));
 * assertEquals(outside.toArray(), [true, false, true]);
 * ```
 */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return orOp([a, b]);
}

/**
 * Where exactly one is true (of numbers: not 0), broadcasting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using a = ebb.tensor([0, 0, 5]);
 * using b = ebb.tensor([0, 2, 2]);
 * using y = a.logicalXor(b);
 * assertEquals(y.toArray(), [false, true, false]);
 * ```
 */
export function logicalXor(a: Tensor, b: Tensor): Tensor {
  return xorOp([a, b]);
}

/**
 * Where `x` is false (of numbers: 0).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0, 2, -1]);
 * using y = x.logicalNot();
 * assertEquals(y.toArray(), [true, false, false]);
 * ```
 */
export function logicalNot(x: Tensor): Tensor {
  return notOp([x]);
}
