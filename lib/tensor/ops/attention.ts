/**
 * Scaled dot-product attention (Vaswani et al., 2017), `softmax(q·kᵀ / √D)·v`: one call forward and one backward, of heads
 * that lie ready or straight from the projected `[B, T, H·D]`, whose heads the graph takes apart. Forward keeps the
 * weights, from which the gradient of the softmax follows (`kernels.md`, section 6).
 *
 * @module
 */
import { full } from "../create.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import type { Generator } from "../random.ts";
import { scope } from "../scope.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { checkAttention, checkHeads } from "./attention_check.ts";
import {
  attentionGradientGraph,
  attentionGraph,
  type AttentionSettings,
  lowest,
  putTogether,
  takeApart,
  togetherSpec,
} from "./attention_graph.ts";
import { to } from "./cast.ts";
import { where } from "./compare.ts";
import { dropout } from "./dropout.ts";
import { matmul } from "./matmul.ts";
import { permute, transpose } from "./permute.ts";
import { softmax, softmaxGradient } from "./softmax.ts";
import { sumTo } from "./sum.ts";
import { triu } from "./triangle.ts";
import { reshape } from "./view.ts";

/** Options of attention. */
export interface AttentionOptions {
  /** Position t sees the positions up to t alone. Default false. */
  isCausal?: boolean;
  /** Booleans, true where a query may look, or numbers added to the scores; broadcasts to `[..., T, S]`. */
  mask?: Tensor | null;
  /** Factor of the scores. Default `1 / √D`. */
  scale?: number;
}

type Operands = [q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null];

const attentionOp: Op<Operands, AttentionSettings> = defineOp<Operands, AttentionSettings>({
  name: "scaledDotProductAttention",
  halves: true,
  infer: ([q, k, v], { heads }) => {
    const { dtype, shape } = q;
    const y = [...shape.slice(0, -1), v.shape[v.rank - 1]];
    const lead = heads === 0 ? shape.slice(0, -2) : [shape[0], heads];
    return [
      togetherSpec(dtype, y, heads),
      { dtype, shape: [...lead, shape[shape.length - 2], k.shape[k.rank - 2]] },
    ];
  },
  graph: (g, [q, k, v, mask], context) => {
    const { attributes: { heads }, inputs } = context;
    const operands = [q, k, v].map((x) => takeApart(g, x, heads));
    const rank = heads === 0 ? inputs[0].shape.length : 4;
    const [y, weights] = attentionGraph(g, [...operands, mask], rank, inputs[3].dtype, context);
    return [putTogether(g, y, heads), weights];
  },
  saves: { inputs: [0, 1, 2], outputs: [1] },
  gradient: ({ inputs: [q, k, v], outputs: [, weights], specs, attributes, needs }, [dy, more]) => {
    if (gradEnabled() || !dy || more) {
      return composedGradient(q, k, v, weights, dy, more, attributes, specs, needs);
    }
    const { scale, heads } = attributes;
    const found = attentionBackwardOp.all([dy, q, k, v, weights], { scale, heads, needs });
    const gradients = needs.map((needed) => needed ? found.shift()! : null);
    return [...gradients.slice(0, 3), gradients[3] && sumTo(gradients[3], specs[3].shape)];
  },
});

type Backward = [dy: Tensor, q: Tensor, k: Tensor, v: Tensor, weights: Tensor];
type BackwardSettings = { scale: number; heads: number; needs: readonly boolean[] };

const attentionBackwardOp = defineOp<Backward, BackwardSettings>({
  name: "attentionBackward",
  halves: true,
  infer: ([dy, q, k, v, weights], { heads, needs }) => {
    const { dtype } = dy;
    const operands = [q, k, v].map(({ shape }) => togetherSpec(dtype, shape, heads));
    return [...operands, { dtype, shape: weights.shape }].filter((_, i) => needs[i]);
  },
  graph: (g, operands, context) => {
    const { attributes: { heads, needs }, inputs } = context;
    const apart = operands.slice(0, 4).map((x) => takeApart(g, x, heads));
    const rank = inputs[4].shape.length;
    const found = attentionGradientGraph(g, [...apart, operands[4]], rank, needs, context);
    const scores = needs[3] ? found.length - 1 : -1;
    return found.map((value, i) => i === scores ? value : putTogether(g, value, heads));
  },
});

