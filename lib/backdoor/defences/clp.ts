/**
 * Channel Lipschitzness Pruning (Zheng et al., ECCV 2022, arXiv:2208.03111): a channel that a trigger turns on must react
 * to small changes, which shows in its weights. Channels whose Lipschitz constant stands out in their layer are cut off; no
 * data are needed.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { BatchNorm2d } from "../../nn/layers/batch_norm.ts";
import { Conv2d } from "../../nn/layers/conv.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost, zeros } from "../../tensor/create.ts";
import { mul_ } from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { watching } from "../hooks.ts";
import { largestSingularValue } from "../spectral.ts";
import { repair } from "./repair.ts";
import { type RunOptions, runPass } from "../run.ts";

/** Options of {@linkcode clp}. */
export interface ClpOptions extends Pick<RunOptions, "swap"> {
  /** Standard deviations above its layer's mean from which a channel is pruned; default 3, as in BackdoorBench. */
  readonly u?: number;
}

/** A batch norm and the convolutions around it. */
interface Place {
  readonly norm: BatchNorm2d;
  /** The one that made its input, or null. */
  readonly maker: Conv2d | null;
  /** Those that were called next. */
  readonly readers: Conv2d[];
}

/**
 * Prunes channels of batch norms whose Lipschitz constant is more than `u` standard deviations above their layer's mean:
 * weight and bias become 0.
 *
 * Directly behind a convolution, a channel's constant is the paper's: the largest singular value of its filter, times
 * |weight| / σ of the batch norm. The paper has no other case; its code takes each batch norm with the convolution that was
 * made before it, which is another one where a network is built norm first. Here a batch norm that stands before
 * convolutions alone (pre-activation networks) is taken with those that are called next, and a channel's constant is that of
 * its way through: the largest singular value of the weights that read it, times |weight| / σ. It says less of a trigger:
 * expect little of it there, as users of the authors' code found. Batch norms with neither are left alone.
 *
 * @param model gives scores `[N, classes]` and has convolutions with batch norm; it stays as it is
 * @param clean images in [0, 1] of every class, asked for as by every defence; only their shape is used
 * @returns a pruned copy, in evaluation mode.
 * @throws {TypeError | RangeError} when the clean images are not such, no batch norm stands behind or before a convolution,
 * or `u` is no number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 100, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using repaired = await ebb.backdoor.clp(model, clean);
 * assertEquals(repaired.training, false);
 * ```
 */
export function clp<M extends Module>(model: M, clean: Dataset, options: ClpOptions = {}): Promise<M> {
  const { u = 3, swap } = options;
  return repair("clp", model, clean, { batchSize: 1, swap }, async (copy, { shape }) => {
    if (!Number.isFinite(u)) throw new RangeError(`clp: expected u to be a number but found ${u}`);
    const look = () => placesOf(copy, shape);
    const places = await runPass(swap, look);
    if (places.length === 0) {
      throw new TypeError(
        `clp: expected a model with batch norm behind or before a convolution but found ${copy.constructor.name} without`,
      );
    }
    for (const place of places) prune(place, u);
  });
}

/** The batch norms that stand behind or before a convolution, seen in a forward pass of an empty image. */
function placesOf(model: Module, shape: readonly number[]): Place[] {
  const layers = model.modules().filter((module) =>
    module instanceof Conv2d || module instanceof BatchNorm2d
  );
  const makers = new Map<Tensor, Conv2d>();
  const places = new Map<BatchNorm2d, Place>();
  let last: Place | null = null;
  const see = (layer: Module, input: Tensor, output: Tensor) => {
    if (layer instanceof Conv2d) {
      makers.set(output, layer);
      if (last !== null && last.norm.weight!.size === input.shape[1]) last.readers.push(layer);
    } else if (layer instanceof BatchNorm2d) {
      last = null;
      if (layer.weight === null || layer.runningVar === null || places.has(layer)) return;
      last = { norm: layer, maker: makers.get(input) ?? null, readers: [] };
      places.set(layer, last);
    }
  };
  const { device } = model.parameters()[0];
  const pass = () => void model.forward(zeros([1, ...shape], { device }));
  noGrad(() => scope(() => watching(layers, see, () => withMode(model, false, pass))));
  return [...places.values()].filter(({ maker, readers }) => maker !== null || readers.length > 0);
}

/** Cuts off the channels of a batch norm that stand out. */
function prune({ norm, maker, readers }: Place, u: number): void {
  const weight = norm.weight!;
  const stretches = maker === null ? reading(readers, weight.size) : making(maker);
  const [factors, variances] = [weight.data(), norm.runningVar!.data()].map((values) =>
    Array.from(values, Number)
  );
  const constants = stretches.map((stretch, channel) =>
    stretch * Math.abs(factors[channel]) / Math.sqrt(variances[channel] + norm.epsilon)
  );
  const mean = constants.reduce((sum, value) => sum + value, 0) / constants.length;
  const squares = constants.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const bound = mean + u * Math.sqrt(squares / (constants.length - 1));
  const kept = Float32Array.from(constants, (value) => Number(!(value > bound)));
  noGrad(() =>
    scope(() => {
      const mask = fromHost(kept, weight.shape, { dtype: "float32", device: weight.device });
      mul_(weight, mask);
      mul_(norm.bias!, mask);
    })
  );
}

/** For each channel that a convolution makes the largest singular value of its filter, `[inputs, taps]`. */
function making({ weight }: Conv2d): number[] {
  const [outputs, inputs, ...size] = weight.shape;
  const taps = sizeOf(size);
  const values = weight.data() as Float32Array;
  return Array.from({ length: outputs }, (_, output) => {
    const filter = values.subarray(output * inputs * taps, (output + 1) * inputs * taps);
    return largestSingularValue(filter, inputs, taps);
  });
}

/** For each of some channels the largest singular value of the weights by which a convolution reads it, `[outputs, taps]`. */
function reading(convs: readonly Conv2d[], channels: number): number[] {
  const stretches = convs.map(({ weight }) => {
    const [outputs, inputs, ...size] = weight.shape;
    const taps = sizeOf(size);
    const values = weight.data() as Float32Array;
    // In a convolution of groups a channel is read by the outputs of its own group.
    const each = outputs / (channels / inputs);
    return Array.from({ length: channels }, (_, channel) => {
      const first = Math.floor(channel / inputs) * each;
      const filters = Array.from(
        { length: each },
        (_, i) => ((first + i) * inputs + channel % inputs) * taps,
      );
      return largestSingularValue(filters.flatMap((at) => [...values.subarray(at, at + taps)]), each, taps);
    });
  });
  return Array.from({ length: channels }, (_, channel) => Math.max(...stretches.map((of) => of[channel])));
}
