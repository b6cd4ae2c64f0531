/**
 * Reductions over axes other than sums: extremes and where they are, products, any and all.
 *
 * @module
 */
import type { GraphBuilder, Provider, Value } from "../../ort/mod.ts";
import { isFloating } from "../dtype.ts";
import { full } from "../create.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axisOf, reducedShape, type Shape, showShape } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { to } from "./cast.ts";
import { checkNumeric } from "./check.ts";
import { eq, where } from "./compare.ts";
import {
  type Axes,
  reducedShapes,
  type ReduceOptions,
  reduceOver,
  type Reduction,
  sumType,
} from "./reduction.ts";
import { sum } from "./sum.ts";
import { reshape } from "./view.ts";

/** Any (`ReduceMax`) or all (`ReduceMin`) of truth values; of booleans themselves only the CPU provider has kernels. */
function quantified(g: GraphBuilder, node: string, truth: Value, axes: Value, provider: Provider): Value {
  if (provider === "cpu") return g.node(node, [truth, axes], { keepdims: 0 });
  return g.cast(g.node(node, [g.cast(truth, "float32"), axes], { keepdims: 0 }), "bool");
}

/** Refuses to choose among no elements. */
function checkChoice(name: string, x: Shape, axes: readonly number[]): void {
  if (axes.some((axis) => x[axis] === 0)) {
    throw new RangeError(`${name}: expected axes of at least one element but found ${showShape(x)}`);
  }
}

const shareOp = defineOp<[Tensor, Tensor, Tensor], { axes: readonly number[] }>({
  name: "extremeBackward",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [dy, x, y], { attributes: { axes }, inputs: [{ dtype }] }) => {
    const chosen = g.cast(g.node("Equal", [x, y]), dtype);
    const count = g.node("ReduceSum", [chosen, g.ints(axes)], { keepdims: 1 });
    return [g.node("Mul", [chosen, g.node("Div", [dy, count])])];
  },
});

function extreme(name: string, node: string): Op<[Tensor], Reduction> {
  return defineOp<[Tensor], Reduction>({
    name,
    infer: ([x], reduction) => {
      checkChoice(name, x.shape, reduction.axes);
      return [{ dtype: x.dtype, ...reducedShapes(x.shape, reduction) }];
    },
    graph: (g, [x], { attributes: { axes }, inputs: [{ dtype }], provider }) => {
      const found = g.node(node, [x, g.ints(axes)], { keepdims: 0 });
      if (!isFloating(dtype)) return [found];
      // ONNX Runtime's kernels pass NaN over, which would hide that a training has gone wrong.
      const isWrong = quantified(g, "ReduceMax", g.node("IsNaN", [x]), g.ints(axes), provider);
      return [g.node("Where", [isWrong, g.scalar(NaN, dtype), found])];
    },
    saves: { inputs: [0], outputs: [0] },
    gradient: ({ inputs: [x], outputs: [result], attributes: { axes } }, [gradient]) => {
      const kept = reducedShape(x.shape, axes, true);
      const dy = reshape(gradient, kept);
      const y = reshape(result, kept);
      if (!gradEnabled()) return [shareOp([dy, x, y], { axes })];
      const chosen = to(eq(x, y), dy.dtype);
      return [mul(chosen, div(dy, sum(chosen, axes, { keepDim: true })))];
    },
  });
}

const maxOp = extreme("max", "ReduceMax");
const minOp = extreme("min", "ReduceMin");

/**
 * The largest element over `axes` (all by default); NaN wins. Elements that are equal to it share its gradient evenly, as in
 * PyTorch's `amax`. For where it is see {@link argmax}; for the larger of two tensors `maximum`.
 *
 * @throws {RangeError} when an axis reduced has no elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 5], [4, 2]]);
 * assertEquals(x.max(1).toArray(), [5, 4]);
 * assertEquals(x.argmax(1).toArray(), [1, 0]);
 * ```
 */
export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("max", x, axes, options, (x, how) => maxOp([x], how));
}

/**
 * The smallest element over `axes` (all by default); see {@link max}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 5], [4, NaN]]);
 * using y = x.min(1);
 * assertEquals(y.toArray(), [1, NaN]);
 * ```
 */
export function min(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("min", x, axes, options, (x, how) => minOp([x], how));
}

type Along = { axis: number; keepDim: boolean };

function position(name: string, node: string): Op<[Tensor], Along> {
  return defineOp<[Tensor], Along>({
    name,
    infer: ([x], { axis, keepDim }) => {
      checkNumeric(name, x);
      checkChoice(name, x.shape, [axis]);
      return [{ dtype: "int64", ...reducedShapes(x.shape, { axes: [axis], keepDim }) }];
    },
    graph: (g, [x], { attributes: { axis }, inputs: [{ dtype }], provider }) => {
      const found = g.node(node, [x], { axis, keepdims: 0 });
      if (!isFloating(dtype)) return [found];
      const isNaN = g.node("IsNaN", [x]);
      const isWrong = quantified(g, "ReduceMax", isNaN, g.ints([axis]), provider);
      const first = g.node("ArgMax", [g.cast(isNaN, "float32")], { axis, keepdims: 0 });
      return [g.node("Where", [isWrong, first, found])];
    },
  });
}

const argmaxOp = position("argmax", "ArgMax");
const argminOp = position("argmin", "ArgMin");

function positionOf(
  name: string,
  op: Op<[Tensor], Along>,
  x: Tensor,
  axis: number | undefined,
  { keepDim = false }: ReduceOptions,
): Tensor {
  if (axis !== undefined) return op([x], { axis: axisOf(name, axis, x.rank), keepDim });
  return scope(() => {
    const flat = op([reshape(x, [x.size])], { axis: 0, keepDim: false });
    return keepDim ? reshape(flat, x.shape.map(() => 1)) : flat;
  });
}

