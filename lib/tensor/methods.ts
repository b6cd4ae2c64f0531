/**
 * The functions that are methods too: `add(a, b)` is `a.add(b)`. One list makes both, so they cannot differ.
 *
 * @module
 */
import { backward } from "./backward.ts";
import { add, add_, div, mul, mul_, neg, sub } from "./ops/arithmetic.ts";
import { batchNorm } from "./ops/batch_norm.ts";
import { conv1d, conv2d, convTranspose2d } from "./ops/conv/mod.ts";
import { addmm, linear } from "./ops/linear.ts";
import { matmul } from "./ops/matmul.ts";
import { avgPool2d, maxPool2d } from "./ops/pool.ts";
import { sum } from "./ops/sum.ts";
import { relu, square } from "./ops/unary.ts";
import { expand, flatten, reshape, squeeze, unsqueeze } from "./ops/view.ts";
import { Tensor } from "./tensor.ts";

// deno-lint-ignore no-explicit-any
type Method<F> = F extends (x: any, ...rest: infer R) => infer T ? (...rest: R) => T : never;

/** Every function of a tensor as its method. */
export interface TensorMethods {
  add: Method<typeof add>;
  add_: Method<typeof add_>;
  addmm: Method<typeof addmm>;
  avgPool2d: Method<typeof avgPool2d>;
  backward: Method<typeof backward>;
  batchNorm: Method<typeof batchNorm>;
  conv1d: Method<typeof conv1d>;
  conv2d: Method<typeof conv2d>;
  convTranspose2d: Method<typeof convTranspose2d>;
  div: Method<typeof div>;
  expand: Method<typeof expand>;
  flatten: Method<typeof flatten>;
  linear: Method<typeof linear>;
  matmul: Method<typeof matmul>;
  maxPool2d: Method<typeof maxPool2d>;
  mul: Method<typeof mul>;
  mul_: Method<typeof mul_>;
  neg: Method<typeof neg>;
  relu: Method<typeof relu>;
  reshape: Method<typeof reshape>;
  square: Method<typeof square>;
  squeeze: Method<typeof squeeze>;
  sub: Method<typeof sub>;
  sum: Method<typeof sum>;
  unsqueeze: Method<typeof unsqueeze>;
}

type Functions = { [K in keyof TensorMethods]: (x: Tensor, ...rest: never[]) => unknown };

const functions: Functions = {
  add,
  add_,
  addmm,
  avgPool2d,
  backward,
  batchNorm,
  conv1d,
  conv2d,
  convTranspose2d,
  div,
  expand,
  flatten,
  linear,
  matmul,
  maxPool2d,
  mul,
  mul_,
  neg,
  relu,
  reshape,
  square,
  squeeze,
  sub,
  sum,
  unsqueeze,
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
