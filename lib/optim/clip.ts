/**
 * Gradient clipping, as PyTorch's `clip_grad_norm_` and `clip_grad_value_`.
 *
 * @module
 */
import { defineOp, type Op } from "../tensor/op.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { gradientVectors, type None, total, vectorsOp, writableGradientVectors } from "./gradients.ts";

/** Settings of {@linkcode clipGradNorm}. */
export interface ClipGradNormOptions {
  /** Euclidean (2) or largest magnitude (`Infinity`); default 2. */
  normType?: 2 | typeof Infinity;
  /** Throw where the norm is not finite, instead of making gradients of NaN or 0; default false. */
  errorIfNonfinite?: boolean;
}

function normOp(name: string, reduce: string, join: "Sum" | "Max"): Op<Tensor[], None> {
  return defineOp<Tensor[], None>({
    name,
    infer: ([{ dtype }]) => [{ dtype: dtype === "float64" ? dtype : "float32", shape: [] }],
    graph: (g, vectors, { outputs: [{ dtype }] }) => {
      const each = vectors.map((vector) => {
        const magnitude = reduce === "ReduceMax" ? g.node("Abs", [vector]) : vector;
        return g.node(reduce, [magnitude], { keepdims: 0 });
      });
      return [g.cast(join === "Sum" ? total(g, each) : g.node("Max", each), dtype)];
    },
  });
}

const squareSum = normOp("gradSquareSum", "ReduceSumSquare", "Sum");
const largest = normOp("gradLargest", "ReduceMax", "Max");

const scaleOp = vectorsOp(
  "gradScale",
  0,
  1,
  (g, vectors, [factor]) => vectors.map((vector) => g.node("Mul", [vector, factor])),
);

const clampOp = vectorsOp(
  "gradClamp",
  0,
  2,
  (g, vectors, limits) => vectors.map((vector) => g.node("Clip", [vector, ...limits])),
);

/**
 * Scales the gradients of all parameters together by one factor, so that their norm is at most `maxNorm`.
 *
 * @returns the norm before.
 * @throws {RangeError} when `maxNorm` is no number above 0; with `errorIfNonfinite` an {@link Error} when the norm is
 * not finite.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([3, 4], { requiresGrad: true });
 * ebb.scope(() => w.square().sum().backward()); // the gradient is [6, 8]
 * assertEquals(ebb.optim.clipGradNorm([w], 5), 10);
 * assertAlmostEquals(w.grad!.square().sum().item(), 25, 1e-3);
 * ```
 */
export function clipGradNorm(
  parameters: Iterable<Tensor>,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): number {
  checkAbove0("clipGradNorm", "maxNorm", maxNorm);
  const { normType = 2, errorIfNonfinite = false } = options;
  if (normType !== 2 && normType !== Infinity) {
    throw new RangeError(`clipGradNorm: expected normType to be 2 or Infinity but found ${normType}`);
  }
  const all = [...parameters];
  return noGrad(() =>
    scope(() => {
      const parts = gradientVectors(all).map((vectors) =>
        (normType === 2 ? squareSum : largest)(vectors).item()
      );
      const norm = normType === 2
        ? Math.sqrt(parts.reduce((sum, part) => sum + part, 0))
        : Math.max(0, ...parts);
      if (errorIfNonfinite && !Number.isFinite(norm)) {
        throw new Error(`clipGradNorm: expected gradients of a finite norm but found ${norm}`);
      }
      const factor = maxNorm / (norm + 1e-6);
      if (!(factor >= 1)) {
        for (const vectors of writableGradientVectors(all)) {
          scaleOp.into([...vectors, factor], {}, vectors.length);
        }
      }
      return norm;
    })
  );
}

/**
 * Limits every element of the gradients to between `-limit` and `limit`.
 *
 * @throws {RangeError} when `limit` is no number above 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([3, 0.25], { requiresGrad: true });
 * ebb.scope(() => w.square().sum().backward());
 * ebb.optim.clipGradValue([w], 1);
 * assertEquals(w.grad!.toArray(), [1, 0.5]);
 * ```
 */
export function clipGradValue(parameters: Iterable<Tensor>, limit: number): void {
  checkAbove0("clipGradValue", "limit", limit);
  noGrad(() =>
    scope(() => {
      for (const vectors of writableGradientVectors(parameters)) {
        clampOp.into([...vectors, -limit, limit], {}, vectors.length);
      }
    })
  );
}

function checkAbove0(name: string, setting: string, value: number): void {
  if (typeof value === "number" && value > 0) return;
  throw new RangeError(`${name}: expected ${setting} to be a number above 0 but found ${value}`);
}
