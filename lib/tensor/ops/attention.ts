/**
 * Scaled dot-product attention (Vaswani et al., 2017), `softmax(q·kᵀ / √D)·v`: one call forward and one backward, of heads
 * that lie ready or straight from the projected `[B, T, H·D]`, whose heads the graph takes apart. Forward keeps the
 * weights, from which the gradient of the softmax follows (`kernels.md`, section 6).
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import { defineOp, type GraphContext, type Op, type Spec } from "../op.ts";
import type { Generator } from "../random.ts";
import { scope } from "../scope.ts";
import type { Shape } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { checkAttention, checkHeads } from "./attention_check.ts";
import { to } from "./cast.ts";
import { where } from "./compare.ts";
import { dropout } from "./dropout.ts";
import { matmul } from "./matmul.ts";
import { permute, transpose } from "./permute.ts";
import { softmax, softmaxGradient, softmaxGradientGraph } from "./softmax.ts";
import { sumTo } from "./sum.ts";
import { triu } from "./triangle.ts";
import { reshape } from "./view.ts";
import { full } from "../create.ts";

/** Options of attention. */
export interface AttentionOptions {
  /** Position t sees the positions up to t alone. Default false. */
  isCausal?: boolean;
  /** Booleans, true where a query may look, or numbers added to the scores; broadcasts to `[..., T, S]`. */
  mask?: Tensor | null;
  /** Factor of the scores. Default `1 / √D`. */
  scale?: number;
}

type Settings = {
  causal: boolean;
  scale: number;
  /** Heads that the graph takes apart; 0: operands are heads already. */
  heads: number;
};
type Operands = [q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null];

/** `[B, T, H·D]` as heads `[B, H, T, D]`. */
function split(g: GraphBuilder, x: Value, heads: number): Value {
  if (heads === 0) return x;
  return g.node("Transpose", [g.node("Reshape", [x, g.ints([0, 0, heads, -1])])], { perm: [0, 2, 1, 3] });
}

/** Heads as `[B, T, H, D]`, which is `[B, T, H·D]` to everybody else. */
function merge(g: GraphBuilder, x: Value, heads: number): Value {
  return heads === 0 ? x : g.node("Transpose", [x], { perm: [0, 2, 1, 3] });
}

/** An output that {@link merge} gives. */
function mergedSpec(dtype: DType, shape: Shape, heads: number): Spec {
  if (heads === 0) return { dtype, shape };
  const [batch, length, size] = shape;
  return { dtype, shape, graphShape: [batch, length, heads, size / heads] };
}

/** Products of matrices of heads, in one node where there is one. */
type Product = (a: Value, b: Value, options?: { turnA?: boolean; turnB?: boolean; alpha?: number }) => Value;

function products<A>(g: GraphBuilder, { inputs, provider }: GraphContext<A>, rank: number): Product {
  const { dtype } = inputs[0];
  const perm = [...Array(rank).keys()].slice(0, -2).concat(rank - 1, rank - 2);
  return (a, b, { turnA = false, turnB = false, alpha = 1 } = {}) => {
    if (!turnA && !turnB && alpha === 1) return g.node("MatMul", [a, b]);
    if (provider === "cpu" && dtype === "float32") {
      return g.fused("FusedMatMul", [a, b], {
        transA: turnA ? 1 : 0,
        transB: turnB ? 1 : 0,
        alpha: { float: alpha },
      });
    }
    const [left, right] = [[a, turnA], [b, turnB]].map(([x, turn]) =>
      turn ? g.node("Transpose", [x as Value], { perm }) : x as Value
    );
    const product = g.node("MatMul", [left, right]);
    return alpha === 1 ? product : g.node("Mul", [product, g.scalar(alpha, dtype)]);
  };
}

/** The least number of a type. */
function lowest(dtype: DType): number {
  return dtype === "float16" ? -65504 : -3.4028234663852886e38;
}

const attentionOp: Op<Operands, Settings> = defineOp<Operands, Settings>({
  name: "scaledDotProductAttention",
  infer: ([q, k, v], { heads }) => {
    const { dtype, shape } = q;
    const y = [...shape.slice(0, -1), v.shape[v.rank - 1]];
    const lead = heads === 0 ? shape.slice(0, -2) : [shape[0], heads];
    return [
      mergedSpec(dtype, y, heads),
      { dtype, shape: [...lead, shape[shape.length - 2], k.shape[k.rank - 2]] },
    ];
  },
  graph: (g, [q, k, v, mask], context) => {
    const { attributes: { causal, scale, heads }, inputs } = context;
    const { dtype, shape } = inputs[0];
    const product = products(g, context, heads === 0 ? shape.length : 4);
    let scores = product(split(g, q, heads), split(g, k, heads), { turnB: true, alpha: scale });
    const isBoolean = mask !== "" && inputs[3].dtype === "bool";
    if (isBoolean) scores = g.node("Where", [mask, scores, g.scalar(lowest(dtype), dtype)]);
    else if (mask !== "") scores = g.node("Add", [scores, mask]);
    if (causal) {
      const square = g.node("Expand", [
        g.scalar(-Infinity, dtype),
        g.node("Shape", [scores], { start: -2 }),
      ]);
      scores = g.node("Add", [scores, g.node("Trilu", [square, g.scalar(1, "int64")], { upper: 1 })]);
    }
    let weights = g.node("Softmax", [scores], { axis: -1 });
    // A row that may look nowhere gives zeros, as in PyTorch.
    if (isBoolean) weights = g.node("Mul", [weights, g.cast(mask, dtype)]);
    return [merge(g, product(weights, split(g, v, heads)), heads), weights];
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
  infer: ([dy, q, k, v, weights], { heads, needs }) => {
    const { dtype } = dy;
    const operands = [q, k, v].map(({ shape }) => mergedSpec(dtype, shape, heads));
    return [...operands, { dtype, shape: weights.shape }].filter((_, i) => needs[i]);
  },
  graph: (g, operands, context) => {
    const { attributes: { scale, heads, needs }, inputs } = context;
    const product = products(g, context, inputs[4].shape.length);
    const [dy, q, k, v] = operands.slice(0, 4).map((x) => split(g, x, heads));
    const weights = operands[4];
    const outputs: Value[] = [];
    if (needs[0] || needs[1] || needs[3]) {
      const d = softmaxGradientGraph(g, product(dy, v, { turnB: true }), weights, -1);
      if (needs[0]) outputs.push(merge(g, product(d, k, { alpha: scale }), heads));
      if (needs[1]) outputs.push(merge(g, product(d, q, { turnA: true, alpha: scale }), heads));
      if (needs[2]) outputs.push(merge(g, product(weights, dy, { turnA: true }), heads));
      if (needs[3]) outputs.push(d);
    } else outputs.push(merge(g, product(weights, dy, { turnA: true }), heads));
    return outputs;
  },
});

/** All gradients as ordinary ops, for a backward pass that is recorded itself. `more` arrives at the weights. */
function composedGradient(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  weights: Tensor,
  dy: Tensor | null,
  more: Tensor | null,
  { scale, heads }: Settings,
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
 */
export function multiHeadAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  heads: number,
  options: AttentionOptions & DropoutOfWeights = {},
): Tensor {
  const name = "multiHeadAttention";
  checkHeads(name, q, k, v, heads);
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
