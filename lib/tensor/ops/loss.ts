/**
 * Losses of predictions and targets of one shape, as PyTorch defines them.
 *
 * @module
 */
import { scope } from "../scope.ts";
import { broadcastShapes, sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div } from "./arithmetic.ts";
import { type Reduction, reductionOf } from "./loss_reduction.ts";
import { pairLoss } from "./pair_loss.ts";

/** Options of every loss. */
export interface LossOptions {
  /** Mean over all elements (default), their sum, or each for itself. */
  reduction?: Reduction;
}

const square = pairLoss("mseLoss", {
  value: (m, x, t) => {
    const d = m.sub(x, t);
    return m.mul(d, d);
  },
  slopes: [(m, x, t) => m.mul(m.sub(x, t), 2), (m, x, t) => m.mul(m.sub(x, t), -2)],
});

/**
 * The mean of squared differences.
 *
 * @param x any shape
 * @param target the same shape and type
 * @returns a scalar; `x`'s shape without a reduction
 * @throws {TypeError} when shapes or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * using target = ebb.tensor([1, 4]);
 * using loss = ebb.mseLoss(x, target);
 * assertEquals(loss.item(), 2);
 * ```
 */
export function mseLoss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return square(x, target, reductionOf("mseLoss", options.reduction), {});
}

const absolute = pairLoss("l1Loss", {
  value: (m, x, t) => {
    const d = m.sub(x, t);
    return m.mul(d, m.sign(d));
  },
  slopes: [(m, x, t) => m.sign(m.sub(x, t)), (m, x, t) => m.sign(m.sub(t, x))],
});

/**
 * The mean of absolute differences. Shapes and errors as in {@link mseLoss}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2]);
 * using target = ebb.tensor([1, 6]);
 * using loss = x.l1Loss(target);
 * assertEquals(loss.item(), 2);
 * ```
 */
export function l1Loss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return absolute(x, target, reductionOf("l1Loss", options.reduction), {});
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Where the parabola meets the lines; more than 0. Default 1. */
  beta?: number;
}

// With c = d clamped to ±beta, c · (d − c/2) / beta is the parabola inside and the lines outside.
const smooth = pairLoss<{ beta: number }>("smoothL1Loss", {
  value: (m, x, t, _, { beta }) => {
    const d = m.sub(x, t);
    const c = m.clamp(d, -beta, beta);
    return m.mul(m.mul(c, 1 / beta), m.sub(d, m.mul(c, 0.5)));
  },
  slopes: [
    (m, x, t, _, { beta }) => m.mul(m.clamp(m.sub(x, t), -beta, beta), 1 / beta),
    (m, x, t, _, { beta }) => m.mul(m.clamp(m.sub(x, t), -beta, beta), -1 / beta),
  ],
});

/**
 * Squared differences (divided by `2·beta`) below `beta`, absolute ones beyond. Shapes and errors as in {@link mseLoss}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0.5, 3]);
 * using target = ebb.zeros([2]);
 * using losses = x.smoothL1Loss(target, { reduction: "none" });
 * assertEquals(losses.toArray(), [0.125, 2.5]);
 * ```
 */
export function smoothL1Loss(x: Tensor, target: Tensor, options: SmoothL1LossOptions = {}): Tensor {
  const { beta = 1 } = options;
  if (!(beta >= 0)) throw new RangeError(`smoothL1Loss: expected beta to be 0 or more but found ${beta}`);
  const reduction = reductionOf("smoothL1Loss", options.reduction);
  return beta === 0 ? absolute(x, target, reduction, {}) : smooth(x, target, reduction, { beta });
}

/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** As in other losses, or `"batchmean"`: the sum divided by the size of axis 0. Default mean, as in PyTorch. */
  reduction?: Reduction | "batchmean";
  /** The target holds logarithms of probabilities too. Default false. */
  logTarget?: boolean;
}

