/**
 * The multi-layer perceptron.
 *
 * @module
 */
import { Sequential } from "../containers.ts";
import { ReLU } from "../layers/activation.ts";
import { Linear } from "../layers/linear.ts";
import type { LayerOptions } from "../layers/options.ts";
import { Flatten } from "../layers/shape.ts";

/** Options of {@linkcode mlp}. */
export interface MlpOptions extends LayerOptions {
  /** Width of the input, of each hidden layer, and of the output. */
  sizes: readonly number[];
}

/**
 * Linear layers with ReLU between them. Inputs of more axes than `[N, sizes[0]]`, such as images, are flattened.
 *
 * @throws {RangeError} when fewer than two sizes are given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.mlp({ sizes: [784, 128, 10] });
 * using images = ebb.rand([2, 1, 28, 28]);
 * using scores = model.forward(images);
 * assertEquals(scores.shape, [2, 10]);
 * ```
 */
export function mlp({ sizes, ...options }: MlpOptions): Sequential {
  if (sizes.length < 2) throw new RangeError(`mlp: expected at least two sizes but found [${sizes}]`);
  const layers = sizes.slice(1).map((size, i) => new Linear(sizes[i], size, options));
  return new Sequential(
    new Flatten(),
    ...layers.flatMap((layer, i) => i === 0 ? [layer] : [new ReLU(), layer]),
  );
}
