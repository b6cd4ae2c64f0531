/**
 * A small GPT: a decoder-only transformer with normalisation first and learnt positions, begun as GPT-2 is (Radford et
 * al., 2019).
 *
 * @module
 */
import { zerosLike } from "../../tensor/create.ts";
import { add, narrow, permute } from "../../tensor/ops/mod.ts";
import { discard } from "../../tensor/scope.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { assign, normal } from "../init.ts";
import { Embedding } from "../layers/embedding.ts";
import { Linear } from "../layers/linear.ts";
import { LayerNorm } from "../layers/norm.ts";
import { checkSizes, type LayerOptions } from "../layers/options.ts";
import { TransformerBlock } from "../layers/transformer.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode gpt}. */
export interface GptOptions extends LayerOptions {
  /** Number of tokens that there are. */
  vocab: number;
  /** Transformer blocks. */
  layers: number;
  /** Heads of each block. */
  heads: number;
  /** Width of each token's vector; must divide by `heads`. */
  width: number;
  /** Tokens that can be seen at once. */
  context: number;
  /** Share that is dropped in training; default 0. */
  dropout?: number;
}

/** Deviation of first weights. */
const DEVIATION = 0.02;

/**
 * See {@linkcode gpt}.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.gpt({ vocab: 10, layers: 2, heads: 2, width: 16, context: 8 });
 * using ids = ebb.tensor([[1, 2, 3, 4], [1, 2, 7, 7]], { dtype: "int64" }); // fewer than the context will do
 * ebb.scope(() => {
 *   const scores = model.forward(ids);
 *   assertEquals(scores.shape, [2, 10, 4]);
 *   const [one, other] = scores.narrow(2, 0, 2).split(1);
 *   assert(one.allClose(other, { atol: 1e-6 })); // no place sees what comes after it
 * });
 * ```
 */
export class Gpt extends Module {
  readonly tokens: Embedding;
  readonly positions: Embedding;
  readonly blocks: readonly TransformerBlock[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor({ vocab, layers, heads, width, context, dropout = 0, ...place }: GptOptions) {
    super();
    checkSizes("gpt", { vocab, layers, heads, width, context });
    this.tokens = new Embedding(vocab, width, place);
    this.positions = new Embedding(context, width, place);
    this.blocks = Array.from(
      { length: layers },
      () => new TransformerBlock(width, heads, { dropout, isCausal: true, ...place }),
    );
    this.norm = new LayerNorm(width, place);
    this.head = new Linear(width, vocab, { bias: false, ...place });
    // What is added to the residual stream is smaller, the more there is of it.
    const deep = DEVIATION / Math.sqrt(2 * layers);
    for (const [name, tensor] of this.namedParameters()) {
      if (name.endsWith("bias")) assign(tensor, zerosLike(tensor, { requiresGrad: false }));
      else if (tensor.rank > 1) {
        const deviation = /(out_proj|linear2)\.weight$/.test(name) ? deep : DEVIATION;
        assign(tensor, normal(tensor.shape, 0, deviation, place));
      }
    }
  }

  /**
   * @param ids tokens `[N, T]`, T at most the context
   * @returns scores `[N, vocab, T]`, classes along axis 1 as `crossEntropy` takes them: at place t those of the token
   * that follows it.
   */
  override forward(ids: Tensor): Tensor {
    const [context] = this.positions.weight.shape;
    if (ids.rank !== 2 || ids.shape[1] > context) {
      throw new RangeError(
        `gpt: expected ids [N, T] of at most ${context} but found ${showShape(ids.shape)}`,
      );
    }
    const length = ids.shape[1];
    const { weight } = this.positions;
    let x = add(this.tokens.forward(ids), length === context ? weight : narrow(weight, 0, 0, length));
    for (const block of this.blocks) {
      const next = block.forward(x);
      discard(x);
      x = next;
    }
    return permute(this.head.forward(this.norm.forward(x)), [0, 2, 1]);
  }
}

/**
 * A language model over whole numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.gpt({ vocab: 65, layers: 2, heads: 2, width: 16, context: 8 });
 * using ids = ebb.zeros([4, 8], { dtype: "int64" });
 * using scores = model.forward(ids);
 * assertEquals(scores.shape, [4, 65, 8]);
 * using loss = ebb.crossEntropy(scores, ids);
 * assertEquals(loss.shape, []);
 * ```
 */
export function gpt(options: GptOptions): Gpt {
  return new Gpt(options);
}
