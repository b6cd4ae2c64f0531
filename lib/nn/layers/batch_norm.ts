/**
 * Batch normalisation layers.
 *
 * @module
 */
import { ones, zeros } from "../../tensor/create.ts";
import { batchNorm } from "../../tensor/ops/batch_norm.ts";
import { fill_ } from "../../tensor/ops/copy.ts";
import { isRepeated } from "../../tensor/saved.ts";
import { showShape } from "../../tensor/shape.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type FusedActivation, Module } from "../module.ts";
import { buffer, parameter } from "../parameter.ts";
import { checkSizes, type LayerOptions, settings } from "./options.ts";

/** Options of {@linkcode BatchNorm2d} and {@linkcode BatchNorm1d}. */
export interface BatchNormLayerOptions extends LayerOptions {
  /** Added to the variance; default 1e-5. */
  epsilon?: number;
  /** Share of a batch in the running statistics; null: all batches count alike. Default 0.1. */
  momentum?: number | null;
  /** Whether a weight and a bias are learnt; default true. */
  affine?: boolean;
  /** Whether running statistics are kept; default true. Without them evaluation takes those of its batch. */
  trackRunningStats?: boolean;
}

const DEFAULTS = { epsilon: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true };

abstract class BatchNorm extends Module {
  static override readonly stateNames = {
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  };
  /** `[features]`, or null */
  readonly weight: Tensor | null;
  /** `[features]`, or null */
  readonly bias: Tensor | null;
  /** Mean of each feature over the batches seen, or null. */
  readonly runningMean: Tensor | null;
  /** Variance of each feature over the batches seen, or null. */
  readonly runningVar: Tensor | null;
  /** Share of a batch in the running statistics; null: all batches since the last reset count alike. */
  momentum: number | null;
  /** What is added to the variance. */
  readonly epsilon: number;
  private readonly text: string;
  private readonly count: Tensor | null;
  /** Batches seen since {@link count} was written: that happens when somebody looks. */
  private unwritten = 0;

  constructor(kind: string, features: number, options: BatchNormLayerOptions) {
    super();
    checkSizes(kind, { features });
    const { epsilon, momentum, affine, trackRunningStats } = { ...DEFAULTS, ...options };
    const { device, dtype } = options;
    const one = () => ones([features], { device, dtype });
    const zero = () => zeros([features], { device, dtype });
    this.weight = affine ? parameter(one()) : null;
    this.bias = affine ? parameter(zero()) : null;
    this.runningMean = trackRunningStats ? buffer(zero()) : null;
    this.runningVar = trackRunningStats ? buffer(one()) : null;
    this.count = trackRunningStats ? buffer(zeros([], { device, dtype: "int64" })) : null;
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.text = settings([features], options, DEFAULTS);
  }

  /** Number of batches seen in training, int64, or null. */
  get numBatchesTracked(): Tensor | null {
    const { count } = this;
    if (this.unwritten > 0 && count !== null && !count.disposed) {
      const seen = count.item() + this.unwritten;
      this.unwritten = 0;
      noGrad(() => fill_(count, seen));
    }
    return count;
  }

  /** Begins the running statistics anew: mean 0, variance 1, no batch seen. */
  resetRunningStats(): void {
    const { runningMean, runningVar, count } = this;
    if (runningMean === null || runningVar === null || count === null) return;
    noGrad(() => {
      fill_(runningMean, 0);
      fill_(runningVar, 1);
      fill_(count, 0);
    });
    this.unwritten = 0;
  }

  protected override properties(): Iterable<readonly [string, unknown]> {
    return [...super.properties()].map(([name, value]) =>
      name === "count" ? ["numBatchesTracked", this.numBatchesTracked] : [name, value]
    );
  }

  override forward(x: Tensor): Tensor {
    return this.normalise(x, "none");
  }

  override fused(activation: FusedActivation): ((x: Tensor) => Tensor) | null {
    if (activation !== "relu" || !(this.isPlain(BatchNorm2d) || this.isPlain(BatchNorm1d))) return null;
    return (x) => this.normalise(x, activation);
  }

  override describe(): string {
    return this.text;
  }

  /** Throws a sentence unless `x` is of a shape that the layer is for. */
  protected abstract check(x: Tensor): void;

  private normalise(x: Tensor, activation: "none" | "relu"): Tensor {
    this.check(x);
    const { weight, bias, runningMean, runningVar, training } = this;
    const counts = training && runningMean !== null;
    const momentum = this.momentum ?? (counts ? 1 / (this.numBatchesTracked!.item() + 1) : 0);
    const y = batchNorm(x, weight, bias, runningMean, runningVar, {
      training,
      momentum,
      epsilon: this.epsilon,
      activation,
    });
    if (counts && !isRepeated()) this.unwritten++;
    return y;
  }
}

/**
 * Batch normalisation of images `[N, features, H, W]`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.BatchNorm2d(2);
 * using images = ebb.rand([4, 2, 3, 3]);
 * using y = layer.forward(images);
 * assertAlmostEquals(ebb.scope(() => y.sum().item()), 0, 1e-3);
 * assertEquals(layer.numBatchesTracked!.item(), 1);
 * ```
 */
export class BatchNorm2d extends BatchNorm {
  constructor(features: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm2d", features, options);
  }

  protected override check(x: Tensor): void {
    if (x.rank === 4) return;
    throw new RangeError(`BatchNorm2d: expected images [N, C, H, W] but found ${showShape(x.shape)}`);
  }
}

/**
 * Batch normalisation of rows `[N, features]` or signals `[N, features, L]`.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.BatchNorm1d(1);
 * using x = ebb.tensor([[0], [20]]);
 * using y = layer.forward(x); // by mean and deviation of the batch, 10 and 10
 * assertEquals((y.toArray() as number[][]).flat().map(Math.round), [-1, 1]);
 * assertEquals(layer.runningMean!.toArray(), [1]); // a tenth of the way from 0 to 10
 * using z = layer.eval().forward(x); // by those running statistics, to which 20 is still far out
 * assert(z.data()[1] > 4);
 * ```
 */
export class BatchNorm1d extends BatchNorm {
  constructor(features: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm1d", features, options);
  }

  protected override check(x: Tensor): void {
    if (x.rank === 2 || x.rank === 3) return;
    throw new RangeError(
      `BatchNorm1d: expected rows [N, C] or signals [N, C, L] but found ${showShape(x.shape)}`,
    );
  }
}
