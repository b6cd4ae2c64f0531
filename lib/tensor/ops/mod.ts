/**
 * Every op as a function.
 *
 * @module
 */
export { adaptiveAvgPool2d, adaptiveMaxPool2d } from "./adaptive_pool.ts";
export { add, add_, div, mul, mul_, neg, sub, type TensorOrNumber } from "./arithmetic.ts";
export { batchNorm, type BatchNormOptions } from "./batch_norm.ts";
export {
  type Activation,
  conv1d,
  type Conv1dOptions,
  conv2d,
  type Conv2dOptions,
  type ConvOptions,
  convTranspose2d,
  type ConvTransposeOptions,
  type Size2d,
} from "./conv/mod.ts";
export { addmm, linear, type LinearActivation, type LinearOptions } from "./linear.ts";
export { matmul } from "./matmul.ts";
export { avgPool2d, maxPool2d, type PoolOptions } from "./pool.ts";
export { type ReduceOptions, sum } from "./sum.ts";
export { relu, square } from "./unary.ts";
export { expand, flatten, reshape, squeeze, unsqueeze } from "./view.ts";
