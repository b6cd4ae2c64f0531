/**
 * Tensors: element types, shapes, the op table, dispatch, the tape, scopes.
 *
 * @module
 */
export * from "./create.ts";
export { type DType, DTYPES, type HostArray, isFloating } from "./dtype.ts";
export { backward, grad, type GradOptions } from "./backward.ts";
export { checkpoint } from "./checkpoint.ts";
export { enableGrad, gradEnabled, noGrad } from "./tape.ts";
import "./methods.ts";
export { observeOps, type OpCall, type OpObserver } from "./observe.ts";
export { defaultGenerator, Generator, seed } from "./random.ts";
export { arange, eye, linspace } from "./ranges.ts";
export { keep, scope } from "./scope.ts";
export type { Shape } from "./shape.ts";
export { type NestedArray, Tensor } from "./tensor.ts";
export type { Method, TensorMethods } from "./methods.ts";
export * from "./ops/mod.ts";
