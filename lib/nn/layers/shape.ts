/**
 * Layers that compute nothing.
 *
 * @module
 */
import { flatten } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";

/**
 * Axes as one: by default all but the first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { Conv2d, Flatten, Linear, Sequential } = ebb.nn;
 * using model = new Sequential(new Conv2d(1, 4, 3), new Flatten(), new Linear(4 * 6 * 6, 10));
 * using images = ebb.rand([2, 1, 8, 8]);
 * using scores = model.forward(images);
 * assertEquals(scores.shape, [2, 10]);
 * using rows = new Flatten(0, 2).forward(images);
 * assertEquals(rows.shape, [16, 8]);
 * ```
 */
export class Flatten extends Module {
  /** The first axis that is joined. */
  readonly start: number;
  /** The last axis that is joined. */
  readonly end: number;

  constructor(start = 1, end = -1) {
    super();
    this.start = start;
    this.end = end;
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.start, this.end);
  }

  override describe(): string {
    return this.start === 1 && this.end === -1 ? "" : `${this.start}, ${this.end}`;
  }
}

/**
 * What goes in.
 *
 * @example
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const norm = (features: number, wanted: boolean) =>
 *   wanted ? new ebb.nn.BatchNorm1d(features) : new ebb.nn.Identity();
 * using layer = norm(8, false); // a place in a model that may be empty
 * using x = ebb.rand([4, 8]);
 * assertStrictEquals(layer.forward(x), x);
 * ```
 */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
