/**
 * Powers.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { zerosLike } from "../create.ts";
import type { Tensor } from "../tensor.ts";
import { inferPair, mul, type Pair, sub, type TensorOrNumber } from "./arithmetic.ts";
import { eq, ge, where } from "./compare.ts";
import { log } from "./exponential.ts";
import { logicalAnd } from "./logic.ts";
import { sumTo } from "./sum.ts";
import { square } from "./unary.ts";

type None = Record<never, never>;

const powOp: Op<Pair, None> = defineOp<Pair, None>({
  name: "pow",
  layout: "elementwise",
  infer: (operands) => [inferPair("pow", operands)],
  graph: (g, [a, b], { outputs: [{ dtype }] }) => {
    if (dtype !== "uint8") return [g.node("Pow", [a, b])];
    return [g.cast(g.node("Pow", [g.cast(a, "int32"), g.cast(b, "int32")]), "uint8")];
  },
  saves: { inputs: [0, 1], outputs: [0] },
  gradient: ({ inputs: [a, b], outputs: [y], specs, needs }, [dy]) => [
    needs[0] ? sumTo(baseGradient(dy, a as Tensor, b), specs[0].shape) : null,
    needs[1] ? sumTo(exponentGradient(dy, a, b as Tensor, y), specs[1].shape) : null,
  ],
});

/** `dy · b · a^(b − 1)`; 0 where `b` is 0, whatever `a`. */
function baseGradient(dy: Tensor, a: Tensor, b: TensorOrNumber): Tensor {
  if (typeof b === "number") return b === 0 ? zerosLike(dy) : mul(dy, mul(pow(a, b - 1), b));
  return mul(dy, where(eq(b, 0), 0, mul(b, pow(a, sub(b, 1)))));
}

/** `dy · y · log(a)`; 0 where `a` is 0 and stays it. */
function exponentGradient(dy: Tensor, a: TensorOrNumber, b: Tensor, y: Tensor): Tensor {
  if (typeof a === "number" && a !== 0) return mul(dy, mul(y, Math.log(a)));
  const slope = typeof a === "number" ? mul(y, -Infinity) : mul(y, log(a));
  const isZero = typeof a === "number" ? ge(b, 0) : logicalAnd(eq(a, 0), ge(b, 0));
  return mul(dy, where(isZero, 0, slope));
}

/**
 * `a` to the power `b`, broadcasting.
 *
 * @throws {RangeError} when whole numbers are raised to a negative number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3]);
 * assertEquals(x.pow(3).toArray(), [1, 8, 27]);
 * ```
 */
export function pow(a: TensorOrNumber, b: TensorOrNumber): Tensor {
  if (typeof b === "number" && typeof a !== "number") {
    if (b === 2) return square(a);
    if (b < 0 && !isFloating(a.dtype)) {
      throw new RangeError(`pow: expected an exponent of 0 or more beside ${a.dtype} but found ${b}`);
    }
  }
  return powOp([a, b]);
}
