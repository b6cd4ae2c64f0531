/**
 * Losses over classes: softmax cross-entropy from logits and negative log-likelihood from log-probabilities, as PyTorch
 * defines them. Forward and backward are one call each; forward keeps the log-probabilities.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { checkIndices, isReadable } from "./indices.ts";
import { add } from "./arithmetic.ts";
import { type ClassLoss, lossSpecs, nllGradientGraph, nllGraph } from "./nll.ts";
import { type Reduction, reductionOf } from "./loss_reduction.ts";
import { logSoftmaxGradient } from "./softmax.ts";
import { reshape } from "./view.ts";

/** Options of {@link nllLoss}. */
export interface NllLossOptions {
  /** Mean over rows (with `weight`, a weighted one), sum, or none. Default mean. */
  reduction?: Reduction;
  /** Rows with this label do not count. Default -100. */
  ignoreIndex?: number;
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target spread evenly over all classes, 0 to 1. Default 0. */
  labelSmoothing?: number;
}

type Operands = [x: Tensor, labels: Tensor, weight: Tensor | null];
type Backward = [
  dy: Tensor,
  labels: Tensor,
  weight: Tensor | null,
  total: Tensor | number | null,
  x: Tensor | readonly number[],
];

/** What a mean is divided by: known from the labels, or the number of rows. */
function totalOf(rows: Shape, loss: ClassLoss, total: Tensor | undefined): Tensor | number | null {
  if (loss.reduction !== "mean") return null;
  return total ?? sizeOf(rows);
}

const nllOp: Op<Operands, ClassLoss> = defineOp<Operands, ClassLoss>({
  name: "nllLoss",
  infer: ([x, , weight], loss) => lossSpecs(x.dtype, x.shape, loss, weight !== null),
  graph: (g, [x, labels, weight], { attributes, inputs: [{ dtype, shape }, index] }) =>
    nllGraph(g, x, { labels, index: index.dtype, weight, rank: shape.length, dtype }, attributes),
  saves: { inputs: [1, 2], outputs: [1] },
  gradient: ({ inputs: [, labels, weight], outputs: [, total], specs: [x], attributes }, [dy]) => [
    nllBackwardOp([dy, labels, weight, totalOf(labels.shape, attributes, total), x.shape], attributes),
    null,
    null,
  ],
});

const nllBackwardOp: Op<Backward, ClassLoss> = defineOp<Backward, ClassLoss>({
  name: "nllLossBackward",
  infer: ([dy, , , , shape]) => [{ dtype: dy.dtype, shape: shape as readonly number[] }],
  graph: (g, [dy, labels, weight, total, shape], { attributes, inputs, outputs }) => {
    const { dtype } = inputs[0];
    const rank = outputs[0].shape.length;
    const from = { dy, labels, index: inputs[1].dtype, weight, total, shape, rank, dtype };
    return [nllGradientGraph(g, from, attributes)];
  },
  saves: { inputs: [1, 2] },
  // Linear in dy, and its own adjoint is the loss.
  gradient: ({ inputs: [, labels, weight], attributes }, [d]) => [
    nllOp([d, labels, weight], attributes),
    null,
    null,
    null,
    null,
  ],
});

const crossEntropyOp: Op<Operands, ClassLoss> = defineOp<Operands, ClassLoss>({
  name: "crossEntropy",
  infer: ([x, , weight], loss) => {
    const [first, ...total] = lossSpecs(x.dtype, x.shape, loss, weight !== null);
    return [first, { dtype: x.dtype, shape: x.shape }, ...total];
  },
  graph: (g, [x, labels, weight], { attributes, inputs: [{ dtype, shape }, index] }) => {
    const logProbs = g.node("LogSoftmax", [x], { axis: 1 });
    const inputs = { labels, index: index.dtype, weight, rank: shape.length, dtype };
    const [loss, ...total] = nllGraph(g, logProbs, inputs, attributes);
    return [loss, logProbs, ...total];
  },
  saves: { inputs: [1, 2], outputs: [1, 2] },
  gradient: ({ inputs: [, labels, weight], outputs: [, logProbs, total], attributes }, [dy, more]) => {
    const divisor = totalOf(labels.shape, attributes, total);
    if (dy && !more && !gradEnabled()) {
      return [crossEntropyBackwardOp([dy, labels, weight, divisor, logProbs], attributes), null, null];
    }
    // A pass that is recorded itself goes in two steps, each of which has a gradient. Its own gradient arrives at the
    // log-probabilities.
    const own = dy ? nllBackwardOp([dy, labels, weight, divisor, logProbs.shape], attributes) : null;
    const d = own && more ? add(own, more) : own ?? more;
    return [logSoftmaxGradient(d, logProbs, 1), null, null];
  },
});