/** All gradients as ordinary ops, for a backward pass that is recorded itself. `more` arrives at the weights. */
export function composedGradient(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  weights: Tensor,
  dy: Tensor | null,
  more: Tensor | null,
  { scale, heads }: { scale: number; heads: number },
  specs: readonly Spec[],
  needs: readonly boolean[],
): (Tensor | null)[] {
  const apart = (x: Tensor) => heads === 0 ? x : splitHeads(x, heads);
  const together = (x: Tensor, { shape }: Spec) => heads === 0 ? x : reshape(permute(x, [0, 2, 1, 3]), shape);
  const own = dy ? matmul(apart(dy), transpose(apart(v))) : null;
  const d = softmaxGradient(own && more ? add(own, more) : own ?? more!, weights, -1);
  return [
    needs[0] ? together(mul(matmul(d, apart(k)), scale), specs[0]) : null,
    needs[1] ? together(mul(matmul(transpose(d), apart(q)), scale), specs[1]) : null,
    needs[2] && dy ? together(matmul(transpose(weights), apart(dy)), specs[2]) : null,
    needs[3] ? sumTo(d, specs[3].shape) : null,
  ];
}

/** `[B, T, H·D]` as heads `[B, H, T, D]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, size] = x.shape;
  return permute(reshape(x, [batch, length, heads, size / heads]), [0, 2, 1, 3]);
}

/**
 * Attention of every query to all keys: `softmax(q·kᵀ · scale + mask)·v`.
 *
 * @param q `[..., T, D]`
 * @param k `[..., S, D]`
 * @param v `[..., S, E]`
 * @returns `[..., T, E]`; zeros where a mask of booleans lets a query look nowhere
 * @throws {RangeError | TypeError} when shapes or types do not fit; the sentence has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using q = ebb.zeros([2, 4]);
 * using v = ebb.tensor([[1, 1], [3, 5]]);
 * using y = ebb.scaledDotProductAttention(q, q, v, { isCausal: true });
 * assertEquals(y.toArray(), [[1, 1], [2, 3]]); // the first position sees itself, the second sees both alike
 * ```
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions & DropoutOfWeights = {},
): Tensor {
  const name = "scaledDotProductAttention";
  const { isCausal = false, mask = null, dropoutP = 0 } = options;
  checkAttention(name, q, k, v, mask, [...q.shape.slice(0, -1), k.shape[k.rank - 2]]);
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[q.rank - 1]);
  if (dropoutP > 0) return scope(() => withDropout(q, k, v, { ...options, scale }));
  return attentionOp([q, k, v, mask], { causal: isCausal, scale, heads: 0 });
}

/** Options of attention whose weights are dropped at random. */
export interface DropoutOfWeights {
  /** Chance that a weight is dropped. Default 0. */
  dropoutP?: number;
  /** Where the chances come from. */
  generator?: Generator;
}

/** Attention with dropped weights, of ordinary ops. */
function withDropout(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { isCausal, mask, scale, dropoutP, generator }: AttentionOptions & DropoutOfWeights,
): Tensor {
  let scores = mul(matmul(q, transpose(k)), scale!);
  const isBoolean = mask?.dtype === "bool";
  if (isBoolean) scores = where(mask, scores, lowest(q.dtype));
  else if (mask) scores = add(scores, mask);
  if (isCausal) {
    const [length, others] = scores.shape.slice(-2);
    const square = full([length, others], -Infinity, { dtype: q.dtype, device: q.device });
    scores = add(scores, triu(square, 1));
  }
  let weights = softmax(scores);
  if (isBoolean) weights = mul(weights, to(mask, q.dtype));
  return matmul(dropout(weights, dropoutP, { generator }), v);
}

/**
 * Attention with several heads straight from projections: axis 2 holds the heads side by side.
 *
 * @param q `[B, T, H·D]`
 * @param k `[B, S, H·D]`
 * @param v `[B, S, H·E]`
 * @param heads H
 * @param options `mask` broadcasts to `[B, H, T, S]`
 * @returns `[B, T, H·E]`
 * @throws {RangeError | TypeError} when shapes or types do not fit; the sentence has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using q = ebb.tensor([[[0, 100], [0, 100]]]); // two heads of size 1
 * using k = ebb.tensor([[[0, 0], [0, 1]]]);
 * using v = ebb.tensor([[[1, 10], [3, 20]]]);
 * using y = ebb.multiHeadAttention(q, k, v, 2);
 * assertEquals(y.toArray(), [[[2, 20], [2, 20]]]); // the first looks at both alike, the second at the last position
 * ```
 */
export function multiHeadAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  heads: number,
  options: AttentionOptions & DropoutOfWeights = {},
): Tensor {
  const name = "multiHeadAttention";
  checkHeads(name, [q.shape, k.shape, v.shape], heads);
  const { isCausal = false, mask = null, dropoutP = 0 } = options;
  checkAttention(name, q, k, v, mask, [q.shape[0], heads, q.shape[1], k.shape[1]]);
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[2] / heads);
  if (dropoutP === 0) return attentionOp([q, k, v, mask], { causal: isCausal, scale, heads });
  return scope(() => {
    const [a, b, c] = [q, k, v].map((x) => splitHeads(x, heads));
    const y = permute(withDropout(a, b, c, { ...options, scale }), [0, 2, 1, 3]);
    return reshape(y, [...q.shape.slice(0, 2), v.shape[2]]);
  });
}
