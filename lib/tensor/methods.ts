/**
 * The functions that are methods too: `add(a, b)` is `a.add(b)`. {@link TensorMethods} lists them for the compiler and for
 * readers; the functions themselves are those of `ops/mod.ts`, so the two cannot differ.
 *
 * @module
 */
import { backward } from "./backward.ts";
import * as ops from "./ops/mod.ts";
import { Tensor } from "./tensor.ts";

/** A function as the method of its first operand. */
// deno-lint-ignore no-explicit-any
export type Method<F> = F extends (x: any, ...rest: infer R) => infer T ? (...rest: R) => T : never;

/** Every function of a tensor as its method. */
export interface TensorMethods {
  /** {@link ops.abs} with this tensor as the first operand. */
  abs: Method<typeof ops.abs>;
  /** {@link ops.acos} with this tensor as the first operand. */
  acos: Method<typeof ops.acos>;
  /** {@link ops.adaptiveAvgPool2d} with this tensor as the first operand. */
  adaptiveAvgPool2d: Method<typeof ops.adaptiveAvgPool2d>;
  /** {@link ops.adaptiveMaxPool2d} with this tensor as the first operand. */
  adaptiveMaxPool2d: Method<typeof ops.adaptiveMaxPool2d>;
  /** {@link ops.add} with this tensor as the first operand. */
  add: Method<typeof ops.add>;
  /** {@link ops.add_} with this tensor as the first operand. */
  add_: Method<typeof ops.add_>;
  /** {@link ops.addmm} with this tensor as the first operand. */
  addmm: Method<typeof ops.addmm>;
  /** {@link ops.all} with this tensor as the first operand. */
  all: Method<typeof ops.all>;
  /** {@link ops.allClose} with this tensor as the first operand. */
  allClose: Method<typeof ops.allClose>;
  /** {@link ops.any} with this tensor as the first operand. */
  any: Method<typeof ops.any>;
  /** {@link ops.argmax} with this tensor as the first operand. */
  argmax: Method<typeof ops.argmax>;
  /** {@link ops.argmin} with this tensor as the first operand. */
  argmin: Method<typeof ops.argmin>;
  /** {@link ops.argsort} with this tensor as the first operand. */
  argsort: Method<typeof ops.argsort>;
  /** {@link ops.asin} with this tensor as the first operand. */
  asin: Method<typeof ops.asin>;
  /** {@link ops.atan} with this tensor as the first operand. */
  atan: Method<typeof ops.atan>;
  /** {@link ops.avgPool2d} with this tensor as the first operand. */
  avgPool2d: Method<typeof ops.avgPool2d>;
  /** {@link backward} with this tensor as the first operand. */
  backward: Method<typeof backward>;
  /** {@link ops.batchNorm} with this tensor as the first operand. */
  batchNorm: Method<typeof ops.batchNorm>;
  /** {@link ops.binaryCrossEntropyWithLogits} with this tensor as the first operand. */
  binaryCrossEntropyWithLogits: Method<typeof ops.binaryCrossEntropyWithLogits>;
  /** {@link ops.ceil} with this tensor as the first operand. */
  ceil: Method<typeof ops.ceil>;
  /** {@link ops.chunk} with this tensor as the first operand. */
  chunk: Method<typeof ops.chunk>;
  /** {@link ops.clamp} with this tensor as the first operand. */
  clamp: Method<typeof ops.clamp>;
  /** {@link ops.clamp_} with this tensor as the first operand. */
  clamp_: Method<typeof ops.clamp_>;
  /** {@link ops.clone} with this tensor as the first operand. */
  clone: Method<typeof ops.clone>;
  /** {@link ops.conv1d} with this tensor as the first operand. */
  conv1d: Method<typeof ops.conv1d>;
  /** {@link ops.conv2d} with this tensor as the first operand. */
  conv2d: Method<typeof ops.conv2d>;
  /** {@link ops.convTranspose2d} with this tensor as the first operand. */
  convTranspose2d: Method<typeof ops.convTranspose2d>;
  /** {@link ops.copy_} with this tensor as the first operand. */
  copy_: Method<typeof ops.copy_>;
  /** {@link ops.cos} with this tensor as the first operand. */
  cos: Method<typeof ops.cos>;
  /** {@link ops.cosh} with this tensor as the first operand. */
  cosh: Method<typeof ops.cosh>;
  /** {@link ops.crossEntropy} with this tensor as the first operand. */
  crossEntropy: Method<typeof ops.crossEntropy>;
  /** {@link ops.cumSum} with this tensor as the first operand. */
  cumSum: Method<typeof ops.cumSum>;
  /** {@link ops.detach} with this tensor as the first operand. */
  detach: Method<typeof ops.detach>;
  /** {@link ops.div} with this tensor as the first operand. */
  div: Method<typeof ops.div>;
  /** {@link ops.dropout} with this tensor as the first operand. */
  dropout: Method<typeof ops.dropout>;
  /** {@link ops.elu} with this tensor as the first operand. */
  elu: Method<typeof ops.elu>;
  /** {@link ops.embedding} with this tensor as the first operand. */
  embedding: Method<typeof ops.embedding>;
  /** {@link ops.eq} with this tensor as the first operand. */
  eq: Method<typeof ops.eq>;
  /** {@link ops.equal} with this tensor as the first operand. */
  equal: Method<typeof ops.equal>;
  /** {@link ops.erf} with this tensor as the first operand. */
  erf: Method<typeof ops.erf>;
  /** {@link ops.exp} with this tensor as the first operand. */
  exp: Method<typeof ops.exp>;
  /** {@link ops.expand} with this tensor as the first operand. */
  expand: Method<typeof ops.expand>;
  /** {@link ops.expm1} with this tensor as the first operand. */
  expm1: Method<typeof ops.expm1>;
  /** {@link ops.fill_} with this tensor as the first operand. */
  fill_: Method<typeof ops.fill_>;
  /** {@link ops.flatten} with this tensor as the first operand. */
  flatten: Method<typeof ops.flatten>;
  /** {@link ops.flip} with this tensor as the first operand. */
  flip: Method<typeof ops.flip>;
  /** {@link ops.floor} with this tensor as the first operand. */
  floor: Method<typeof ops.floor>;
  /** {@link ops.gather} with this tensor as the first operand. */
  gather: Method<typeof ops.gather>;
  /** {@link ops.ge} with this tensor as the first operand. */
  ge: Method<typeof ops.ge>;
  /** {@link ops.gelu} with this tensor as the first operand. */
  gelu: Method<typeof ops.gelu>;
  /** {@link ops.gridSample} with this tensor as the first operand. */
  gridSample: Method<typeof ops.gridSample>;
  /** {@link ops.groupNorm} with this tensor as the first operand. */
  groupNorm: Method<typeof ops.groupNorm>;
  /** {@link ops.gt} with this tensor as the first operand. */
  gt: Method<typeof ops.gt>;
  /** {@link ops.indexSelect} with this tensor as the first operand. */
  indexSelect: Method<typeof ops.indexSelect>;
  /** {@link ops.instanceNorm} with this tensor as the first operand. */
  instanceNorm: Method<typeof ops.instanceNorm>;
  /** {@link ops.interpolate} with this tensor as the first operand. */
  interpolate: Method<typeof ops.interpolate>;
  /** {@link ops.isFinite} with this tensor as the first operand. */
  isFinite: Method<typeof ops.isFinite>;
  /** {@link ops.isNaN} with this tensor as the first operand. */
  isNaN: Method<typeof ops.isNaN>;
  /** {@link ops.klDiv} with this tensor as the first operand. */
  klDiv: Method<typeof ops.klDiv>;
  /** {@link ops.l1Loss} with this tensor as the first operand. */
  l1Loss: Method<typeof ops.l1Loss>;
  /** {@link ops.layerNorm} with this tensor as the first operand. */
  layerNorm: Method<typeof ops.layerNorm>;
  /** {@link ops.le} with this tensor as the first operand. */
  le: Method<typeof ops.le>;
  /** {@link ops.leakyRelu} with this tensor as the first operand. */
  leakyRelu: Method<typeof ops.leakyRelu>;
  /** {@link ops.linear} with this tensor as the first operand. */
  linear: Method<typeof ops.linear>;
  /** {@link ops.log} with this tensor as the first operand. */
  log: Method<typeof ops.log>;
  /** {@link ops.log1p} with this tensor as the first operand. */
  log1p: Method<typeof ops.log1p>;
  /** {@link ops.logicalAnd} with this tensor as the first operand. */
  logicalAnd: Method<typeof ops.logicalAnd>;
  /** {@link ops.logicalNot} with this tensor as the first operand. */
  logicalNot: Method<typeof ops.logicalNot>;
  /** {@link ops.logicalOr} with this tensor as the first operand. */
  logicalOr: Method<typeof ops.logicalOr>;
  /** {@link ops.logicalXor} with this tensor as the first operand. */
  logicalXor: Method<typeof ops.logicalXor>;
  /** {@link ops.logSigmoid} with this tensor as the first operand. */
  logSigmoid: Method<typeof ops.logSigmoid>;
  /** {@link ops.logSoftmax} with this tensor as the first operand. */
  logSoftmax: Method<typeof ops.logSoftmax>;
  /** {@link ops.logSumExp} with this tensor as the first operand. */
  logSumExp: Method<typeof ops.logSumExp>;
  /** {@link ops.lt} with this tensor as the first operand. */
  lt: Method<typeof ops.lt>;
  /** {@link ops.maskedFill} with this tensor as the first operand. */
  maskedFill: Method<typeof ops.maskedFill>;
  /** {@link ops.matmul} with this tensor as the first operand. */
  matmul: Method<typeof ops.matmul>;
  /** {@link ops.max} with this tensor as the first operand. */
  max: Method<typeof ops.max>;
  /** {@link ops.maximum} with this tensor as the first operand. */
  maximum: Method<typeof ops.maximum>;
  /** {@link ops.maxPool2d} with this tensor as the first operand. */
  maxPool2d: Method<typeof ops.maxPool2d>;
  /** {@link ops.mean} with this tensor as the first operand. */
  mean: Method<typeof ops.mean>;
  /** {@link ops.min} with this tensor as the first operand. */
  min: Method<typeof ops.min>;
  /** {@link ops.minimum} with this tensor as the first operand. */
  minimum: Method<typeof ops.minimum>;
  /** {@link ops.movedim} with this tensor as the first operand. */
  movedim: Method<typeof ops.movedim>;
  /** {@link ops.mseLoss} with this tensor as the first operand. */
  mseLoss: Method<typeof ops.mseLoss>;
  /** {@link ops.mul} with this tensor as the first operand. */
  mul: Method<typeof ops.mul>;
  /** {@link ops.mul_} with this tensor as the first operand. */
  mul_: Method<typeof ops.mul_>;
  /** {@link ops.multiHeadAttention} with this tensor as the first operand. */
  multiHeadAttention: Method<typeof ops.multiHeadAttention>;
  /** {@link ops.narrow} with this tensor as the first operand. */
  narrow: Method<typeof ops.narrow>;
  /** {@link ops.ne} with this tensor as the first operand. */
  ne: Method<typeof ops.ne>;
  /** {@link ops.neg} with this tensor as the first operand. */
  neg: Method<typeof ops.neg>;
  /** {@link ops.nllLoss} with this tensor as the first operand. */
  nllLoss: Method<typeof ops.nllLoss>;
  /** {@link ops.norm} with this tensor as the first operand. */
  norm: Method<typeof ops.norm>;
  /** {@link ops.oneHot} with this tensor as the first operand. */
  oneHot: Method<typeof ops.oneHot>;
  /** {@link ops.pad} with this tensor as the first operand. */
  pad: Method<typeof ops.pad>;
  /** {@link ops.permute} with this tensor as the first operand. */
  permute: Method<typeof ops.permute>;
  /** {@link ops.pow} with this tensor as the first operand. */
  pow: Method<typeof ops.pow>;
  /** {@link ops.prod} with this tensor as the first operand. */
  prod: Method<typeof ops.prod>;
  /** {@link ops.reciprocal} with this tensor as the first operand. */
  reciprocal: Method<typeof ops.reciprocal>;
  /** {@link ops.relu} with this tensor as the first operand. */
  relu: Method<typeof ops.relu>;
  /** {@link ops.reshape} with this tensor as the first operand. */
  reshape: Method<typeof ops.reshape>;
  /** {@link ops.rmsNorm} with this tensor as the first operand. */
  rmsNorm: Method<typeof ops.rmsNorm>;
  /** {@link ops.roll} with this tensor as the first operand. */
  roll: Method<typeof ops.roll>;
  /** {@link ops.round} with this tensor as the first operand. */
  round: Method<typeof ops.round>;
  /** {@link ops.rsqrt} with this tensor as the first operand. */
  rsqrt: Method<typeof ops.rsqrt>;
  /** {@link ops.scaledDotProductAttention} with this tensor as the first operand. */
  scaledDotProductAttention: Method<typeof ops.scaledDotProductAttention>;
  /** {@link ops.scatterAdd} with this tensor as the first operand. */
  scatterAdd: Method<typeof ops.scatterAdd>;
  /** {@link ops.select} with this tensor as the first operand. */
  select: Method<typeof ops.select>;
  /** {@link ops.selfAttention} with this tensor as the first operand. */
  selfAttention: Method<typeof ops.selfAttention>;
  /** {@link ops.sigmoid} with this tensor as the first operand. */
  sigmoid: Method<typeof ops.sigmoid>;
  /** {@link ops.sign} with this tensor as the first operand. */
  sign: Method<typeof ops.sign>;
  /** {@link ops.silu} with this tensor as the first operand. */
  silu: Method<typeof ops.silu>;
  /** {@link ops.sin} with this tensor as the first operand. */
  sin: Method<typeof ops.sin>;
  /** {@link ops.sinh} with this tensor as the first operand. */
  sinh: Method<typeof ops.sinh>;
  /** {@link ops.slice} with this tensor as the first operand. */
  slice: Method<typeof ops.slice>;
  /** {@link ops.smoothL1Loss} with this tensor as the first operand. */
  smoothL1Loss: Method<typeof ops.smoothL1Loss>;
  /** {@link ops.softmax} with this tensor as the first operand. */
  softmax: Method<typeof ops.softmax>;
  /** {@link ops.softplus} with this tensor as the first operand. */
  softplus: Method<typeof ops.softplus>;
  /** {@link ops.sort} with this tensor as the first operand. */
  sort: Method<typeof ops.sort>;
  /** {@link ops.split} with this tensor as the first operand. */
  split: Method<typeof ops.split>;
  /** {@link ops.sqrt} with this tensor as the first operand. */
  sqrt: Method<typeof ops.sqrt>;
  /** {@link ops.square} with this tensor as the first operand. */
  square: Method<typeof ops.square>;
  /** {@link ops.squeeze} with this tensor as the first operand. */
  squeeze: Method<typeof ops.squeeze>;
  /** {@link ops.std} with this tensor as the first operand. */
  std: Method<typeof ops.std>;
  /** {@link ops.sub} with this tensor as the first operand. */
  sub: Method<typeof ops.sub>;
  /** {@link ops.sub_} with this tensor as the first operand. */
  sub_: Method<typeof ops.sub_>;
  /** {@link ops.sum} with this tensor as the first operand. */
  sum: Method<typeof ops.sum>;
  /** {@link ops.tan} with this tensor as the first operand. */
  tan: Method<typeof ops.tan>;
  /** {@link ops.tanh} with this tensor as the first operand. */
  tanh: Method<typeof ops.tanh>;
  /** {@link ops.tile} with this tensor as the first operand. */
  tile: Method<typeof ops.tile>;
  /** {@link ops.to} with this tensor as the first operand. */
  to: Method<typeof ops.to>;
  /** {@link ops.topK} with this tensor as the first operand. */
  topK: Method<typeof ops.topK>;
  /** {@link ops.transpose} with this tensor as the first operand. */
  transpose: Method<typeof ops.transpose>;
  /** {@link ops.tril} with this tensor as the first operand. */
  tril: Method<typeof ops.tril>;
  /** {@link ops.triu} with this tensor as the first operand. */
  triu: Method<typeof ops.triu>;
  /** {@link ops.unsqueeze} with this tensor as the first operand. */
  unsqueeze: Method<typeof ops.unsqueeze>;
  /** {@link ops.var} with this tensor as the first operand. */
  var: Method<typeof ops.var>;
  /** {@link ops.zero_} with this tensor as the first operand. */
  zero_: Method<typeof ops.zero_>;
}

/** Functions that are no methods: they are about several tensors alike, or begin with something else. */
const FREE = ["concat", "einsum", "stack", "where"] as const;

type Free = typeof FREE[number];
type Functions = { [K in keyof TensorMethods]: (x: Tensor, ...rest: never[]) => unknown };

/** An op that is neither listed as a method nor free does not compile here. */
const functions: Functions & Record<Exclude<keyof typeof ops, Free | keyof TensorMethods>, never> = {
  ...ops,
  backward,
};

for (const [name, fn] of Object.entries(functions) as [string, (...operands: unknown[]) => unknown][]) {
  if (FREE.includes(name as Free)) continue;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return fn(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}
