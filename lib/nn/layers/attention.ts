/**
 * Multi-head attention ("Attention Is All You Need", arXiv:1706.03762), under the names of PyTorch's layer.
 *
 * @module
 */
import { zeros } from "../../tensor/create.ts";
import { linear, multiHeadAttention, narrow, selfAttention } from "../../tensor/ops/mod.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { assign, xavierUniform } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../parameter.ts";
import { Linear, type LinearLayerOptions } from "./linear.ts";
import { checkSizes } from "./options.ts";

/** What a call of {@linkcode MultiheadAttention} looks at. */
export interface AttentionOptions {
  /** Whether each place sees only itself and those before it; default false. */
  isCausal?: boolean;
  /**
   * What broadcasts to `[N, heads, T, S]`: booleans, true where a place may look (the opposite of PyTorch's layer, the
   * same as its function), or numbers that are added to the scores.
   */
  mask?: Tensor;
}

/** Options of {@linkcode MultiheadAttention}. */
export interface MultiheadAttentionOptions extends LinearLayerOptions {
  /** Share of the weights between places that is dropped in training; default 0. */
  dropout?: number;
}

/**
 * Attention of `heads` heads between places of sequences `[N, T, width]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using attention = new ebb.nn.MultiheadAttention(8, 2);
 * using x = ebb.randn([3, 5, 8]);
 * using y = attention.forward(x, x, x, { isCausal: true });
 * assertEquals(y.shape, [3, 5, 8]);
 * ```
 */
export class MultiheadAttention extends Module {
  static override readonly stateNames = {
    inProjWeight: "in_proj_weight",
    inProjBias: "in_proj_bias",
    outProj: "out_proj",
  };
  /** Weights for query, key and value, one below the other: `[3 · width, width]` */
  readonly inProjWeight: Tensor;
  /** `[3 · width]`, or null */
  readonly inProjBias: Tensor | null;
  /** What is made of the heads' results side by side. */
  readonly outProj: Linear;
  /** Number of heads. */
  readonly heads: number;
  /** Share of the weights between places that is dropped in training. */
  readonly dropout: number;

  /** `width` must divide by `heads`. */
  constructor(width: number, heads: number, options: MultiheadAttentionOptions = {}) {
    super();
    checkSizes("MultiheadAttention", { width, heads });
    if (width % heads !== 0) {
      throw new RangeError(
        `MultiheadAttention: expected a width that divides by ${heads} heads but found ${width}`,
      );
    }
    const { bias = true, dropout = 0, device, dtype } = options;
    this.inProjWeight = parameter(xavierUniform([3 * width, width], { device, dtype }));
    this.inProjBias = bias ? parameter(zeros([3 * width], { device, dtype })) : null;
    this.outProj = new Linear(width, width, options);
    if (this.outProj.bias !== null) assign(this.outProj.bias, zeros([width], { device, dtype }));
    this.heads = heads;
    this.dropout = dropout;
  }

  /**
   * @param query `[N, T, width]`
   * @param key `[N, S, width]`; default the query
   * @param value `[N, S, width]`; default the key
   * @returns `[N, T, width]`
   */
  override forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    options: AttentionOptions = {},
  ): Tensor {
    const [width] = this.outProj.weight.shape;
    for (const x of [query, key, value]) {
      if (x.rank === 3 && x.shape[2] === width) continue;
      throw new RangeError(
        `MultiheadAttention: expected sequences [N, T, ${width}] but found ${showShape(x.shape)}`,
      );
    }
    const settings = { ...options, dropoutP: this.training ? this.dropout : 0 };
    if (key === query && value === key) {
      const projected = linear(query, this.inProjWeight, this.inProjBias);
      return this.outProj.forward(selfAttention(projected, this.heads, settings));
    }
    const [q, k, v] = [query, key, value].map((x, i) => this.project(x, i, width));
    return this.outProj.forward(multiHeadAttention(q, k, v, this.heads, settings));
  }

  override describe(): string {
    return `${this.outProj.weight.shape[0]}, ${this.heads}`;
  }

  private project(x: Tensor, index: number, width: number): Tensor {
    const bias = this.inProjBias;
    const rows = (all: Tensor) => narrow(all, 0, index * width, width);
    return linear(x, rows(this.inProjWeight), bias === null ? null : rows(bias));
  }
}
