/**
 * The dropout layer.
 *
 * @module
 */
import { dropout } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";

/**
 * In training, sets each element to 0 with probability `p` and scales the others so that the expectation stays.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const layer = new ebb.nn.Dropout(0.5).eval();
 * using x = ebb.tensor([1, 2, 3]);
 * using y = layer.forward(x);
 * assertEquals(y.toArray(), [1, 2, 3]);
 * ```
 */
export class Dropout extends Module {
  /** Share that is dropped. */
  readonly p: number;

  /** Throws a {@link RangeError} unless `p`, default 0.5, is from 0 to 1. */
  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Dropout: expected a share from 0 to 1 but found ${p}`);
    this.p = p;
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training });
  }

  override describe(): string {
    return `${this.p}`;
  }
}
