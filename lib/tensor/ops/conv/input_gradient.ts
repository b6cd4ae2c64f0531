/**
 * The gradient of a convolution with respect to its image, which is also the transposed convolution. Where channels
 * fill blocks it is itself a blocked convolution, with the filter turned around; stride 2 becomes four small filters,
 * one for each parity of row and column (`kernels.md`, section 2). Everything else is ONNX's `ConvTranspose`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { defineOp, type Op, type Spec } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { flippedFilter, parityFilter } from "./filters.ts";
import { conv } from "./forward.ts";
import { blockedConvolution, blocksFor, type ConvAttributes, fillsBlocks } from "./geometry.ts";
import { convWeightGradient } from "./weight_gradient.ts";

type Attributes = ConvAttributes & { image: Shape };

/** Which graph serves: by stride 1, by parities, by spreading a 1×1 filter's result, or ONNX's own. */
type Form = "flipped" | "parity" | "spread" | "plain";

function formOf(dy: Tensor, weight: Tensor, { stride, padding, dilation, groups, image }: Attributes): Form {
  const B = blocksFor(dy);
  const [outputs, inputs, kh, kw] = weight.shape;
  if (groups !== 1 || !fillsBlocks(outputs, B) || !fillsBlocks(inputs, B)) return "plain";
  if (dilation[0] !== 1 || dilation[1] !== 1) return "plain";
  if (stride[0] === 1 && stride[1] === 1) return padding[0] < kh && padding[1] < kw ? "flipped" : "plain";
  const even = stride[0] === 2 && stride[1] === 2 && image[2] % 2 === 0 && image[3] % 2 === 0;
  if (even && kh === 3 && kw === 3 && padding[0] === 1 && padding[1] === 1) return "parity";
  if (even && kh === 1 && kw === 1 && padding[0] === 0 && padding[1] === 0) return "spread";
  return "plain";
}

/** `[dy, weight]` → the gradient of the image, of shape `image`. */
export const convInputGradient: Op<[Tensor, Tensor], Attributes> = defineOp<[Tensor, Tensor], Attributes>({
  name: "conv2dInputGradient",
  shaped: true,
  layout: ([dy, weight], attributes) => formOf(dy, weight, attributes) !== "plain",
  infer: ([dy, weight], attributes) => [{
    dtype: dy.dtype,
    shape: attributes.image,
    blocked: formOf(dy, weight, attributes) !== "plain",
  }],
  graph: (g, [dy, w], { attributes, inputs, outputs: [out] }) => {
    if (!out.blocked) return [plainGraph(g, dy, w, attributes, inputs)];
    const source = inputs[0].blocked ? dy : g.blocked("ReorderInput", [dy]);
    return [blockedGraph(g, source, w, attributes, inputs[1].shape, inputs[0].shape)];
  },
  saves: { inputs: [0, 1] },
  gradient: ({ inputs: [dy, weight], specs, attributes, needs }, [d]) => {
    const { image: _image, ...geometry } = attributes;
    return [
      needs[0] ? conv([d, weight, null], { ...geometry, activation: "none" }) : null,
      needs[1]
        ? convWeightGradient([d, dy], { ...geometry, kernel: specs[1].shape.slice(2), bias: false })
        : null,
    ];
  },
});

function blockedGraph(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  { stride, padding, image }: Attributes,
  filter: Shape,
  small: Shape,
): Value {
  const B = blockSize();
  const [, c, kh, kw] = filter;
  const [n, , rows, columns] = small;
  if (stride[0] === 1) {
    const [top, left] = [kh - 1 - padding[0], kw - 1 - padding[1]];
    return g.blocked(
      "Conv",
      [dy, flippedFilter(g, w, filter, B)],
      blockedConvolution([kh, kw], [1, 1], [top, left, top, left]),
    );
  }
  if (kh === 3) {
    const parts = g.blocked(
      "Conv",
      [dy, parityFilter(g, w, filter, B)],
      blockedConvolution([2, 2], [1, 1], [0, 0, 1, 1]),
    );
    const split = g.node("Reshape", [parts, g.ints([n, 2, 2, c / B, rows, columns, B])]);
    const woven = g.node("Transpose", [split], { perm: [0, 3, 4, 1, 5, 2, 6] });
    return g.node("Reshape", [woven, g.ints([...image])]);
  }
  // 1×1, stride 2: the values go to even rows and columns, zeros to the others.
  const values = g.blocked(
    "Conv",
    [dy, flippedFilter(g, w, filter, B)],
    blockedConvolution([1, 1], [1, 1], [0, 0, 0, 0]),
  );
  const across = g.node("Reshape", [values, g.ints([n * c / B * rows, columns, B])]);
  const padded = g.node("Concat", [across, zerosLike(g, across)], { axis: 2 });
  const lines = g.node("Reshape", [padded, g.ints([n * c / B * rows, 2 * columns * B])]);
  const both = g.node("Concat", [lines, zerosLike(g, lines)], { axis: 1 });
  return g.node("Reshape", [both, g.ints([...image])]);
}

function zerosLike(g: GraphBuilder, x: Value): Value {
  return g.node("Expand", [g.scalar(0), g.node("Shape", [x])]);
}

function plainGraph(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  { stride, padding, dilation, groups, image }: Attributes,
  [small, filter]: readonly Spec[],
): Value {
  const kernel = filter.shape.slice(2);
  // Rows and columns that no window reached.
  const beyond = [0, 1].map((i) =>
    image[2 + i] - ((small.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + 1)
  );
  return g.node("ConvTranspose", [dy, w], {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...padding],
    dilations: dilation,
    group: groups,
    output_padding: beyond,
  });
}