const crossEntropyBackwardOp: Op<Backward, ClassLoss> = defineOp<Backward, ClassLoss>({
  name: "crossEntropyBackward",
  infer: ([dy, , , , x]) => [{ dtype: dy.dtype, shape: (x as Tensor).shape }],
  graph: (g, [dy, labels, weight, total, logProbs], { attributes, inputs }) => {
    const { dtype, shape: { length: rank } } = inputs[4];
    const from = { dy, labels, index: inputs[1].dtype, weight, total, shape: "", rank, dtype };
    return [nllGradientGraph(g, from, attributes, g.node("Exp", [logProbs]))];
  },
});

/** Checks operands and options, reads the labels, and runs the op on a batch. */
function classLoss(
  name: string,
  op: Op<Operands, ClassLoss>,
  x: Tensor,
  labels: Tensor,
  options: CrossEntropyOptions,
): Tensor {
  const { labelSmoothing = 0, ignoreIndex = -100, weight = null } = options;
  const reduction = reductionOf(name, options.reduction);
  if (x.rank === 0 || !isFloating(x.dtype)) {
    throw new TypeError(
      `${name}: expected floating scores [N, C, ...] but found ${x.dtype}${showShape(x.shape)}`,
    );
  }
  if (x.rank === 1) {
    return scope(() => {
      const row = reshape(x, [1, x.shape[0]]);
      return reshape(classLoss(name, op, row, reshape(labels, [labels.size]), options), []);
    });
  }
  const [rows, classes, ...places] = x.shape;
  if (!sameShape(labels.shape, [rows, ...places])) {
    throw new RangeError(
      `${name}: expected labels ${showShape([rows, ...places])} for scores ${showShape(x.shape)} but found ` +
        showShape(labels.shape),
    );
  }
  if (weight !== null && (weight.dtype !== x.dtype || !sameShape(weight.shape, [classes]))) {
    throw new RangeError(
      `${name}: expected a weight for each class, ${x.dtype}${showShape([classes])}, but found ` +
        `${weight.dtype}${showShape(weight.shape)}`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new RangeError(`${name}: expected a label smoothing from 0 to 1 but found ${labelSmoothing}`);
  }
  if (labels.size === 0 && reduction === "mean") {
    throw new RangeError(`${name}: expected rows to take the mean of but found scores ${showShape(x.shape)}`);
  }
  const ignores = checkIndices(name, labels, { what: "labels", limit: classes, ignored: ignoreIndex });
  const unseen = !isReadable(labels);
  return op([x, labels, weight], {
    reduction,
    smoothing: labelSmoothing,
    classes: labelSmoothing > 0 || unseen ? classes : 0,
    ignored: ignores ? ignoreIndex : null,
    unseen,
  });
}

/**
 * Softmax cross-entropy: how badly scores (logits) predict labels.
 *
 * @param logits `[N, C, ...]`, or `[C]` with a single label
 * @param labels `[N, ...]`, int64 (or int32), each from 0 to C − 1 or `ignoreIndex`
 * @returns a scalar; `[N, ...]` without a reduction
 * @throws {RangeError} when shapes do not fit, a label is out of range (it is named), or a mean is asked of no rows. On
 * devices whose memory the host cannot read at once, a label out of range gives a loss of NaN instead.
 * @throws {TypeError} when labels are no whole numbers.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using logits = ebb.tensor([[0, 0], [0, Math.log(3)]], { requiresGrad: true });
 * using labels = ebb.tensor([0, 1], { dtype: "int64" });
 * using loss = ebb.crossEntropy(logits, labels);
 * assertAlmostEquals(loss.item(), (Math.log(2) + Math.log(4 / 3)) / 2, 1e-6);
 * ```
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  return classLoss("crossEntropy", crossEntropyOp, logits, labels, options);
}

/**
 * The negative log-likelihood of labels under log-probabilities, such as `logSoftmax` gives along axis 1.
 *
 * @param logProbs `[N, C, ...]`, or `[C]` with a single label
 * @param labels as in {@link crossEntropy}, with the same errors
 * @returns a scalar; `[N, ...]` without a reduction
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using logProbs = ebb.tensor([[-1, -2], [-3, -4]]);
 * using labels = ebb.tensor([1, 0], { dtype: "int64" });
 * using loss = logProbs.nllLoss(labels);
 * assertEquals(loss.item(), (2 + 3) / 2);
 * ```
 */
export function nllLoss(logProbs: Tensor, labels: Tensor, options: NllLossOptions = {}): Tensor {
  return classLoss("nllLoss", nllOp, logProbs, labels, { ...options, labelSmoothing: 0 });
}
