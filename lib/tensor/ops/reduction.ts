/**
 * What all reductions share: axes, options, the shapes of results, the type that sums are made in.
 *
 * @module
 */
import { type DType, isFloating } from "../dtype.ts";
import { scope } from "../scope.ts";
import { axesOf, reducedShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./view.ts";

/** One axis or several; negative ones count from the end. */
export type Axes = number | readonly number[];

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep reduced axes with size 1. */
  keepDim?: boolean;
}

/** How a reduction is compiled. */
export type Reduction = {
  axes: readonly number[];
  keepDim: boolean;
  /** Leading axes are added up by a product with a row of ones. */
  byProduct?: boolean;
};

/** Calls a reduction of `x` over `axes` (undefined: all). */
export function reduceOver(
  name: string,
  x: Tensor,
  axes: Axes | undefined,
  { keepDim = false }: ReduceOptions,
  call: (x: Tensor, reduction: Reduction) => Tensor,
): Tensor {
  const over = axesOf(name, axes, x.rank);
  if (over.length > 0) return call(x, { axes: over, keepDim });
  // ONNX takes "no axes" for "all": over none is over a new last axis of size 1.
  return scope(() => call(reshape(x, [...x.shape, 1]), { axes: [x.rank], keepDim: false }));
}

/** Shapes of a reduction's result, as a spec states them: kernels leave reduced axes out, which costs no copy. */
export function reducedShapes(x: Shape, { axes, keepDim }: Reduction): { shape: Shape; graphShape: Shape } {
  return { shape: reducedShape(x, axes, keepDim), graphShape: reducedShape(x, axes, false) };
}

/** The type in which elements of `dtype` are added up or multiplied: int64 for all whole numbers and booleans. */
export function sumType(dtype: DType): DType {
  return isFloating(dtype) ? dtype : "int64";
}
