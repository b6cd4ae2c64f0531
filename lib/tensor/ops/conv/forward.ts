/**
 * The convolution itself, with bias and ReLU in the same call.
 *
 * @module
 */
import { blockSize } from "../../layout.ts";
import { defineOp, type Op } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { throughRelu } from "../unary.ts";
import { forwardFilter } from "./filters.ts";
import {
  type Activation,
  blockedConvolution,
  blocksFor,
  type ConvAttributes,
  convOutputSize,
  fillsBlocks,
} from "./geometry.ts";
import { convInputGradient } from "./input_gradient.ts";
import { convWeightGradients } from "./weight_gradient.ts";

type Attributes = ConvAttributes & { activation: Activation };

/** Whether the blocked kernels take it: whole blocks of outputs, and of inputs unless they are fewer than one. */
function isBlocked(x: Tensor, weight: Tensor, groups: number): boolean {
  const B = blocksFor(x);
  const [outputs, inputs] = weight.shape;
  return groups === 1 && fillsBlocks(outputs, B) && (inputs < B || fillsBlocks(inputs, B));
}

/** `[x, weight, bias]` → `[N, O, H', W']`. */
export const conv: Op<[Tensor, Tensor, Tensor | null], Attributes> = defineOp<
  [Tensor, Tensor, Tensor | null],
  Attributes
>({
  name: "conv2d",
  halves: true,
  shaped: true,
  // Filters that were computed from blocked tensors come plain, like everything else.
  layout: ([x, weight], { groups }) => isBlocked(x, weight, groups) && !weight.blocked,
  infer: ([x, weight], attributes) => {
    const size = convOutputSize("conv2d", x.shape, weight.shape.slice(2), attributes);
    const shape = [x.shape[0], weight.shape[0], ...size];
    return [{ dtype: x.dtype, shape, blocked: isBlocked(x, weight, attributes.groups) }];
  },
  graph: (g, [x, w, b], { attributes, inputs: [image, filter], outputs: [out] }) => {
    const { stride, padding, dilation, groups, activation } = attributes;
    const [, , kh, kw] = filter.shape;
    const pads = [...padding, ...padding];
    const operands = b === "" ? [] : [b];
    if (!out.blocked) {
      const y = g.node(
        "Conv",
        [x, w, ...operands],
        blockedConvolution([kh, kw], stride, pads, dilation, groups),
      );
      return [activation === "relu" ? g.node("Relu", [y]) : y];
    }
    const B = blockSize();
    const source = image.blocked || image.shape[1] < B ? x : g.blocked("ReorderInput", [x]);
    const filters = forwardFilter(g, w, filter.shape, B);
    const window = blockedConvolution([kh, kw], stride, pads, dilation, groups, activation);
    return [g.blocked("Conv", [source, filters, ...operands], window)];
  },
  saves: ({ activation }) => ({ inputs: [0, 1], outputs: activation === "relu" ? [0] : [] }),
  gradient: ({ inputs: [x, weight], outputs: [y], specs, attributes, needs }, [dy]) => {
    const { activation, ...geometry } = attributes;
    const d = activation === "relu" ? throughRelu(dy, y) : dy;
    const [imageShape, filterShape] = [specs[0].shape, specs[1].shape];
    const dx = needs[0] ? convInputGradient([d, weight], { ...geometry, image: imageShape }) : null;
    if (!needs[1] && !needs[2]) return [dx, null, null];
    const [dw, db] = convWeightGradients(x, d, {
      ...geometry,
      kernel: filterShape.slice(2),
      bias: needs[2],
    });
    return [dx, dw, needs[2] ? db : null];
  },
});
