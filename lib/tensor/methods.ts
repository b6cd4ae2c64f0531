/**
 * The functions that are methods too: `add(a, b)` is `a.add(b)`. One list makes both, so they cannot differ.
 *
 * @module
 */
import { backward } from "./backward.ts";
import { elu, gelu, leakyRelu, logSigmoid, sigmoid, silu, softplus, tanh } from "./ops/activation.ts";
import { add, add_, div, mul, mul_, neg, sub, sub_ } from "./ops/arithmetic.ts";
import { multiHeadAttention, scaledDotProductAttention } from "./ops/attention.ts";
import { batchNorm } from "./ops/batch_norm.ts";
import { to } from "./ops/cast.ts";
import {
  allClose,
  eq,
  equal,
  ge,
  gt,
  isFinite,
  isNaN,
  le,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  ne,
} from "./ops/compare.ts";
import { conv1d, conv2d, convTranspose2d } from "./ops/conv/mod.ts";
import { clone, copy_, detach, fill_, zero_ } from "./ops/copy.ts";
import { crossEntropy, nllLoss } from "./ops/cross_entropy.ts";
import { cumSum } from "./ops/cumulative.ts";
import { dropout } from "./ops/dropout.ts";
import { clamp, clamp_, maximum, minimum } from "./ops/extremes.ts";
import { groupNorm, instanceNorm } from "./ops/group_norm.ts";
import { layerNorm, rmsNorm } from "./ops/layer_norm.ts";
import { addmm, linear } from "./ops/linear.ts";
import { binaryCrossEntropyWithLogits, klDiv, l1Loss, mseLoss, smoothL1Loss } from "./ops/loss.ts";
import { matmul } from "./ops/matmul.ts";
import { logSumExp, norm } from "./ops/norm.ts";
import { pad } from "./ops/pad.ts";
import { movedim, permute, transpose } from "./ops/permute.ts";
import { avgPool2d, maxPool2d } from "./ops/pool.ts";
import { pow } from "./ops/pow.ts";
import { all, any, argmax, argmin, max, min, prod } from "./ops/reduce.ts";
import { flip, roll, tile } from "./ops/repeat.ts";
import { narrow, select, slice } from "./ops/slice.ts";
import { logSoftmax, softmax } from "./ops/softmax.ts";
import { chunk, split } from "./ops/split.ts";
import { std, variance } from "./ops/spread.ts";
import { mean, sum } from "./ops/sum.ts";
import { tril, triu } from "./ops/triangle.ts";
import {
  abs,
  acos,
  asin,
  atan,
  ceil,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  reciprocal,
  relu,
  round,
  rsqrt,
  sign,
  sin,
  sinh,
  sqrt,
  square,
  tan,
} from "./ops/unary.ts";
import { expand, flatten, reshape, squeeze, unsqueeze } from "./ops/view.ts";
import { Tensor } from "./tensor.ts";

// deno-lint-ignore no-explicit-any
type Method<F> = F extends (x: any, ...rest: infer R) => infer T ? (...rest: R) => T : never;

