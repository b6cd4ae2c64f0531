/**
 * Dropout (Srivastava et al., 2014). Which elements stay is drawn on the host, by the seeded generator like every random
 * number of the library, and kept in a byte each for the gradient.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { fromHost } from "../create.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { checkFloating } from "./check.ts";
import { reshape } from "./view.ts";

/** Options of {@link dropout}. */
export interface DropoutOptions {
  /** Without training nothing is dropped. Default true. */
  training?: boolean;
  /** Where the chances come from. Default: what `seed()` sets. */
  generator?: Generator;
}

const dropoutOp: Op<[Tensor, Tensor, number]> = defineOp<[Tensor, Tensor, number]>({
  name: "dropout",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x, mask, scale], { inputs: [{ dtype }], provider }) => {
    // Scales bytes in the pass that converts them.
    const factors = dtype === "float32" && provider === "cpu"
      ? g.node("DequantizeLinear", [mask, scale])
      : g.node("Mul", [g.cast(mask, dtype), scale]);
    return [g.node("Mul", [x, factors])];
  },
  saves: { inputs: [1] },
  gradient: ({ inputs: [, mask, scale] }, [dy]) => [dropoutOp([dy, mask, scale]), null, null],
});

/**
 * Sets each element to 0 with chance `p` and divides the others by `1 − p`, so that the mean stays.
 *
 * @param x any shape
 * @param p chance to be dropped, 0 to 1; default 0.5
 * @returns `x`'s shape; `x` itself (another view) where nothing is dropped
 * @throws {RangeError} when `p` is no chance.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.ones([1000]);
 * using y = x.dropout(0.2, { generator: new ebb.Generator(1) });
 * assertEquals(new Set(y.toArray() as number[]), new Set([0, 1.25]));
 * ```
 */
export function dropout(x: Tensor, p: number = 0.5, options: DropoutOptions = {}): Tensor {
  const { training = true, generator = defaultGenerator() } = options;
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout: expected a chance from 0 to 1 but found ${p}`);
  checkFloating("dropout", x);
  if (!training || p === 0) return reshape(x, x.shape);
  if (p === 1) return mul(x, 0);
  const bytes = new Uint8Array(x.size);
  generator.fillBernoulli(bytes, 1 - p);
  return scope(() => {
    const mask = fromHost(bytes, x.shape, { dtype: "uint8", device: x.device });
    return dropoutOp([x, mask, 1 / (1 - p)]);
  });
}
