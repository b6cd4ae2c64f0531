/**
 * The transformer block with normalisation first, under the names of PyTorch's encoder layer.
 *
 * @module
 */
import { add, dropout } from "../../tensor/ops/mod.ts";
import { discard } from "../../tensor/scope.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { forwardWith } from "../fuse.ts";
import { type FusedActivation, Module } from "../module.ts";
import { MultiheadAttention } from "./attention.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./norm.ts";
import { checkSizes, type LayerOptions, settings } from "./options.ts";

/** Options of {@linkcode TransformerBlock}. */
export interface TransformerBlockOptions extends LayerOptions {
  /** Width of the layer inside the feed-forward part; default 4 times the width. */
  hidden?: number;
  /** What follows that layer; default gelu. */
  activation?: FusedActivation;
  /** Share that is dropped in training: of the attention's weights, inside the feed-forward part, and of each part's
   * result; default 0. */
  dropout?: number;
  /** Whether each place sees only itself and those before it; default false. */
  isCausal?: boolean;
  /** Added to the variance in the normalisations; default 1e-5. */
  epsilon?: number;
}

const DEFAULTS = { activation: "gelu", dropout: 0, isCausal: false, epsilon: 1e-5 } as const;

/**
 * `x + attention(norm(x))`, then `x + feedForward(norm(x))`, over sequences `[N, T, width]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using block = new ebb.nn.TransformerBlock(8, 2, { isCausal: true });
 * using x = ebb.randn([3, 5, 8]);
 * using y = block.forward(x);
 * assertEquals(y.shape, [3, 5, 8]);
 * ```
 */
export class TransformerBlock extends Module {
  static override readonly stateNames = { selfAttn: "self_attn" };
  readonly norm1: LayerNorm;
  readonly selfAttn: MultiheadAttention;
  readonly norm2: LayerNorm;
  readonly linear1: Linear;
  readonly linear2: Linear;
  private readonly activation: FusedActivation;
  private readonly dropout: number;
  private readonly isCausal: boolean;
  private readonly text: string;

  constructor(width: number, heads: number, options: TransformerBlockOptions = {}) {
    super();
    const { hidden = 4 * width, ...rest } = options;
    const { activation, dropout, isCausal, epsilon } = { ...DEFAULTS, ...rest };
    const place = { device: options.device, dtype: options.dtype };
    checkSizes("TransformerBlock", { width, heads, hidden });
    this.norm1 = new LayerNorm(width, { epsilon, ...place });
    this.selfAttn = new MultiheadAttention(width, heads, { dropout, ...place });
    this.norm2 = new LayerNorm(width, { epsilon, ...place });
    this.linear1 = new Linear(width, hidden, place);
    this.linear2 = new Linear(hidden, width, place);
    this.activation = activation;
    this.dropout = dropout;
    this.isCausal = isCausal;
    this.text = settings([width, heads], rest, DEFAULTS);
  }

  override forward(x: Tensor): Tensor {
    const normal = this.norm1.forward(x);
    const seen = this.selfAttn.forward(normal, normal, normal, { isCausal: this.isCausal });
    discard(normal);
    const middle = add(x, this.dropped(seen));
    discard(seen);
    const again = this.norm2.forward(middle);
    const wide = forwardWith(this.linear1, this.activation, again);
    discard(again);
    return add(middle, this.dropped(this.linear2.forward(this.dropped(wide))));
  }

  override describe(): string {
    return this.text;
  }

  private dropped(x: Tensor): Tensor {
    return this.dropout > 0 && this.training ? dropout(x, this.dropout, { training: true }) : x;
  }
}
