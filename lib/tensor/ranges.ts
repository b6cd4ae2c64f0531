/**
 * Tensors whose numbers follow a rule: ranges, and the identity matrix.
 *
 * @module
 */
import { fromHost, type TensorOptions } from "./create.ts";
import { fromNumbers } from "./dtype.ts";
import { checkShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Numbers from `start` (default 0) to before `end` in steps of `step`. Whole numbers give int64, as in PyTorch, unless
 * a type is named.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.arange(1, 7, 2);
 * assertEquals(x.toArray(), [1, 3, 5]);
 * ```
 */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const length = Math.ceil((to - from) / step);
  if (!(length >= 0) || !Number.isFinite(length)) {
    throw new RangeError(`arange: expected a step that leads from ${from} to ${to} but found ${step}`);
  }
  const whole = Number.isInteger(from) && Number.isInteger(step);
  const dtype = options.dtype ?? (whole ? "int64" : "float32");
  return fromHost(fromNumbers(Array.from({ length }, (_, i) => from + i * step), dtype), [length], {
    ...options,
    dtype,
  });
}

/**
 * `steps` numbers from `start` to `end`, both included, evenly spaced.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.linspace(-1, 1, 5);
 * assertEquals(x.toArray(), [-1, -0.5, 0, 0.5, 1]);
 * ```
 */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  checkShape("linspace", [steps]);
  const dtype = options.dtype ?? "float32";
  const gap = steps > 1 ? (end - start) / (steps - 1) : 0;
  const values = Array.from({ length: steps }, (_, i) => i === steps - 1 && i > 0 ? end : start + i * gap);
  return fromHost(fromNumbers(values, dtype), [steps], { ...options, dtype });
}

/**
 * The identity matrix, `[n, m]` with ones on the diagonal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using square = ebb.eye(2);
 * assertEquals(square.toArray(), [[1, 0], [0, 1]]);
 * using wide = ebb.eye(2, 3);
 * assertEquals(wide.toArray(), [[1, 0, 0], [0, 1, 0]]);
 * ```
 */
export function eye(n: number, m: number = n, options: TensorOptions = {}): Tensor {
  checkShape("eye", [n, m]);
  const dtype = options.dtype ?? "float32";
  const values = new Array<number>(n * m).fill(0);
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return fromHost(fromNumbers(values, dtype), [n, m], { ...options, dtype });
}
