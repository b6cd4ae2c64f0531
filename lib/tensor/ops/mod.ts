/**
 * Every op as a function.
 *
 * @module
 */
export { add, add_, div, mul, mul_, neg, sub, type TensorOrNumber } from "./arithmetic.ts";
export { matmul } from "./matmul.ts";
export { type ReduceOptions, sum } from "./sum.ts";
export { relu, square } from "./unary.ts";
export { expand, flatten, reshape, squeeze, unsqueeze } from "./view.ts";
