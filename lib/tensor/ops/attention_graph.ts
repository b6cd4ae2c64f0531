/**
 * The graphs of attention over heads `[..., T, D]`, and how heads are taken out of projections and put back.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { GraphContext, Spec } from "../op.ts";
import type { Shape } from "../shape.ts";
import { softmaxGradientGraph } from "./softmax.ts";

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
export function lowest(dtype: DType): number {
  return dtype === "float16" ? -65504 : -3.4028234663852886e38;
}

/** `[B, T, H·D]` as heads `[B, H, T, D]`; of no heads: as it is. */
export function takeApart(g: GraphBuilder, x: Value, heads: number): Value {
  if (heads === 0) return x;
  return g.node("Transpose", [g.node("Reshape", [x, g.ints([0, 0, heads, -1])])], { perm: [0, 2, 1, 3] });
}

/** Heads as `[B, T, H, D]`, which is `[B, T, H·D]` to everybody else. */
export function putTogether(g: GraphBuilder, x: Value, heads: number): Value {
  return heads === 0 ? x : g.node("Transpose", [x], { perm: [0, 2, 1, 3] });
}

/** An output that {@link putTogether} gives. */
export function togetherSpec(dtype: DType, shape: Shape, heads: number): Spec {
  if (heads === 0) return { dtype, shape };
  const [batch, length, size] = shape;
  return { dtype, shape, graphShape: [batch, length, heads, size / heads] };
}

/** What shapes the graph of attention. */
export type AttentionSettings = {
  causal: boolean;
  scale: number;
  /** Heads that the graph takes apart; 0: operands are heads already. */
  heads: number;
};

/** The result of attention over heads, and its weights. */
export function attentionGraph<A extends AttentionSettings>(
  g: GraphBuilder,
  [q, k, v, mask]: readonly Value[],
  rank: number,
  maskType: DType | undefined,
  context: GraphContext<A>,
): [y: Value, weights: Value] {
  const { attributes: { causal, scale }, inputs: [{ dtype }] } = context;
  const product = products(g, context, rank);
  let scores = product(q, k, { turnB: true, alpha: scale });
  const isBoolean = mask !== "" && maskType === "bool";
  if (isBoolean) scores = g.node("Where", [mask, scores, g.scalar(lowest(dtype), dtype)]);
  else if (mask !== "") scores = g.node("Add", [scores, mask]);
  if (causal) {
    const size = g.node("Shape", [scores], { start: -2 });
    const square = g.node("Expand", [g.scalar(-Infinity, dtype), size]);
    scores = g.node("Add", [scores, g.node("Trilu", [square, g.scalar(1, "int64")], { upper: 1 })]);
  }
  let weights = g.node("Softmax", [scores], { axis: -1 });
  // A row that may look nowhere gives zeros, as in PyTorch.
  if (isBoolean) weights = g.node("Mul", [weights, g.cast(mask, dtype)]);
  return [product(weights, v), weights];
}

/** The gradients of queries, keys, values (heads) and scores that are needed, in this order. */
export function attentionGradientGraph<A extends { scale: number }>(
  g: GraphBuilder,
  [dy, q, k, v, weights]: readonly Value[],
  rank: number,
  needs: readonly boolean[],
  context: GraphContext<A>,
): Value[] {
  const { scale } = context.attributes;
  const product = products(g, context, rank);
  const values = () => product(weights, dy, { turnA: true });
  if (!needs[0] && !needs[1] && !needs[3]) return [values()];
  const d = softmaxGradientGraph(g, product(dy, v, { turnB: true }), weights, -1);
  const made = [
    () => product(d, k, { alpha: scale }),
    () => product(d, q, { turnA: true, alpha: scale }),
    values,
    () => d,
  ];
  return made.filter((_, i) => needs[i]).map((make) => make());
}
