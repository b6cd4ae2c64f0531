/**
 * Arithmetic of two operands with broadcasting: tensors of one type, or a tensor and a number.
 *
 * @module
 */
import { numberTypeOf, specOf } from "../kernel.ts";
import { defineOp, type GradientContext, type Op, type Spec } from "../op.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkNumeric, checkScalar } from "./check.ts";
import { sumTo } from "./sum.ts";

/** A tensor, or a number that stands for a scalar of the other operand's type. */
export type TensorOrNumber = Tensor | number;

/** Two operands. */
export type Pair = [TensorOrNumber, TensorOrNumber];

type None = Record<never, never>;

/** The rule of every op of two operands: one type (of booleans only where `booleans`), shapes that broadcast. */
export function inferPair(name: string, [a, b]: Pair, booleans: boolean = false): Spec {
  const numberType = numberTypeOf([a, b]);
  if (typeof a === "number") checkScalar(name, a, numberType);
  if (typeof b === "number") checkScalar(name, b, numberType);
  const x = specOf(a, numberType);
  const y = specOf(b, numberType);
  if (x.dtype !== y.dtype) {
    throw new TypeError(
      `${name}: expected operands of one type but found ${x.dtype} and ${y.dtype}; use to()`,
    );
  }
  if (!booleans) checkNumeric(name, x);
  return { dtype: x.dtype, shape: broadcastShapes(name, x.shape, y.shape) };
}

function binary(
  name: string,
  node: string,
  gradient: (context: GradientContext<Pair, None>, dy: Tensor) => [() => Tensor, () => Tensor],
  saves: readonly number[] = [0, 1],
): Op<Pair, None> {
  return defineOp<Pair, None>({
    name,
    layout: "elementwise",
    infer: (operands) => [inferPair(name, operands)],
    graph: (g, [a, b]) => [g.node(node, [a, b])],
    saves: { inputs: saves },
    gradient: (context, [dy]) =>
      gradient(context, dy).map((compute, i) =>
        context.needs[i] ? sumTo(compute(), context.specs[i].shape) : null
      ),
  });
}

/** `a + b` as a record: the backward pass adds in place with it. */
export const addOp: Op<Pair, None> = binary("add", "Add", (_, dy) => [() => dy, () => dy], []);
const subOp = binary("sub", "Sub", (_, dy) => [() => dy, () => neg(dy)], []);
const mulOp = binary("mul", "Mul", ({ inputs: [a, b] }, dy) => [() => mul(dy, b), () => mul(dy, a)]);
const divOp = binary("div", "Div", ({ inputs: [a, b] }, dy) => [
  () => div(dy, b),
  () => neg(div(mul(dy, a), mul(b as Tensor, b))),
]);

/**
 * `a + b`, broadcasting.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using column = ebb.tensor([[1], [2]]);
 * using row = ebb.tensor([10, 20]);
 * using y = column.add(row);
 * assertEquals(y.toArray(), [[11, 21], [12, 22]]);
 * ```
 */
export function add(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return addOp([a, b]);
}

/**
 * `a + b` for an `a` that its maker gives up, written over it where it is seen nowhere else: so the sum needs room for two
 * tensors, not for three.
 */
export function addOver(a: Tensor, b: Tensor): Tensor {
  const isPrivate = !a.kept && a.storage.holders === 1 && (a.node !== null || !a.requiresGrad);
  const isAlike = sameShape(a.shape, b.shape) && a.dtype === b.dtype && a.blocked === b.blocked;
  return isPrivate && isAlike ? addOp.over([a, b]) : add(a, b);
}

/**
 * `a − b`, broadcasting.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using p = ebb.tensor([0.25, 1]);
 * using q = ebb.sub(1, p);
 * assertEquals(q.toArray(), [0.75, 0]);
 * ```
 */
export function sub(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return subOp([a, b]);
}

/**
 * `a · b` element by element, broadcasting.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * using scale = ebb.tensor([1, 10]); // one for each column
 * using y = x.mul(scale);
 * assertEquals(y.toArray(), [[1, 20], [3, 40]]);
 * ```
 */
export function mul(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return mulOp([a, b]);
}

/**
 * `a / b`, broadcasting; whole numbers divide towards zero.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([7, -7]);
 * using whole = ebb.tensor([7, -7], { dtype: "int64" });
 * using quotient = x.div(2);
 * using cut = whole.div(2);
 * assertEquals([quotient.toArray(), cut.toArray()], [[3.5, -3.5], [3, -3]]);
 * ```
 */
export function div(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return divOp([a, b]);
}

/**
 * `−x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, -2]);
 * using y = x.neg();
 * assertEquals(y.toArray(), [-1, 2]);
 * ```
 */
export function neg(x: Tensor): Tensor {
  checkNumeric("neg", x);
  return mulOp([x, -1]);
}

/**
 * Adds `b` to `a` in place; `b` must broadcast to `a`'s shape. Only where no gradient of `a` is recorded.
 *
 * @throws {RangeError} when `b` does not broadcast to `a`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * using row = ebb.tensor([10, 20]);
 * x.add_(row);
 * assertEquals(x.toArray(), [[11, 22], [13, 24]]);
 * ```
 */
export function add_(a: Tensor, b: TensorOrNumber): Tensor {
  return inPlace("add_", addOp, a, b);
}

/**
 * Subtracts `b` from `a` in place; `b` must broadcast to `a`'s shape. Only where no gradient of `a` is recorded.
 *
 * @throws {RangeError} when `b` does not broadcast to `a`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([1, 2], { requiresGrad: true });
 * ebb.scope(() => w.square().sum().backward());
 * ebb.noGrad(() => ebb.scope(() => w.sub_(w.grad!.mul(0.25)))); // a step of gradient descent
 * assertEquals(w.toArray(), [0.5, 1]);
 * ```
 */
export function sub_(a: Tensor, b: TensorOrNumber): Tensor {
  return inPlace("sub_", subOp, a, b);
}

/**
 * Multiplies `a` by `b` in place; `b` must broadcast to `a`'s shape. Only where no gradient of `a` is recorded.
 *
 * @throws {RangeError} when `b` does not broadcast to `a`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using row = ebb.tensor([1, 2]);
 * row.mul_(0.5);
 * assertEquals(row.toArray(), [0.5, 1]);
 * using matrix = ebb.ones([3, 2]);
 * assertThrows(() => row.mul_(matrix), RangeError, "expected an operand that broadcasts to [2]");
 * ```
 */
export function mul_(a: Tensor, b: TensorOrNumber): Tensor {
  return inPlace("mul_", mulOp, a, b);
}

function inPlace(name: string, op: Op<Pair, None>, a: Tensor, b: TensorOrNumber): Tensor {
  const { shape } = inferPair(name, [a, b]);
  if (!sameShape(shape, a.shape)) {
    throw new RangeError(
      `${name}: expected an operand that broadcasts to [${a.shape}] but found [${(b as Tensor).shape}]`,
    );
  }
  return op.into([a, b]);
}
