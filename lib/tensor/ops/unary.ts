/**
 * Functions of each element alone.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";

type None = Record<never, never>;

/** Needs fractions: integers are refused with the op's name. */
function checkFloating(name: string, x: Tensor): Tensor {
  if (!isFloating(x.dtype)) {
    throw new TypeError(`${name}: expected a floating type but found ${x.dtype}; use to()`);
  }
  return x;
}

/** ReLU's mask: steep enough that every positive number gives 1 and every other 0 (`kernels.md`, key finding 3). */
export const STEP = { alpha: { float: 3e38 }, beta: { float: 0 } } as const;

/** `dy` where the result `y` of a ReLU is positive, 0 elsewhere. */
export const reluGradient: Op<[Tensor, Tensor], None> = defineOp<[Tensor, Tensor], None>({
  name: "reluBackward",
  rows: true,
  layout: "elementwise",
  infer: ([dy]) => [{ dtype: dy.dtype, shape: dy.shape }],
  graph: (g, [dy, y]) => [g.node("Mul", [dy, g.node("HardSigmoid", [y], STEP)])],
  saves: { inputs: [1] },
  gradient: ({ inputs: [, y] }, [d]) => [reluGradient([d, y]), null],
});

const reluOp = defineOp<[Tensor], None>({
  name: "relu",
  layout: "elementwise",
  infer: ([x]) => [{ dtype: checkFloating("relu", x).dtype, shape: x.shape }],
  graph: (g, [x]) => [g.node("Relu", [x])],
  saves: { outputs: [0] },
  gradient: ({ outputs: [y] }, [dy]) => [reluGradient([dy, y])],
});

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return reluOp([x]);
}

const squareOp = defineOp<[Tensor], None>({
  name: "square",
  layout: "elementwise",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x]) => [g.node("Mul", [x, x])],
  saves: { inputs: [0] },
  gradient: ({ inputs: [x] }, [dy]) => [mul(mul(dy, 2), x)],
});

/** `x²`. */
export function square(x: Tensor): Tensor {
  return squareOp([x]);
}
