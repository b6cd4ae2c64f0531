/**
 * Sums and means over axes, and the sum that undoes broadcasting.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { reducedShape, sameShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { checkFloating } from "./check.ts";
import {
  type Axes,
  reducedShapes,
  type ReduceOptions,
  reduceOver,
  type Reduction,
  sumType,
} from "./reduction.ts";
import { expand, reshape } from "./view.ts";

/** Elements from which on a product is faster (two cores: 64 x 64 0.8 times as fast, 128 x 256 2.5, 512 x 512 15). */
const LARGE = 8192;

function reduction(
  name: string,
  node: string,
  gradient: (dy: Tensor, x: Shape) => Tensor,
): Op<[Tensor], Reduction> {
  return defineOp<[Tensor], Reduction>({
    name,
    infer: ([x], how) => {
      const { shape, graphShape } = reducedShapes(x.shape, how);
      return [{ dtype: sumType(x.dtype), shape, graphShape: how.byProduct ? [sizeOf(shape)] : graphShape }];
    },
    graph: (g, [x], { attributes: { axes, byProduct }, inputs: [{ dtype, shape }], outputs: [output] }) => {
      const numbers = dtype === output.dtype ? x : g.cast(x, output.dtype);
      return [
        byProduct
          ? product(g, numbers, axes.length, shape.length, name === "mean")
          : g.node(node, [numbers, g.ints(axes)], { keepdims: 0 }),
      ];
    },
    gradient: ({ specs: [x], attributes: { axes } }, [dy]) => [
      gradient(reshape(dy, reducedShape(x.shape, axes, true)), x.shape),
    ],
  });
}

/** The sum (or mean) over the first `count` axes as a product with a row of ones (or of shares). */
function product(g: GraphBuilder, x: Value, count: number, rank: number, mean: boolean): Value {
  const matrix = count === 1 && rank === 2 ? x : g.node("Flatten", [x], { axis: count });
  const rows = g.node("Shape", [matrix], { start: 0, end: 1 });
  const weight = mean ? g.node("Reciprocal", [g.cast(rows, "float32")]) : g.scalar(1);
  return g.node("MatMul", [g.node("Expand", [weight, rows]), matrix]);
}

const sumOp = reduction("sum", "ReduceSum", (dy, shape) => expand(dy, shape));
const meanOp = reduction("mean", "ReduceMean", (dy, shape) => {
  const count = shape.reduce((n, size, axis) => n * size / dy.shape[axis], 1);
  return expand(mul(dy, 1 / count), shape);
});

/** How best to add up: of leading axes by a product, where that is large enough. */
function fastest(x: Tensor, { axes, keepDim }: Reduction): Reduction {
  const leading = axes.length < x.rank && axes.every((axis, i) => axis === i);
  const half = x.dtype === "float16" || x.dtype === "bfloat16"; // computed in float32
  return leading && x.size >= LARGE && (half || x.dtype === "float32") && x.device.provider === "cpu"
    ? { axes, keepDim, byProduct: true }
    : { axes, keepDim };
}

/**
 * The sum over `axes` (all by default; negative ones count from the end). Whole numbers and booleans are added up in
 * int64, as in PyTorch. The sum over no element is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * assertEquals(x.sum(0).toArray(), [4, 6]);
 * assertEquals(x.sum(-1, { keepDim: true }).toArray(), [[3], [7]]);
 * ```
 */
export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("sum", x, axes, options, (x, how) => sumOp([x], fastest(x, how)));
}

/**
 * The mean over `axes` (all by default). The mean over no element is NaN.
 *
 * @throws {TypeError} when the type has no fractions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 3], [5, 9]]);
 * using centred = ebb.scope(() => x.sub(x.mean(1, { keepDim: true })));
 * assertEquals(centred.toArray(), [[-1, 1], [-2, 2]]);
 * ```
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("mean", checkFloating("mean", x), axes, options, (x, how) => {
    // ONNX Runtime's mean of nothing is 0.
    const isEmpty = how.axes.some((axis) => x.shape[axis] === 0);
    return isEmpty ? scope(() => mul(sumOp([x], how), NaN)) : meanOp([x], fastest(x, how));
  });
}

/** Sums a broadcast gradient back to the shape it came from. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) =>
    axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1)
  );
  return reshape(sumOp([x], fastest(x, { axes, keepDim: false })), shape);
}
