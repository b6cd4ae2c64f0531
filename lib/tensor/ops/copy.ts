/**
 * Copies, and elements written into a tensor that is there.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { broadcastShapes, sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkScalar } from "./check.ts";

type None = Record<never, never>;

const cloneOp: Op<[Tensor], None> = defineOp<[Tensor], None>({
  name: "clone",
  moves: true,
  layout: "elementwise",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x]) => [g.node("Identity", [x])],
  gradient: (_, [dy]) => [dy],
});

/**
 * A copy with elements of its own; gradients flow to `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * using y = x.clone();
 * y.zero_();
 * assertEquals(x.toArray(), [1, 2]);
 * ```
 */
export function clone(x: Tensor): Tensor {
  return cloneOp([x]);
}

/**
 * The same elements, off the tape: no gradient flows to `x`. Nothing is copied.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2], { requiresGrad: true });
 * ebb.scope(() => x.mul(x.detach()).sum().backward());
 * assertEquals(x.grad?.toArray(), [1, 2]); // that of x² would be 2x
 * ```
 */
export function detach(x: Tensor): Tensor {
  return x.alias();
}

const copyOp = defineOp<[Tensor, Tensor], { expand: boolean }>({
  name: "copy_",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x, source], { inputs, attributes: { expand } }) => {
    const cast = inputs[0].dtype === inputs[1].dtype ? source : g.cast(source, inputs[0].dtype);
    return [expand ? g.node("Expand", [cast, g.node("Shape", [x])]) : g.node("Identity", [cast])];
  },
});

/**
 * Writes the elements of `source`, broadcast and cast to `x`'s type, into `x`. Only where no gradient of `x` is
 * recorded; none flows to `source`.
 *
 * @returns `x`
 * @throws {RangeError} when `source` does not broadcast to `x`'s shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([2, 2], { dtype: "int32" });
 * using row = ebb.tensor([1.9, -1.9]);
 * x.copy_(row);
 * assertEquals(x.toArray(), [[1, -1], [1, -1]]);
 * ```
 */
export function copy_(x: Tensor, source: Tensor): Tensor {
  if (!sameShape(broadcastShapes("copy_", x.shape, source.shape), x.shape)) {
    throw new RangeError(
      `copy_: expected a shape that broadcasts to ${showShape(x.shape)} but found ${showShape(source.shape)}`,
    );
  }
  return copyOp.into([x, source], { expand: !sameShape(x.shape, source.shape) });
}

const fillOp = defineOp<[Tensor, number], None>({
  name: "fill_",
  layout: "elementwise",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x, value], { outputs: [{ dtype }] }) => [
    g.node("Expand", [dtype === "bool" ? g.cast(value, dtype) : value, g.node("Shape", [x])]),
  ],
});

/**
 * Sets every element of `x` to `value`. Only where no gradient of `x` is recorded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * x.fill_(0.5);
 * assertEquals(x.toArray(), [[0.5, 0.5], [0.5, 0.5]]);
 * ```
 */
export function fill_(x: Tensor, value: number): Tensor {
  if (x.dtype !== "bool") checkScalar("fill_", value, x.dtype);
  return fillOp.into([x, value]);
}

/**
 * Sets every element of `x` to 0. Only where no gradient of `x` is recorded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([3], { requiresGrad: true });
 * ebb.scope(() => w.square().sum().backward());
 * w.grad!.zero_(); // or the next pass would add to the 6 that is there
 * assertEquals(w.grad!.toArray(), [0]);
 * ```
 */
export function zero_(x: Tensor): Tensor {
  return fill_(x, 0);
}
