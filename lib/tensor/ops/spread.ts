/**
 * Variances and standard deviations over axes.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { axesOf, reducedShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { checkFloating } from "./check.ts";
import { eq, where } from "./compare.ts";
import { type Axes, reducedShapes, type ReduceOptions, reduceOver, type Reduction } from "./reduction.ts";
import { mean } from "./sum.ts";
import { reshape } from "./view.ts";

/** Options of {@link variance} and {@link std}. */
export interface SpreadOptions extends ReduceOptions {
  /** Subtracted from the number of elements: 1 (default) for samples, 0 for a whole population. */
  correction?: number;
}

/** `x`, and one over the number of elements less the correction. */
type Spread = [Tensor, number];

function spread(
  name: string,
  root: boolean,
  gradient: (dy: Tensor, y: Tensor) => Tensor,
): Op<Spread, Reduction> {
  return defineOp<Spread, Reduction>({
    name,
    infer: (
      [x],
      reduction,
    ) => [{ dtype: checkFloating(name, x).dtype, ...reducedShapes(x.shape, reduction) }],
    // Two passes: the mean of squares less the square of the mean loses all digits where the mean is large.
    graph: (g, [x, share], { attributes: { axes } }) => {
      const center = g.node("ReduceMean", [x, g.ints(axes)], { keepdims: 1 });
      const off = g.node("Sub", [x, center]);
      const squares = g.node("ReduceSumSquare", [off, g.ints(axes)], { keepdims: 0 });
      const variance = g.node("Mul", [squares, share]);
      return [root ? g.node("Sqrt", [variance]) : variance];
    },
    saves: { inputs: [0], outputs: root ? [0] : [] },
    gradient: ({ inputs: [x, share], outputs: [y], attributes: { axes } }, [dy]) => {
      const scaled = mul(gradient(dy, y), share);
      const slope = reshape(scaled, reducedShape(x.shape, axes, true));
      return [mul(sub(x, mean(x, axes, { keepDim: true })), slope), null];
    },
  });
}

const varianceOp = spread("var", false, (dy) => mul(dy, 2));
const stdOp = spread("std", true, (dy, y) => where(eq(y, 0), 0, div(dy, y)));

function spreadOver(
  name: string,
  op: Op<Spread, Reduction>,
  x: Tensor,
  axes: Axes | undefined,
  options: SpreadOptions,
): Tensor {
  const count = sizeOf(axesOf(name, axes, x.rank).map((axis) => x.shape[axis]));
  const share = 1 / Math.max(0, count - (options.correction ?? 1));
  return reduceOver(name, x, axes, options, (x, reduction) => op([x, share], reduction));
}

/**
 * The variance over `axes` (all by default): the squared distances from the mean, added up and divided by the number of
 * elements less `correction` (default 1). Known as `var` outside, which is no name for a function in JavaScript.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3, 6]);
 * assertEquals(x.var(0, { correction: 0 }).item(), 3.5);
 * ```
 */
export function variance(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  return spreadOver("var", varianceOp, x, axes, options);
}

/**
 * The standard deviation over `axes` (all by default): the root of the {@link variance}. Its gradient at 0 is 0.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([2, 4, 4, 4, 5, 5, 7, 9]);
 * using population = x.std(0, { correction: 0 });
 * assertEquals(population.item(), 2);
 * using sample = x.std();
 * assertAlmostEquals(sample.item(), Math.sqrt(32 / 7), 1e-6);
 * ```
 */
export function std(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  return spreadOver("std", stdOp, x, axes, options);
}
