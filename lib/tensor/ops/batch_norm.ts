/**
 * Batch normalisation (Ioffe and Szegedy, 2015), with ReLU in the same call where it follows. In the plain layout the
 * forward pass is ONNX Runtime's own kernel; in the blocked one sums per channel are pooling and convolution nodes, and
 * the normalisation itself a depthwise convolution of one tap (`kernels.md`, section 6).
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { type Shape, showShape } from "../shape.ts";
import { noGrad } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { batchNormBackward } from "./batch_norm_backward.ts";
import { channelDot, channelSum, depthwise, inverseDeviation } from "./channel.ts";
import type { Activation } from "./conv/geometry.ts";
import { reshape } from "./view.ts";

/** Options of {@link batchNorm}, as in PyTorch. */
export interface BatchNormOptions {
  /** Normalise by the batch's own mean and variance, and update the running ones. Default false. */
  training?: boolean;
  /** Share of the batch in the running statistics. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
  /** What follows in the same call. Default `"none"`. */
  activation?: Activation;
}

type Attributes = { epsilon: number; activation: Activation; exact: boolean };

/** Mean and variance of each channel of a blocked image; `exact` takes two passes, so that a large mean does no harm. */
function statistics(g: GraphBuilder, x: Value, shape: Shape, exact: boolean): [Value, Value] {
  const count = shape[0] * shape[2] * shape[3];
  const mean = g.node("Mul", [channelSum(g, x, shape), g.scalar(1 / count)]);
  if (!exact) {
    const squares = g.node("Mul", [channelDot(g, x, x, shape), g.scalar(1 / count)]);
    const variance = g.node("Sub", [squares, g.node("Mul", [mean, mean])]);
    return [mean, g.node("Relu", [variance])];
  }
  const centred = depthwise(g, x, g.fill([shape[1]], 1), g.node("Neg", [mean]), shape[1]);
  return [mean, g.node("Mul", [channelDot(g, centred, centred, shape), g.scalar(1 / count)])];
}

/** `[x, weight, bias]` → y, mean and (biased) variance of the batch. */
const trainOp: Op<[Tensor, Tensor | null, Tensor | null], Attributes> = defineOp({
  name: "batchNorm",
  shaped: true,
  layout: "own",
  infer: ([x]) => {
    const statistic = { dtype: x.dtype, shape: [x.shape[1]] };
    return [{ dtype: x.dtype, shape: x.shape, blocked: x.blocked }, statistic, { ...statistic }];
  },
  graph: (g, [x, w, b], { attributes: { epsilon, activation, exact }, inputs: [image] }) => {
    const { dtype, shape } = image;
    const channels = shape[1];
    const weight = w || g.fill([channels], 1, dtype);
    const bias = b || g.fill([channels], 0, dtype);
    if (image.blocked) {
      const [mean, variance] = statistics(g, x, shape, exact);
      const scale = g.node("Mul", [weight, inverseDeviation(g, variance, epsilon, dtype)]);
      const shift = g.node("Sub", [bias, g.node("Mul", [mean, scale])]);
      return [depthwise(g, x, scale, shift, channels, activation), mean, variance];
    }
    // With momentum 0 the kernel's running statistics are the batch's own. It writes them over the old ones, even over
    // constants that weight and bias share: these are any numbers that nobody else reads.
    const pixel = g.node("Slice", [x, g.ints([0, 0, 0]), g.ints([1, 1, 1]), g.ints([0, 2, 3])]);
    const unused = g.node("Reshape", [pixel, g.ints([channels])]);
    const [y, mean, variance] = g.nodes("BatchNormalization", 3, [
      x,
      weight,
      bias,
      unused,
      g.node("Neg", [unused]),
    ], {
      training_mode: 1,
      momentum: { float: 0 },
      epsilon: { float: epsilon },
    });
    return [activation === "relu" ? g.node("Relu", [y]) : y, mean, variance];
  },
  saves: ({ activation }) => ({ inputs: [0, 1], outputs: activation === "relu" ? [0, 1, 2] : [1, 2] }),
  gradient: ({ inputs: [x, w], outputs: [y, mean, variance], attributes, needs }, [dy]) => {
    const statistics = { mean, variance, epsilon: attributes.epsilon, ofBatch: true };
    return batchNormBackward(dy, x, w, y, statistics, needs);
  },
});

/** `[running mean, running variance, mean, variance, momentum, Bessel's factor]`, the first two in place. */
const updateRunning = defineOp<[Tensor, Tensor, Tensor, Tensor, number, number]>({
  name: "batchNormRunning",
  inPlace: [[0, 0], [1, 1]],
  infer: ([mean, variance]) => [mean, variance].map(({ dtype, shape }) => ({ dtype, shape })),
  graph: (g, [runningMean, runningVariance, mean, variance, momentum, factor], { inputs: [{ dtype }] }) => {
    const rest = g.node("Sub", [g.scalar(1, dtype), momentum]);
    const blend = (old: Value, now: Value) =>
      g.node("Add", [g.node("Mul", [old, rest]), g.node("Mul", [now, momentum])]);
    return [blend(runningMean, mean), blend(runningVariance, g.node("Mul", [variance, factor]))];
  },
});

