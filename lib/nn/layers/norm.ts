/**
 * Normalisation layers that look at each example alone.
 *
 * @module
 */
import { ones, zeros } from "../../tensor/create.ts";
import { groupNorm, layerNorm } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { parameter } from "../parameter.ts";
import { checkSizes, type LayerOptions, settings } from "./options.ts";

/** Options of {@linkcode GroupNorm}. */
export interface NormLayerOptions extends LayerOptions {
  /** Added to the variance; default 1e-5. */
  epsilon?: number;
  /** Whether a weight and a bias are learnt; default true. */
  affine?: boolean;
}

/** Options of {@linkcode LayerNorm}. */
export interface LayerNormLayerOptions extends NormLayerOptions {
  /** Whether a bias is learnt where a weight is; default true. */
  bias?: boolean;
}

const DEFAULTS = { epsilon: 1e-5, affine: true, bias: true };

/**
 * Layer normalisation over the last axes, those of `shape` (one number: the last axis).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.LayerNorm(4);
 * using x = ebb.tensor([[1, 1, 3, 3]]);
 * using y = layer.forward(x);
 * assertEquals((y.toArray() as number[][])[0].map(Math.round), [-1, -1, 1, 1]);
 * ```
 */
export class LayerNorm extends Module {
  /** Of `shape`, or null */
  readonly weight: Tensor | null;
  /** Of `shape`, or null */
  readonly bias: Tensor | null;
  private readonly shape: readonly number[];
  private readonly epsilon: number;
  private readonly text: string;

  constructor(shape: number | readonly number[], options: LayerNormLayerOptions = {}) {
    super();
    const { epsilon, affine, bias } = { ...DEFAULTS, ...options };
    const { device, dtype } = options;
    this.shape = typeof shape === "number" ? [shape] : [...shape];
    checkSizes("LayerNorm", Object.fromEntries(this.shape.map((size, i) => [`shape[${i}]`, size])));
    this.weight = affine ? parameter(ones(this.shape, { device, dtype })) : null;
    this.bias = affine && bias ? parameter(zeros(this.shape, { device, dtype })) : null;
    this.epsilon = epsilon;
    this.text = settings([shape], options, DEFAULTS);
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.shape, this.weight, this.bias, { epsilon: this.epsilon });
  }

  override describe(): string {
    return this.text;
  }
}

/**
 * Normalisation of images `[N, channels, ...]` in groups of channels.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.GroupNorm(2, 4); // of four channels two at a time
 * using x = ebb.tensor([[1, 3, 100, 300]]);
 * using y = layer.forward(x);
 * assertEquals((y.toArray() as number[][])[0].map(Math.round), [-1, 1, -1, 1]);
 * ```
 */
export class GroupNorm extends Module {
  /** `[channels]`, or null */
  readonly weight: Tensor | null;
  /** `[channels]`, or null */
  readonly bias: Tensor | null;
  private readonly groups: number;
  private readonly epsilon: number;
  private readonly text: string;

  constructor(groups: number, channels: number, options: NormLayerOptions = {}) {
    super();
    checkSizes("GroupNorm", { groups, channels });
    if (channels % groups !== 0) {
      throw new RangeError(`GroupNorm: expected channels that divide by ${groups} but found ${channels}`);
    }
    const { epsilon, affine } = { ...DEFAULTS, ...options };
    const { device, dtype } = options;
    this.weight = affine ? parameter(ones([channels], { device, dtype })) : null;
    this.bias = affine ? parameter(zeros([channels], { device, dtype })) : null;
    this.groups = groups;
    this.epsilon = epsilon;
    this.text = settings([groups, channels], options, DEFAULTS);
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.groups, this.weight, this.bias, { epsilon: this.epsilon });
  }

  override describe(): string {
    return this.text;
  }
}