/**
 * Where the largest element along `axis` is (without one: in the flattened tensor), as int64; of equal ones the first. The
 * first NaN wins.
 *
 * @throws {RangeError} when there are no elements along the axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using scores = ebb.tensor([[1, 5, 5], [7, 2, 0]]);
 * using labels = scores.argmax(1);
 * assertEquals(labels.toArray(), [1, 0]);
 * using place = scores.argmax(); // in the flattened tensor
 * assertEquals(place.item(), 3);
 * ```
 */
export function argmax(x: Tensor, axis?: number, options: ReduceOptions = {}): Tensor {
  return positionOf("argmax", argmaxOp, x, axis, options);
}

/**
 * Where the smallest element along `axis` is; see {@link argmax}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using distances = ebb.tensor([[3, 1, 1], [0, 2, 4]]);
 * using nearest = distances.argmin(1, { keepDim: true });
 * assertEquals(nearest.toArray(), [[1], [0]]);
 * ```
 */
export function argmin(x: Tensor, axis?: number, options: ReduceOptions = {}): Tensor {
  return positionOf("argmin", argminOp, x, axis, options);
}

const prodOp = defineOp<[Tensor], Reduction>({
  name: "prod",
  infer: ([x], reduction) => [{ dtype: sumType(x.dtype), ...reducedShapes(x.shape, reduction) }],
  graph: (g, [x], { attributes: { axes }, inputs: [{ dtype }], outputs: [output] }) => {
    const numbers = dtype === output.dtype ? x : g.cast(x, output.dtype);
    return [g.node("ReduceProd", [numbers, g.ints(axes)], { keepdims: 0 })];
  },
  saves: { inputs: [0] },
  gradient: ({ inputs: [x], attributes: { axes } }, [gradient]) => {
    const dy = reshape(gradient, reducedShape(x.shape, axes, true));
    return [gradEnabled() ? prodGradient(dy, x, axes) : prodBackwardOp([dy, x], { axes })];
  },
});

/** `dy` times the product of all other elements: that of those that are not 0, unless another one is. */
const prodBackwardOp = defineOp<[Tensor, Tensor], { axes: readonly number[] }>({
  name: "prodBackward",
  infer: ([, x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [dy, x], { attributes, inputs: [{ dtype }] }) => {
    const axes = g.ints(attributes.axes);
    const [none, one] = [g.scalar(0, dtype), g.scalar(1, dtype)];
    const isZero = g.node("Equal", [x, none]);
    const others = g.node("Where", [isZero, one, x]);
    const zeros = g.cast(isZero, dtype);
    const otherZeros = g.node("Sub", [g.node("ReduceSum", [zeros, axes], { keepdims: 1 }), zeros]);
    const rest = g.node("Div", [g.node("ReduceProd", [others, axes], { keepdims: 1 }), others]);
    return [g.node("Where", [g.node("Equal", [otherZeros, none]), g.node("Mul", [dy, rest]), none])];
  },
});

/** The same of ops that can be differentiated again. */
function prodGradient(dy: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const isZero = eq(x, 0);
  const others = where(isZero, 1, x);
  const zeros = to(isZero, x.dtype);
  const otherZeros = sub(sum(zeros, axes, { keepDim: true }), zeros);
  const rest = div(prod(others, axes, { keepDim: true }), others);
  return where(eq(otherZeros, 0), mul(dy, rest), 0);
}

/**
 * The product over `axes` (all by default). Whole numbers and booleans are multiplied in int64, as in PyTorch. The
 * product over no element is 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using shape = ebb.tensor([[2, 3], [4, 5]], { dtype: "int32" });
 * using sizes = shape.prod(1);
 * assertEquals([sizes.toArray(), sizes.dtype], [[6, 20], "int64"]);
 * ```
 */
export function prod(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("prod", x, axes, options, (x, how) => prodOp([x], how));
}

function quantifier(name: string, node: string): Op<[Tensor], Reduction> {
  return defineOp<[Tensor], Reduction>({
    name,
    infer: ([x], reduction) => [{ dtype: "bool", ...reducedShapes(x.shape, reduction) }],
    graph: (g, [x], { attributes: { axes }, inputs: [{ dtype }], provider }) => {
      const truth = dtype === "bool" ? x : g.cast(x, "bool");
      return [quantified(g, node, truth, g.ints(axes), provider)];
    },
  });
}

const anyOp = quantifier("any", "ReduceMax");
const allOp = quantifier("all", "ReduceMin");

/** Calls a quantifier; of no elements, for which there is no kernel, it says `empty`. */
function quantify(op: Op<[Tensor], Reduction>, x: Tensor, how: Reduction, empty: number): Tensor {
  if (how.axes.every((axis) => x.shape[axis] > 0)) return op([x], how);
  return full(reducedShape(x.shape, how.axes, how.keepDim), empty, { dtype: "bool", device: x.device });
}

/**
 * Whether any element over `axes` (all by default) is true (of numbers: not 0). Of none: false.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[0, 0], [0, 3]]);
 * using y = x.any(1);
 * assertEquals(y.toArray(), [false, true]);
 * ```
 */
export function any(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("any", x, axes, options, (x, how) => quantify(anyOp, x, how, 0));
}

/**
 * Whether all elements over `axes` (all by default) are true (of numbers: not 0). Of none: true.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [0, 3]]);
 * using y = x.all(1);
 * assertEquals(y.toArray(), [true, false]);
 * ```
 */
export function all(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduceOver("all", x, axes, options, (x, how) => quantify(allOp, x, how, 1));
}
