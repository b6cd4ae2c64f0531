/**
 * Attention of a sequence to itself straight from one projection that holds queries, keys and values side by side: they
 * are taken apart inside the graph, and their gradients put side by side there.
 *
 * @module
 */
import { zerosLike } from "../create.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { showShape } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import {
  type AttentionOptions,
  composedGradient,
  type DropoutOfWeights,
  multiHeadAttention,
} from "./attention.ts";
import { checkHeads, checkMask } from "./attention_check.ts";
import {
  attentionGradientGraph,
  attentionGraph,
  type AttentionSettings,
  putTogether,
  takeApart,
  togetherSpec,
} from "./attention_graph.ts";
import { checkFloating } from "./check.ts";
import { concat } from "./concat.ts";
import { split } from "./split.ts";
import { sumTo } from "./sum.ts";

const selfAttentionOp: Op<[Tensor, Tensor | null], AttentionSettings> = defineOp<
  [Tensor, Tensor | null],
  AttentionSettings
>({
  name: "selfAttention",
  halves: true,
  rows: ([, mask]) => mask === null,
  infer: ([x], { heads }) => {
    const { dtype, shape: [batch, length, size] } = x;
    return [
      togetherSpec(dtype, [batch, length, size / 3], heads),
      { dtype, shape: [batch, heads, length, length] },
    ];
  },
  graph: (g, [x, mask], context) => {
    const { attributes: { heads }, inputs } = context;
    const parts = g.nodes("Split", 3, [x], { axis: 2, num_outputs: 3 }).map((part) =>
      takeApart(g, part, heads)
    );
    const [y, weights] = attentionGraph(g, [...parts, mask], 4, inputs[1].dtype, context);
    return [putTogether(g, y, heads), weights];
  },
  saves: { inputs: [0], outputs: [1] },
  gradient: ({ inputs: [x], outputs: [, weights], specs, attributes, needs }, [dy, more]) => {
    const { scale, heads } = attributes;
    if (gradEnabled() || !dy || more) {
      const [q, k, v] = split(x, x.shape[2] / 3, 2);
      const parts = [q, k, v, specs[1]].map(({ dtype, shape }) => ({ dtype, shape }));
      const wanted = [needs[0], needs[0], needs[0] && dy !== undefined, needs[1]];
      const found = composedGradient(q, k, v, weights, dy, more, attributes, parts, wanted);
      return [
        needs[0] ? concat(found.slice(0, 3).map((part, i) => part ?? zerosLike([q, k, v][i])), 2) : null,
        found[3],
      ];
    }
    const found = selfAttentionBackwardOp.all([dy, x, weights], { scale, heads, needs });
    const dx = needs[0] ? found.shift()! : null;
    return [dx, needs[1] ? sumTo(found[0], specs[1].shape) : null];
  },
});

type BackwardSettings = { scale: number; heads: number; needs: readonly boolean[] };

const selfAttentionBackwardOp = defineOp<[Tensor, Tensor, Tensor], BackwardSettings>({
  name: "selfAttentionBackward",
  halves: true,
  rows: true,
  infer: ([dy, x, weights], { heads, needs: [sequence, mask] }) => {
    const { dtype, shape } = x;
    const [batch, length, size] = shape;
    const graphShape = [batch, length, 3, heads, size / 3 / heads];
    return [
      ...(sequence ? [{ dtype, shape, graphShape }] : []),
      ...(mask ? [{ dtype: dy.dtype, shape: weights.shape }] : []),
    ];
  },
  graph: (g, [dy, x, weights], context) => {
    const { heads, needs: [sequence, mask] } = context.attributes;
    const parts = [dy, ...g.nodes("Split", 3, [x], { axis: 2, num_outputs: 3 })];
    const apart = parts.map((part) => takeApart(g, part, heads));
    const needs = [sequence, sequence, sequence, mask];
    const found = attentionGradientGraph(g, [...apart, weights], 4, needs, context);
    if (!sequence) return found;
    const sides = found.slice(0, 3).map((part) =>
      g.node("Unsqueeze", [putTogether(g, part, heads), g.ints([2])])
    );
    return [g.node("Concat", sides, { axis: 2 }), ...found.slice(3)];
  },
});

/**
 * Attention of a sequence to itself with several heads, from one projection: {@link multiHeadAttention} of the three
 * thirds of its last axis, without taking them apart first.
 *
 * @param x `[B, T, 3·H·D]`: queries, keys and values side by side
 * @param heads H
 * @param options `mask` broadcasts to `[B, H, T, T]`
 * @returns `[B, T, H·D]`
 * @throws {RangeError | TypeError} when shapes or types do not fit; the sentence has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[0, 0, 1], [0, 0, 3]]]); // query, key and value of two positions
 * using y = x.selfAttention(1, { isCausal: true });
 * assertEquals(y.toArray(), [[[1], [2]]]);
 * ```
 */
export function selfAttention(
  x: Tensor,
  heads: number,
  options: AttentionOptions & DropoutOfWeights = {},
): Tensor {
  const name = "selfAttention";
  if (x.rank !== 3 || x.shape[2] % 3 !== 0) {
    throw new RangeError(`${name}: expected a projection [B, T, 3·H·D] but found ${showShape(x.shape)}`);
  }
  const [batch, length, size] = x.shape;
  const { isCausal = false, mask = null, dropoutP = 0 } = options;
  checkHeads(name, [[batch, length, size / 3]], heads);
  checkFloating(name, x);
  if (mask !== null) checkMask(name, mask, x, [batch, heads, length, length]);
  if (dropoutP > 0) {
    return scope(() => {
      const [q, k, v] = split(x, size / 3, 2);
      return multiHeadAttention(q, k, v, heads, options);
    });
  }
  const scale = options.scale ?? 1 / Math.sqrt(size / 3 / heads);
  return selfAttentionOp([x, mask], { causal: isCausal, scale, heads });
}