const divergence = pairLoss("klDiv", {
  value: (m, x, t) => m.zeroWhere(t, m.mul(t, m.sub(m.log(t), x))),
  slopes: [(m, _, t) => m.mul(t, -1), (m, x, t) => m.sub(m.add(m.log(t), 1), x)],
});

const logDivergence = pairLoss("klDivLogTarget", {
  value: (m, x, t) => m.mul(m.exp(t), m.sub(t, x)),
  slopes: [
    (m, _, t) => m.mul(m.exp(t), -1),
    (m, x, t) => m.mul(m.exp(t), m.add(m.sub(t, x), 1)),
  ],
});

/**
 * The divergence of Kullback and Leibler: `target · (log target − x)` for each element.
 *
 * @param x logarithms of probabilities, as `logSoftmax` gives them; any shape
 * @param target probabilities (or their logarithms) of the same shape and type
 * @returns a scalar; `x`'s shape without a reduction
 * @throws {TypeError} when shapes or types differ.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using q = ebb.tensor([[0.5, 0.5]]);
 * using p = ebb.tensor([[1, 0]]); // 0 · log 0 counts as 0
 * using loss = ebb.scope(() => q.log().klDiv(p, { reduction: "batchmean" }));
 * assertAlmostEquals(loss.item(), Math.log(2), 1e-6);
 * ```
 */
export function klDiv(x: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const { logTarget = false } = options;
  const reduction = reductionOf("klDiv", options.reduction, ["mean", "sum", "none", "batchmean"]);
  const loss = logTarget ? logDivergence : divergence;
  if (reduction !== "batchmean") return loss(x, target, reduction, {});
  if (x.rank === 0) throw new RangeError("klDiv: expected a batch to take the mean of but found shape []");
  return scope(() => div(loss(x, target, "sum", {}), x.shape[0]));
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Weight of the positive side, of a shape that broadcasts to the logits'. Gets no gradient. */
  posWeight?: Tensor | null;
}

// log(1 + exp(−x)) is the loss of a 1; of a 0 it is x more.
const binary = pairLoss("binaryCrossEntropyWithLogits", {
  value: (m, x, t, w) => {
    const ones = m.softplus(m.mul(x, -1));
    const weighted = w === null ? ones : m.mul(ones, m.add(m.mul(m.sub(w, 1), t), 1));
    return m.add(m.mul(m.sub(1, t), x), weighted);
  },
  slopes: [
    (m, x, t, w) => {
      const p = m.sigmoid(x);
      if (w === null) return m.sub(p, t);
      return m.sub(m.mul(p, m.add(m.mul(m.sub(w, 1), t), 1)), m.mul(w, t));
    },
    (m, x, _, w) => {
      const minus = m.mul(x, -1);
      return w === null ? minus : m.add(minus, m.mul(m.sub(w, 1), m.softplus(minus)));
    },
  ],
});

/**
 * Cross-entropy of yes-or-no predictions given as logits, exact for large ones.
 *
 * @param logits any shape
 * @param target probabilities of yes, of the same shape and type
 * @returns a scalar; `logits`' shape without a reduction
 * @throws {TypeError | RangeError} when shapes or types differ.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using logits = ebb.tensor([0, -1000]);
 * using target = ebb.ones([2]);
 * using loss = logits.binaryCrossEntropyWithLogits(target, { reduction: "none" });
 * using expected = ebb.tensor([Math.log(2), 1000]);
 * assert(loss.allClose(expected));
 * ```
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const name = "binaryCrossEntropyWithLogits";
  const { posWeight = null } = options;
  if (posWeight !== null && !sameShape(broadcastShapes(name, logits.shape, posWeight.shape), logits.shape)) {
    throw new RangeError(
      `${name}: expected a posWeight that broadcasts to ${showShape(logits.shape)} but found ` +
        showShape(posWeight.shape),
    );
  }
  return binary(logits, target, reductionOf(name, options.reduction), {}, posWeight);
}
