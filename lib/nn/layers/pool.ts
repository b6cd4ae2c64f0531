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

/** The mean of each window; padding counts as zeros. */
export class AvgPool2d extends Pool {
  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.size, this.options);
  }
}

/** Means over as many windows as the result is to have: `[N, C, ...size]`. */
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
