/**
 * The larger and the smaller of two, and bounds.
 *
 * @module
 */
import { gradEnabled } from "../tape.ts";
import { defineOp, type Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { inferPair, mul, type Pair, sub, type TensorOrNumber } from "./arithmetic.ts";
import { checkNumeric, checkScalar } from "./check.ts";
import { gt, lt, where } from "./compare.ts";
import { sumTo } from "./sum.ts";

type None = Record<never, never>;

/** How much of the gradient the first operand gets: 1 where it is chosen, half where both are equal, else 0. */
function shareOp(name: string, strict: string, weak: string): Op<Pair, None> {
  return defineOp<Pair, None>({
    name: `${name}Share`,
    layout: "elementwise",
    rows: true,
    infer: (operands) => [inferPair(name, operands)],
    graph: (g, [a, b], { outputs: [{ dtype }] }) => {
      const wins = g.cast(g.node(strict, [a, b]), dtype);
      const ties = g.cast(g.node(weak, [a, b]), dtype);
      return [g.node("Mul", [g.node("Add", [wins, ties]), g.scalar(0.5, dtype)])];
    },
    gradient: () => [null, null], // it is constant but for steps
  });
}

function extreme(name: string, node: string, share: Op<Pair, None>): Op<Pair, None> {
  return defineOp<Pair, None>({
    name,
    layout: "elementwise",
    infer: (operands) => [inferPair(name, operands)],
    graph: (g, [a, b]) => [g.node(node, [a, b])],
    saves: { inputs: [0, 1] },
    gradient: ({ inputs: [a, b], specs, needs }, [dy]) => {
      const first = share([a, b]);
      return [
        needs[0] ? sumTo(mul(dy, first), specs[0].shape) : null,
        needs[1] ? sumTo(mul(dy, sub(1, first)), specs[1].shape) : null,
      ];
    },
  });
}

const maximumOp = extreme("maximum", "Max", shareOp("maximum", "Greater", "GreaterOrEqual"));
const minimumOp = extreme("minimum", "Min", shareOp("minimum", "Less", "LessOrEqual"));

/**
 * The larger of `a` and `b`, broadcasting; NaN wins. Equal elements share the gradient.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, NaN, 3]);
 * using y = x.maximum(2);
 * assertEquals(y.toArray(), [2, NaN, 3]);
 * ```
 */
export function maximum(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return maximumOp([a, b]);
}

/**
 * The smaller of `a` and `b`, broadcasting; NaN wins. Equal elements share the gradient.
 *
 * @throws {RangeError | TypeError} when shapes do not broadcast, or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3], { requiresGrad: true });
 * using y = x.minimum(2);
 * assertEquals(y.toArray(), [1, 2, 2]);
 * ebb.scope(() => y.sum().backward());
 * assertEquals(x.grad?.toArray(), [1, 0.5, 0]);
 * ```
 */
export function minimum(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  return minimumOp([a, b]);
}

/** Bounds of {@link clamp}; one may be left out. */
export interface ClampOptions {
  /** The smallest value allowed. */
  min?: number;
  /** The largest value allowed; wins over a larger `min`. */
  max?: number;
}

type Clamped = [Tensor, number | null, number | null];

const clampBackwardOp = defineOp<[Tensor, Tensor, number | null, number | null], None>({
  name: "clampBackward",
  layout: "elementwise",
  rows: true,
  infer: ([dy]) => [{ dtype: dy.dtype, shape: dy.shape }],
  graph: (g, [dy, x, min, max], { inputs: [{ dtype }] }) => {
    const tests = [min && g.node("Greater", [x, min]), max && g.node("Less", [x, max])].filter(Boolean);
    const inside = tests.length === 2 ? g.node("And", tests) : tests[0];
    return [g.node("Where", [inside, dy, g.scalar(0, dtype)])];
  },
});

/** The same of ops that can be differentiated again. */
function passInside(dy: Tensor, x: Tensor, min: number | null, max: number | null): Tensor {
  const above = min === null ? dy : where(gt(x, min), dy, 0);
  return max === null ? above : where(lt(x, max), above, 0);
}

const clampOp: Op<Clamped, None> = defineOp<Clamped, None>({
  name: "clamp",
  layout: "elementwise",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x, min, max]) => [g.node("Clip", [x, min, max])],
  saves: { inputs: [0] },
  gradient: ({ inputs: [x, min, max] }, [dy]) => [
    gradEnabled() ? passInside(dy, x, min, max) : clampBackwardOp([dy, x, min, max]),
    null,
    null,
  ],
});

function clampOperands(name: string, x: Tensor, { min, max }: ClampOptions): Clamped {
  checkNumeric(name, x);
  if (min === undefined && max === undefined) {
    throw new TypeError(`${name}: expected min, max or both but found neither`);
  }
  if (min !== undefined) checkScalar(name, min, x.dtype);
  if (max !== undefined) checkScalar(name, max, x.dtype);
  return [x, min ?? null, max ?? null];
}

/**
 * `x` with everything below `min` set to `min` and everything above `max` to `max`. The gradient passes
 * between the bounds, and not on them, as in PyTorch.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([-2, 0.5, 3]);
 * assertEquals(x.clamp({ min: 0, max: 1 }).toArray(), [0, 0.5, 1]);
 * ```
 */
export function clamp(x: Tensor, options: ClampOptions): Tensor {
  return clampOp(clampOperands("clamp", x, options));
}

/**
 * {@link clamp} in place. Only where no gradient of `x` is recorded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using weights = ebb.tensor([-3, 0.5, 2]);
 * weights.clamp_({ min: -1, max: 1 });
 * assertEquals(weights.toArray(), [-1, 0.5, 1]);
 * ```
 */
export function clamp_(x: Tensor, options: ClampOptions): Tensor {
  return clampOp.into(clampOperands("clamp_", x, options));
}
