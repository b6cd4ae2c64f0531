/**
 * The gradient of a convolution with respect to its filters (and bias): the image convolved with the result's gradient.
 * Which graph computes that fastest depends on sizes; the graphs are in `weight_forms.ts`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { defineOp, type GraphContext, type Op, type Spec } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { conv } from "./forward.ts";
import { blocksFor, fillsBlocks } from "./geometry.ts";
import { planeSums } from "../channel.ts";
import { expand, reshape } from "../view.ts";
import { convInputGradient } from "./input_gradient.ts";
import {
  batchAsChannels,
  channelsLast,
  columns,
  fitsBatchAsChannels,
  pointwise,
  transposedBatch,
  type WeightAttributes,
} from "./weight_forms.ts";
import { fitsWinograd, winograd } from "./winograd.ts";

/** `[x, dy]` → the gradients of filters `[O, C / groups, kH, kW]` and, if asked for, of the bias `[O]`. */
export const convWeightGradient: Op<[Tensor, Tensor], WeightAttributes> = defineOp<
  [Tensor, Tensor],
  WeightAttributes
>({
  name: "conv2dWeightGradient",
  shaped: true,
  layout: ([x, dy]) => blocksFor(x) > 1 && x.device === dy.device,
  infer: ([x, dy], { kernel, groups, bias }) => {
    const outputs = dy.shape[1];
    const filters: Spec = { dtype: x.dtype, shape: [outputs, x.shape[1] / groups, ...kernel] };
    return bias ? [filters, { dtype: x.dtype, shape: [outputs] }] : [filters];
  },
  graph: (g, [x, dy], context) => {
    const { attributes, inputs: [, { shape, blocked = false }] } = context;
    const filters = filtersGraph(g, x, dy, context);
    if (!attributes.bias) return [filters];
    const images = g.fill([1, shape[0]], 1, context.inputs[0].dtype);
    const total = g.node("MatMul", [images, planeSums(g, dy, shape, blocked)]);
    return [filters, g.node("Reshape", [total, g.ints([shape[1]])])];
  },
  saves: { inputs: [0, 1] },
  gradient: ({ inputs: [x, dy], specs, attributes, needs }, [dw, db]: (Tensor | null)[]) => {
    const { kernel: _kernel, bias: _bias, ...geometry } = attributes;
    const [image, result] = specs;
    const through = () => {
      if (dw) return conv([x, dw, db ?? null], { ...geometry, activation: "none" });
      return db ? expand(reshape(db, [1, db.size, 1, 1]), result.shape) : null;
    };
    return [
      needs[0] && dw ? convInputGradient([dy, dw], { ...geometry, image: image.shape }) : null,
      needs[1] ? through() : null,
    ];
  },
});

/** Chooses the graph by sizes. */
function filtersGraph(
  g: GraphBuilder,
  x: Value,
  dy: Value,
  { attributes, inputs: [image, small], provider }: GraphContext<WeightAttributes>,
): Value {
  const plain = (value: Value, { shape, blocked }: Spec) =>
    blocked ? g.blocked("ReorderOutput", [value], { channels: shape[1] }) : value;
  const blocked = (value: Value, spec: Spec) => spec.blocked ? value : g.blocked("ReorderInput", [value]);
  const { kernel: [kh, kw], padding, dilation, groups } = attributes;
  const fast = provider === "cpu" && image.dtype === "float32" && groups === 1 &&
    dilation.every((d) => d === 1);
  const one = kh === 1 && kw === 1 && padding[0] === 0 && padding[1] === 0;
  const sizes = [attributes, image.shape, small.shape] as const;
  if (fast && !one && fillsBlocks(image.shape[1], blockSize())) {
    const form = fitsWinograd(...sizes) ? winograd : fitsBatchAsChannels(...sizes) ? batchAsChannels : null;
    return form === null
      ? channelsLast(g, blocked(x, image), plain(dy, small), attributes, image, small)
      : form(g, blocked(x, image), blocked(dy, small), attributes, image, small);
  }
  const channels = image.shape[1];
  if (fast && !one && channels > 1 && channels < blockSize() && fitsBatchAsChannels(...sizes)) {
    return batchAsChannels(g, plain(x, image), blocked(dy, small), attributes, image, small);
  }
  const form = !fast ? transposedBatch : one ? pointwise : channels < 16 ? columns : transposedBatch;
  return form(g, plain(x, image), plain(dy, small), attributes, image, small);
}
