/**
 * Pooling layers over images `[N, C, H, W]`.
 *
 * @module
 */
import {
  adaptiveAvgPool2d,
  avgPool2d,
  maxPool2d,
  type PoolOptions,
  type Size2d,
} from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { settings } from "./options.ts";

abstract class Pool extends Module {
  /** Rows and columns of a window. */
  readonly size: Size2d;
  /** Step and padding. */
  readonly options: PoolOptions;

  /** The windows step by their own size unless `stride` says otherwise. */
  constructor(size: Size2d, options: PoolOptions = {}) {
    super();
    this.size = size;
    this.options = options;
  }

  override describe(): string {
    return settings([this.size], this.options, { stride: this.size, padding: 0 });
  }
}

/**
 * The largest value of each window.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.MaxPool2d(2);
 * using images = ebb.tensor([[[[1, 2], [3, 4]]]]);
 * using y = layer.forward(images);
 * assertEquals(y.toArray(), [[[[4]]]]);
 * ```
 */
export class MaxPool2d extends Pool {
  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.size, this.options);
  }
}

/**
 * The mean of each window; padding counts as zeros.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using image = ebb.tensor([[[[4, 8], [12, 16]]]]);
 * using mean = new ebb.nn.AvgPool2d(2).forward(image);
 * assertEquals(mean.toArray(), [[[[10]]]]);
 * using padded = new ebb.nn.AvgPool2d(2, { padding: 1 }).forward(image);
 * assertEquals(padded.toArray(), [[[[1, 2], [3, 4]]]]);
 * ```
 */
export class AvgPool2d extends Pool {
  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.size, this.options);
  }
}

/**
 * Means over as many windows as the result is to have: `[N, C, ...size]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.AdaptiveAvgPool2d(1); // the mean of each channel, however large the images are
 * for (const size of [7, 32]) {
 *   using images = ebb.full([2, 3, size, size], 5);
 *   using means = layer.forward(images);
 *   assertEquals([means.shape, means.data()[0]], [[2, 3, 1, 1], 5]);
 * }
 * ```
 */
export class AdaptiveAvgPool2d extends Module {
  /** Rows and columns of the result. */
  readonly size: Size2d;

  constructor(size: Size2d) {
    super();
    this.size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.size);
  }

  override describe(): string {
    return settings([this.size], {}, {});
  }
}