/** `[x, weight, bias, running mean, running variance]` → y, by statistics that are constants. */
const evalOp: Op<[Tensor, Tensor | null, Tensor | null, Tensor, Tensor], Omit<Attributes, "exact">> =
  defineOp({
    name: "batchNormEval",
    shaped: true,
    layout: "own",
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape, blocked: x.blocked }],
    graph: (g, [x, w, b, mean, variance], { attributes: { epsilon, activation }, inputs: [image] }) => {
      const { dtype, shape: [, channels], blocked } = image;
      const weight = w || g.fill([channels], 1, dtype);
      const bias = b || g.fill([channels], 0, dtype);
      if (blocked) {
        const scale = g.node("Mul", [weight, inverseDeviation(g, variance, epsilon, dtype)]);
        const shift = g.node("Sub", [bias, g.node("Mul", [mean, scale])]);
        return [depthwise(g, x, scale, shift, channels, activation)];
      }
      const y = g.node("BatchNormalization", [x, weight, bias, mean, variance], {
        epsilon: { float: epsilon },
      });
      return [activation === "relu" ? g.node("Relu", [y]) : y];
    },
    saves: ({ activation }) => ({ inputs: [0, 1, 3, 4], outputs: activation === "relu" ? [0] : [] }),
    gradient: ({ inputs: [x, w, , mean, variance], outputs: [y], attributes, needs }, [dy]) => {
      const statistics = { mean, variance, epsilon: attributes.epsilon, ofBatch: false };
      return [...batchNormBackward(dy, x, w, y, statistics, needs), null, null];
    },
  });

/** Squared mean over variance from which on one pass loses too many digits (float32 has 24 bits). */
const CANCELLATION = 1e3;

/** Whether the variance of a channel was drowned by its mean. */
function cancelled(mean: Tensor, variance: Tensor): boolean {
  const [m, v] = [mean.data(), variance.data()] as Float32Array[];
  return m.some((value, i) => value * value > CANCELLATION * v[i]);
}

/**
 * Batch normalisation over all axes but the second: `weight · (x − mean) / √(variance + ε) + bias` per channel.
 *
 * @param x `[N, C]`, `[N, C, L]` or `[N, C, H, W]`
 * @param weight, bias `[C]`, or null
 * @param runningMean, runningVar `[C]`: updated in training, used otherwise; null: always the batch's own
 * @throws {RangeError} when a vector does not have C elements, or training sees a single value a channel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 10], [3, 30]]);
 * using mean = ebb.zeros([2]);
 * using variance = ebb.ones([2]);
 * using y = x.batchNorm(null, null, mean, variance, { training: true, momentum: 0.5, epsilon: 0 });
 * assertEquals(y.toArray(), [[-1, -1], [1, 1]]);
 * assertEquals(mean.toArray(), [1, 10]); // halfway to the mean of the batch
 * ```
 */
export function batchNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormOptions = {},
): Tensor {
  const { momentum = 0.1, epsilon = 1e-5, activation = "none" } = options;
  const training = options.training === true || runningMean === null || runningVar === null;
  checkBatchNorm(x, [weight, bias, runningMean, runningVar], training);
  if (x.rank < 4) {
    const shape = [...x.shape, 1, 1].slice(0, 4);
    return scope(() =>
      reshape(batchNorm(reshape(x, shape), weight, bias, runningMean, runningVar, options), x.shape)
    );
  }
  if (!training) return evalOp([x, weight, bias, runningMean!, runningVar!], { epsilon, activation });
  let [y, mean, variance] = trainOp.all([x, weight, bias], { epsilon, activation, exact: false });
  if (y.blocked && cancelled(mean, variance)) {
    for (const tensor of [y, mean, variance]) tensor.dispose();
    [y, mean, variance] = trainOp.all([x, weight, bias], { epsilon, activation, exact: true });
  }
  if (options.training === true && runningMean !== null && runningVar !== null) {
    const count = x.size / x.shape[1];
    noGrad(() => updateRunning([runningMean, runningVar, mean, variance, momentum, count / (count - 1)]));
  }
  mean.dispose();
  variance.dispose();
  return y;
}

function checkBatchNorm(x: Tensor, vectors: (Tensor | null)[], training: boolean): void {
  if (x.rank < 2 || x.rank > 4 || !isFloating(x.dtype)) {
    throw new RangeError(
      `batchNorm: expected floats [N, C, …] of 2 to 4 axes but found ${x.dtype}${showShape(x.shape)}`,
    );
  }
  for (const vector of vectors) {
    if (vector !== null && (vector.rank !== 1 || vector.shape[0] !== x.shape[1])) {
      throw new RangeError(
        `batchNorm: expected vectors of ${x.shape[1]} channels but found ${showShape(vector.shape)}`,
      );
    }
  }
  if (training && x.size === x.shape[1]) {
    throw new RangeError(
      `batchNorm: expected more than one value a channel in training but found ${showShape(x.shape)}`,
    );
  }
}