/** Every function of a tensor as its method. */
export interface TensorMethods {
  abs: Method<typeof abs>;
  acos: Method<typeof acos>;
  add: Method<typeof add>;
  add_: Method<typeof add_>;
  addmm: Method<typeof addmm>;
  all: Method<typeof all>;
  allClose: Method<typeof allClose>;
  any: Method<typeof any>;
  argmax: Method<typeof argmax>;
  argmin: Method<typeof argmin>;
  asin: Method<typeof asin>;
  atan: Method<typeof atan>;
  avgPool2d: Method<typeof avgPool2d>;
  backward: Method<typeof backward>;
  batchNorm: Method<typeof batchNorm>;
  binaryCrossEntropyWithLogits: Method<typeof binaryCrossEntropyWithLogits>;
  ceil: Method<typeof ceil>;
  chunk: Method<typeof chunk>;
  clamp: Method<typeof clamp>;
  clamp_: Method<typeof clamp_>;
  clone: Method<typeof clone>;
  conv1d: Method<typeof conv1d>;
  conv2d: Method<typeof conv2d>;
  convTranspose2d: Method<typeof convTranspose2d>;
  copy_: Method<typeof copy_>;
  cos: Method<typeof cos>;
  cosh: Method<typeof cosh>;
  crossEntropy: Method<typeof crossEntropy>;
  cumSum: Method<typeof cumSum>;
  detach: Method<typeof detach>;
  div: Method<typeof div>;
  dropout: Method<typeof dropout>;
  elu: Method<typeof elu>;
  eq: Method<typeof eq>;
  equal: Method<typeof equal>;
  erf: Method<typeof erf>;
  exp: Method<typeof exp>;
  expand: Method<typeof expand>;
  expm1: Method<typeof expm1>;
  fill_: Method<typeof fill_>;
  flatten: Method<typeof flatten>;
  flip: Method<typeof flip>;
  floor: Method<typeof floor>;
  ge: Method<typeof ge>;
  gelu: Method<typeof gelu>;
  groupNorm: Method<typeof groupNorm>;
  gt: Method<typeof gt>;
  instanceNorm: Method<typeof instanceNorm>;
  isFinite: Method<typeof isFinite>;
  isNaN: Method<typeof isNaN>;
  klDiv: Method<typeof klDiv>;
  l1Loss: Method<typeof l1Loss>;
  layerNorm: Method<typeof layerNorm>;
  le: Method<typeof le>;
  leakyRelu: Method<typeof leakyRelu>;
  linear: Method<typeof linear>;
  log: Method<typeof log>;
  log1p: Method<typeof log1p>;
  logicalAnd: Method<typeof logicalAnd>;
  logicalNot: Method<typeof logicalNot>;
  logicalOr: Method<typeof logicalOr>;
  logicalXor: Method<typeof logicalXor>;
  logSigmoid: Method<typeof logSigmoid>;
  logSoftmax: Method<typeof logSoftmax>;
  logSumExp: Method<typeof logSumExp>;
  lt: Method<typeof lt>;
  matmul: Method<typeof matmul>;
  max: Method<typeof max>;
  maximum: Method<typeof maximum>;
  maxPool2d: Method<typeof maxPool2d>;
  mean: Method<typeof mean>;
  min: Method<typeof min>;
  minimum: Method<typeof minimum>;
  movedim: Method<typeof movedim>;
  mseLoss: Method<typeof mseLoss>;
  mul: Method<typeof mul>;
  mul_: Method<typeof mul_>;
  multiHeadAttention: Method<typeof multiHeadAttention>;
  narrow: Method<typeof narrow>;
  ne: Method<typeof ne>;
  neg: Method<typeof neg>;
  nllLoss: Method<typeof nllLoss>;
  norm: Method<typeof norm>;
  pad: Method<typeof pad>;
  permute: Method<typeof permute>;
  pow: Method<typeof pow>;
  prod: Method<typeof prod>;
  reciprocal: Method<typeof reciprocal>;
  relu: Method<typeof relu>;
  reshape: Method<typeof reshape>;
  rmsNorm: Method<typeof rmsNorm>;
  roll: Method<typeof roll>;
  round: Method<typeof round>;
  rsqrt: Method<typeof rsqrt>;
  scaledDotProductAttention: Method<typeof scaledDotProductAttention>;
  select: Method<typeof select>;
  sigmoid: Method<typeof sigmoid>;
  sign: Method<typeof sign>;
  silu: Method<typeof silu>;
  sin: Method<typeof sin>;
  sinh: Method<typeof sinh>;
  slice: Method<typeof slice>;
  smoothL1Loss: Method<typeof smoothL1Loss>;
  softmax: Method<typeof softmax>;
  softplus: Method<typeof softplus>;
  split: Method<typeof split>;
  sqrt: Method<typeof sqrt>;
  square: Method<typeof square>;
  squeeze: Method<typeof squeeze>;
  std: Method<typeof std>;
  sub: Method<typeof sub>;
  sub_: Method<typeof sub_>;
  sum: Method<typeof sum>;
  tan: Method<typeof tan>;
  tanh: Method<typeof tanh>;
  tile: Method<typeof tile>;
  to: Method<typeof to>;
  transpose: Method<typeof transpose>;
  tril: Method<typeof tril>;
  triu: Method<typeof triu>;
  unsqueeze: Method<typeof unsqueeze>;
  var: Method<typeof variance>;
  zero_: Method<typeof zero_>;
}

type Functions = { [K in keyof TensorMethods]: (x: Tensor, ...rest: never[]) => unknown };

const functions: Functions = {
  abs,
  acos,
  add,
  add_,
  addmm,
  all,
  allClose,
  any,
  argmax,
  argmin,
  asin,
  atan,
  avgPool2d,
  backward,
  batchNorm,
  binaryCrossEntropyWithLogits,
  ceil,
  chunk,
  clamp,
  clamp_,
  clone,
  conv1d,
  conv2d,
  convTranspose2d,
  copy_,
  cos,
  cosh,
  crossEntropy,
  cumSum,
  detach,
  div,
  dropout,
  elu,
  eq,
  equal,
  erf,
  exp,
  expand,
  expm1,
  fill_,
  flatten,
  flip,
  floor,
  ge,
  gelu,
  groupNorm,
  gt,
  instanceNorm,
  isFinite,
  isNaN,
  klDiv,
  l1Loss,
  layerNorm,
  le,
  leakyRelu,
  linear,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  logSigmoid,
  logSoftmax,
  logSumExp,
  lt,
  matmul,
  max,
  maximum,
  maxPool2d,
  mean,
  min,
  minimum,
  movedim,
  mseLoss,
  mul,
  mul_,
  multiHeadAttention,
  narrow,
  ne,
  neg,
  nllLoss,
  norm,
  pad,
  permute,
  pow,
  prod,
  reciprocal,
  relu,
  reshape,
  rmsNorm,
  roll,
  round,
  rsqrt,
  scaledDotProductAttention,
  select,
  sigmoid,
  sign,
  silu,
  sin,
  sinh,
  slice,
  smoothL1Loss,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  squeeze,
  std,
  sub,
  sub_,
  sum,
  tan,
  tanh,
  tile,
  to,
  transpose,
  tril,
  triu,
  unsqueeze,
  var: variance,
  zero_,
};

for (const [name, fn] of Object.entries(functions) as [string, (...operands: unknown[]) => unknown][]) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return fn(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}
