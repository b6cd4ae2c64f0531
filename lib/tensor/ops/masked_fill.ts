/**
 * One number in chosen places.
 *
 * @module
 */
import { broadcastShapes, sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { where } from "./compare.ts";

/**
 * `x` with `value` where `mask` is true. No gradient flows there.
 *
 * @param mask booleans that broadcast to `x`'s shape
 * @returns `x`'s shape
 * @throws {RangeError | TypeError} when the mask is not of booleans or does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using scores = ebb.tensor([1, 5, 1]);
 * using hidden = ebb.tensor([false, true, false]);
 * using weights = ebb.scope(() => scores.maskedFill(hidden, -Infinity).softmax());
 * assertEquals(weights.toArray(), [0.5, 0, 0.5]);
 * ```
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  if (!sameShape(broadcastShapes("maskedFill", x.shape, mask.shape), x.shape)) {
    throw new RangeError(
      `maskedFill: expected a mask that broadcasts to ${showShape(x.shape)} but found ${
        showShape(mask.shape)
      }`,
    );
  }
  if (mask.dtype !== "bool") {
    throw new TypeError(`maskedFill: expected a mask of bool but found ${mask.dtype}; use to()`);
  }
  return where(mask, value, x);
}
