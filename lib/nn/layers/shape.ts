/**
 * Layers that compute nothing.
 *
 * @module
 */
import { flatten } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";

/** Axes as one: by default all but the first. */
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

/** What goes in. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
