/**
 * A small convolutional network for digits.
 *
 * @module
 */
import { discard } from "../../tensor/scope.ts";
import { flatten, maxPool2d, relu } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { BatchNorm2d } from "../layers/batch_norm.ts";
import { Conv2d } from "../layers/conv.ts";
import { Linear } from "../layers/linear.ts";
import { checkSizes, type LayerOptions } from "../layers/options.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode smallCnn}. */
export interface SmallCnnOptions extends LayerOptions {
  /** Number of classes. */
  classes: number;
  /** Channels of the images; default 1. */
  channels?: number;
  /** Rows and columns of the images; default 28. */
  size?: number;
}

/**
 * See {@linkcode smallCnn}.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 3, size: 8 });
 * assertEquals(model.fc.weight.shape, [3, 32 * 2 * 2]); // pooled twice, so made for one size
 * using images = ebb.rand([1, 1, 28, 28]);
 * assertThrows(() => model.forward(images), RangeError);
 * ```
 */
export class SmallCnn extends Module {
  readonly c1: Conv2d;
  readonly b1: BatchNorm2d;
  readonly c2: Conv2d;
  readonly b2: BatchNorm2d;
  readonly fc: Linear;

  constructor({ classes, channels = 1, size = 28, ...options }: SmallCnnOptions) {
    super();
    checkSizes("smallCnn", { classes, channels, "a quarter of the images' size": Math.floor(size / 4) });
    this.c1 = new Conv2d(channels, 16, 3, { padding: 1, bias: false, ...options });
    this.b1 = new BatchNorm2d(16, options);
    this.c2 = new Conv2d(16, 32, 3, { padding: 1, bias: false, ...options });
    this.b2 = new BatchNorm2d(32, options);
    this.fc = new Linear(32 * Math.floor(size / 4) ** 2, classes, options);
  }

  /** Images `[N, channels, size, size]` to scores `[N, classes]`. */
  override forward(images: Tensor): Tensor {
    const half = this.stage(this.c1, this.b1, images);
    const quarter = this.stage(this.c2, this.b2, half);
    discard(half);
    return this.fc.forward(flatten(quarter, 1));
  }

  private stage(conv: Conv2d, norm: BatchNorm2d, x: Tensor): Tensor {
    const values = conv.forward(x);
    const normal = norm.forward(values);
    discard(values);
    const pooled = maxPool2d(normal, 2);
    discard(normal);
    // After the pooling, which it commutes with: a quarter of the work.
    const active = relu(pooled);
    discard(pooled);
    return active;
  }
}

/**
 * Convolution to 16 channels, batch norm, ReLU, max-pool, the same with 32, and a linear layer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using images = ebb.rand([2, 1, 28, 28]);
 * using scores = model.forward(images);
 * assertEquals(scores.shape, [2, 10]);
 * ```
 */
export function smallCnn(options: SmallCnnOptions): SmallCnn {
  return new SmallCnn(options);
}
