/**
 * The gradient of a convolution with respect to its image, which is also the transposed convolution. Where channels
 * fill blocks it is itself a blocked convolution, with the filter turned around; stride 2 becomes four
 * convolutions by the taps that reach each parity of row and column. Everything else is ONNX's `ConvTranspose`.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../../ort/mod.ts";
import { blockSize } from "../../layout.ts";
import { defineOp, type Op, type Spec } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { flippedFilter, tapsFilter } from "./filters.ts";
import { conv } from "./forward.ts";
import { blockedConvolution, blocksFor, type ConvAttributes, fillsBlocks } from "./geometry.ts";
import { convWeightGradients } from "./weight_gradient.ts";

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
  halves: true,
  shaped: true,
  // Where the stride is 2, results of several convolutions are put together.
  rows: ([dy, weight], attributes) => attributes.stride[0] > 1 && formOf(dy, weight, attributes) !== "plain",
  whole: [1],
  layout: ([dy, weight], attributes) => formOf(dy, weight, attributes) !== "plain",
  infer: ([dy, weight], attributes) => {
    const form = formOf(dy, weight, attributes);
    const { image } = attributes;
    const spec: Spec = { dtype: dy.dtype, shape: image, blocked: form !== "plain" };
    // Rows of each parity side by side.
    const [lines, width] = [image[0] * image[1] * image[2] / 2 / blockSize(), image[3] * blockSize()];
    return [form === "parity" || form === "spread" ? { ...spec, graphShape: [lines, 2, width] } : spec];
  },
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
        ? convWeightGradients(d, dy, { ...geometry, kernel: specs[1].shape.slice(2), bias: false })[0]
        : null,
    ];
  },
});

function blockedGraph(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  { stride, padding }: Attributes,
  filter: Shape,
  small: Shape,
): Value {
  const B = blockSize();
  const [o, c, kh, kw] = filter;
  const [n, , rows, columns] = small;
  if (stride[0] === 1) {
    const [top, left] = [kh - 1 - padding[0], kw - 1 - padding[1]];
    return g.blocked(
      "Conv",
      [dy, flippedFilter(g, w, filter, B)],
      blockedConvolution([kh, kw], [1, 1], [top, left, top, left]),
    );
  }
  const lines = n * c / B * rows;
  if (kh === 3) {
    // An even row or column is reached by the middle tap, an odd one by the last and the first.
    const reached = [[1], [2, 0]];
    const parities = reached.map((down, odd) => {
      const halves = reached.map((across, right) => {
        const filter = tapsFilter(g, w, [o, c], down, across, B);
        const window = blockedConvolution([down.length, across.length], [1, 1], [0, 0, odd, right]);
        return g.node("Reshape", [g.blocked("Conv", [dy, filter], window), g.ints([lines * columns, 1, B])]);
      });
      return g.node("Reshape", [g.node("Concat", halves, { axis: 1 }), g.ints([lines, 1, 2 * columns * B])]);
    });
    return g.node("Concat", parities, { axis: 1 });
  }
  // 1×1, stride 2: the values go to even rows and columns, zeros to the others.
  const values = g.blocked(
    "Conv",
    [dy, flippedFilter(g, w, filter, B)],
    blockedConvolution([1, 1], [1, 1], [0, 0, 0, 0]),
  );
  const across = g.node("Reshape", [values, g.ints([lines, columns, B])]);
  const padded = g.node("Concat", [across, zerosLike(g, across)], { axis: 2 });
  const even = g.node("Reshape", [padded, g.ints([lines, 1, 2 * columns * B])]);
  return g.node("Concat", [even, zerosLike(g, even)], { axis: 1 });
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
