/**
 * What ops ask of their operands' types. Types are never promoted silently: an operand of the wrong one is refused in a
 * sentence.
 *
 * @module
 */
import { type DType, isFloating } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/** Asks for a type with fractions. */
export function checkFloating(name: string, x: Tensor): Tensor {
  if (!isFloating(x.dtype)) {
    throw new TypeError(`${name}: expected a floating type but found ${x.dtype}; use to()`);
  }
  return x;
}

/** Asks for numbers, which booleans are not. */
export function checkNumeric(name: string, x: { dtype: DType }): void {
  if (x.dtype === "bool") throw new TypeError(`${name}: expected numbers but found bool; use to()`);
}

/** Asks for a number that `dtype` can hold: none with a fraction beside whole numbers. */
export function checkScalar(name: string, value: number, dtype: DType): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name}: expected a number but found ${value === null ? "null" : typeof value}`);
  }
  if (!isFloating(dtype) && !Number.isInteger(value)) {
    throw new RangeError(`${name}: expected a whole number beside ${dtype} but found ${value}; use to()`);
  }
}
