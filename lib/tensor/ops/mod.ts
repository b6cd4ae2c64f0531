/**
 * Every op as a function.
 *
 * @module
 */
export {
  elu,
  gelu,
  type GeluOptions,
  leakyRelu,
  logSigmoid,
  sigmoid,
  silu,
  softplus,
  tanh,
} from "./activation.ts";
export { adaptiveAvgPool2d, adaptiveMaxPool2d } from "./adaptive_pool.ts";
export { add, add_, div, mul, mul_, neg, sub, sub_, type TensorOrNumber } from "./arithmetic.ts";
export {
  type AttentionOptions,
  type DropoutOfWeights,
  multiHeadAttention,
  scaledDotProductAttention,
} from "./attention.ts";
export { batchNorm, type BatchNormOptions } from "./batch_norm.ts";
export { to } from "./cast.ts";
export {
  allClose,
  type CloseOptions,
  eq,
  equal,
  ge,
  gt,
  isFinite,
  isNaN,
  le,
  lt,
  ne,
  where,
} from "./compare.ts";
export { concat, stack } from "./concat.ts";
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
export { clone, copy_, detach, fill_, zero_ } from "./copy.ts";
export { crossEntropy, type CrossEntropyOptions, nllLoss, type NllLossOptions } from "./cross_entropy.ts";
export { cumSum } from "./cumulative.ts";
export { dropout, type DropoutOptions } from "./dropout.ts";
export { einsum } from "./einsum.ts";
export { cosh, erf, exp, expm1, log, log1p, sinh } from "./exponential.ts";
export { clamp, clamp_, type ClampOptions, maximum, minimum } from "./extremes.ts";
export { gather, scatterAdd } from "./gather.ts";
export { gridSample, type GridSampleOptions } from "./grid_sample.ts";
export { groupNorm, instanceNorm } from "./group_norm.ts";
export { interpolate, type InterpolateOptions } from "./interpolate.ts";
export { layerNorm, type LayerNormOptions, rmsNorm } from "./layer_norm.ts";
export { addmm, linear, type LinearActivation, type LinearOptions } from "./linear.ts";
export { logicalAnd, logicalNot, logicalOr, logicalXor } from "./logic.ts";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  klDiv,
  type KlDivOptions,
  l1Loss,
  type LossOptions,
  mseLoss,
  smoothL1Loss,
  type SmoothL1LossOptions,
} from "./loss.ts";
export { type Reduction } from "./loss_reduction.ts";
export { maskedFill } from "./masked_fill.ts";
export { matmul } from "./matmul.ts";
export { logSumExp, norm } from "./norm.ts";
export { oneHot } from "./one_hot.ts";
export { argsort, type Ordered, sort, type SortOptions, topK, type TopKOptions } from "./order.ts";
export { pad, type PadOptions } from "./pad.ts";
export { movedim, permute, transpose } from "./permute.ts";
export { avgPool2d, maxPool2d, type PoolOptions } from "./pool.ts";
export { pow } from "./pow.ts";
export { all, any, argmax, argmin, max, min, prod } from "./reduce.ts";
export { type Axes, type ReduceOptions } from "./reduction.ts";
export { flip, roll, tile } from "./repeat.ts";
export { type ResizeMode } from "./resample.ts";
export { selfAttention } from "./self_attention.ts";
export { narrow, type Range, select, slice } from "./slice.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { chunk, split } from "./split.ts";
export { type SpreadOptions, std, variance as var } from "./spread.ts";
export { mean, sum } from "./sum.ts";
export { embedding, type EmbeddingOptions, indexSelect } from "./take.ts";
export { tril, triu } from "./triangle.ts";
export { acos, asin, atan, cos, sin, tan } from "./trigonometry.ts";
export { abs, ceil, floor, reciprocal, relu, round, rsqrt, sign, sqrt, square } from "./unary.ts";
export { expand, flatten, reshape, squeeze, unsqueeze } from "./view.ts";
