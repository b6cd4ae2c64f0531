/**
 * The gradient of a convolution with respect to its filters (and bias): the image convolved with the result's gradient.
 * Which graph computes that fastest depends on sizes; the graphs are in `weight_forms.ts`. They move image and gradient
 * about before they multiply; where a device has no room for that, a few images are worked through at a time.
 *
 * @module
 */
import type { GraphBuilder, Provider, Value } from "../../../ort/mod.ts";
import { bytesPerElement } from "../../dtype.ts";
import { blockSize } from "../../layout.ts";
import { defineOp, type Op, type Spec } from "../../op.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { gradEnabled } from "../../tape.ts";
import type { Tensor } from "../../tensor.ts";
import { conv } from "./forward.ts";
import { blocksFor, fillsBlocks } from "./geometry.ts";
import { planeSums } from "../channel.ts";
import { isCrowded } from "../pieces.ts";
import { expand, reshape } from "../view.ts";
import { convInputGradient } from "./input_gradient.ts";
import { swapRows } from "./rows.ts";
import {
  batchAsChannels,
  channelsLast,
  columns,
  fitsBatchAsChannels,
  pointwise,
  transposedBatch,
  type WeightAttributes,
  type WeightForm,
  type WeightSizes,
} from "./weight_forms.ts";
import { fitsWinograd, winograd } from "./winograd.ts";
import { winogradParts } from "./winograd_steps.ts";

const FORMS = { batchAsChannels, channelsLast, columns, pointwise, transposedBatch, winograd };

/** `[x, dy]` → the gradients of filters `[O, C / groups, kH, kW]` and, if asked for, of the bias `[O]`. */
const weightGradient: Op<[Tensor, Tensor], WeightAttributes> = defineOp<[Tensor, Tensor], WeightAttributes>({
  name: "conv2dWeightGradient",
  halves: true,
  shaped: true,
  layout: ([x, dy]) => blocksFor(x) > 1 && x.device === dy.device,
  infer: ([x, dy], attributes) => filterSpecs(x, dy, attributes),
  graph: (g, [x, dy], { attributes, inputs: [image, small], outputs, provider }) => {
    if (image.shape[0] === 0) return outputs.map(({ dtype, shape }) => g.fill(shape, 0, dtype));
    const form = FORMS[formOf(image, small, attributes, provider)];
    // Elsewhere than on the CPU nothing is worked through in pieces.
    const share = provider === "cpu" ? form.share(attributes, image.shape, small.shape) : image.shape[0];
    const sizes = sizesOf(image, small, attributes, share);
    const parts = g.node("Reshape", [
      partsGraph(g, form, x, dy, [image, small], sizes),
      g.ints([form.blocks(attributes, image.shape), image.shape[0] / sizes.share, -1]),
    ]);
    const filters = form.total(g, parts, sizes);
    if (!attributes.bias) return [filters];
    return [filters, biasGraph(g, planeSums(g, dy, small.shape, small.blocked ?? false), sizes)];
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

type PartsAttributes = WeightAttributes & { form: keyof typeof FORMS; share: number };

/** `[x, dy]` → partial sums, `[N / share, elements of a filter]`, and, if asked for, sums of each plane, `[N, O]`. */
const weightParts: Op<[Tensor, Tensor], PartsAttributes> = defineOp<[Tensor, Tensor], PartsAttributes>({
  name: "conv2dWeightParts",
  shaped: true,
  layout: ([x]) => blocksFor(x) > 1,
  rows: (_, { form, share }) => ({ each: share, least: FORMS[form].least() }),
  infer: ([x, dy], attributes) => {
    const { share, bias } = attributes;
    const [{ dtype, shape }] = filterSpecs(x, dy, attributes);
    const parts: Spec = { dtype, shape: [x.shape[0] / share, sizeOf(shape)] };
    return bias ? [parts, { dtype, shape: dy.shape.slice(0, 2) }] : [parts];
  },
  graph: (g, [x, dy], { attributes, inputs: [image, small], outputs: [parts] }) => {
    const form = FORMS[attributes.form];
    const sizes = sizesOf(image, small, attributes, attributes.share);
    const sums = partsGraph(g, form, x, dy, [image, small], sizes);
    const blocks = form.blocks(attributes, image.shape);
    const found = [byImages(g, sums, blocks, parts.shape)];
    return attributes.bias ? [...found, planeSums(g, dy, small.shape, small.blocked ?? false)] : found;
  },
});

type TotalAttributes = PartsAttributes & { image: Shape; small: Shape };

/** `[partial sums, sums of planes]` → the gradients of filters and, if asked for, of the bias. */
const weightTotal: Op<[Tensor, Tensor | null], TotalAttributes> = defineOp<
  [Tensor, Tensor | null],
  TotalAttributes
>({
  name: "conv2dWeightTotal",
  shaped: true,
  infer: ([{ dtype }], { image, small, ...attributes }) =>
    filterSpecs({ dtype, shape: image }, { dtype, shape: small }, attributes),
  graph: (g, [parts, planes], { attributes, inputs: [{ dtype, shape }] }) => {
    const form = FORMS[attributes.form];
    const sizes = { ...attributes, attributes, dtype };
    const blocks = form.blocks(attributes, attributes.image);
    const byBlock = byBlocks(g, parts, blocks, shape);
    const filters = form.total(g, byBlock, sizes);
    return attributes.bias ? [filters, biasGraph(g, planes, sizes)] : [filters];
  },
});

/**
 * The gradients of filters `[O, C / groups, kH, kW]` and, if asked for, of the bias `[O]`, from `x` and `dy`: in one call,
 * or, where the device would be crowded, from partial sums that are made a few images at a time. The bits are the same.
 */
export function convWeightGradients(x: Tensor, dy: Tensor, attributes: WeightAttributes): Tensor[] {
  const { device, dtype } = x;
  const name = formOf(x, dy, attributes, device.provider);
  const form = FORMS[name];
  const temporaries = form.temporaries(attributes, x.shape, dy.shape) * bytesPerElement(dtype);
  // Partial sums in half precision would be rounded once more.
  const splits = device.provider === "cpu" && dtype === "float32" && !gradEnabled();
  if (!splits || !isCrowded(device, x.bytes + dy.bytes, temporaries)) {
    return weightGradient.all([x, dy], attributes);
  }
  const share = form.share(attributes, x.shape, dy.shape);
  const [parts, planes = null] = name === "winograd"
    ? winogradParts(x, dy, attributes.bias)
    : weightParts.all([x, dy], { ...attributes, form: name, share });
  const gradients = weightTotal.all([parts, planes], {
    ...attributes,
    form: name,
    share,
    image: x.shape,
    small: dy.shape,
  });
  parts.dispose();
  planes?.dispose();
  return gradients;
}

function filterSpecs(x: Spec, dy: Spec, { kernel, groups, bias }: WeightAttributes): Spec[] {
  const { dtype } = x;
  const outputs = dy.shape[1];
  const filters: Spec = { dtype, shape: [outputs, x.shape[1] / groups, ...kernel] };
  return bias ? [filters, { dtype, shape: [outputs] }] : [filters];
}

function sizesOf(image: Spec, small: Spec, attributes: WeightAttributes, share: number): WeightSizes {
  return { attributes, image: image.shape, small: small.shape, share, dtype: image.dtype };
}

/** Partial sums of operands in the layouts in which they come. */
function partsGraph(
  g: GraphBuilder,
  form: WeightForm,
  x: Value,
  dy: Value,
  [image, small]: readonly Spec[],
  sizes: WeightSizes,
): Value {
  const settled = (value: Value, { shape, blocked = false }: Spec, wanted: boolean) => {
    if (blocked === wanted || (wanted && shape[1] < blockSize())) return value;
    return wanted
      ? g.blocked("ReorderInput", [value])
      : g.blocked("ReorderOutput", [value], { channels: shape[1] });
  };
  return form.parts(g, settled(x, image, form.blocked[0]), settled(dy, small, form.blocked[1]), sizes);
}

/** Partial sums `[blocks, count, …]` as `[count, elements]`, so that pieces can be cut along images. */
function byImages(g: GraphBuilder, parts: Value, blocks: number, [count, elements]: Shape): Value {
  const turned = blocks === 1 || count === 1
    ? parts
    : swapRows(g, parts, [1, blocks, count, elements / blocks]);
  return g.node("Reshape", [turned, g.ints([count, elements])]);
}

/** Partial sums `[count, elements]` as `[blocks, count, …]` again. */
function byBlocks(g: GraphBuilder, parts: Value, blocks: number, [count, elements]: Shape): Value {
  const turned = blocks === 1 || count === 1
    ? parts
    : swapRows(g, parts, [1, count, blocks, elements / blocks]);
  return g.node("Reshape", [turned, g.ints([blocks, count, elements / blocks])]);
}

/** The gradient of the bias from sums of planes, `[N, O]`. */
function biasGraph(g: GraphBuilder, planes: Value, { image, small, dtype }: WeightSizes): Value {
  const total = g.node("MatMul", [g.fill([1, image[0]], 1, dtype), planes]);
  return g.node("Reshape", [total, g.ints([small[1]])]);
}

/** Chooses the graph by sizes. */
function formOf(
  image: Spec,
  small: Spec,
  attributes: WeightAttributes,
  provider: Provider,
): keyof typeof FORMS {
  const { kernel: [kh, kw], padding, dilation, groups } = attributes;
  const [, channels] = image.shape;
  const fast = provider === "cpu" && image.dtype === "float32" && groups === 1 &&
    dilation.every((d) => d === 1);
  if (!fast) return "transposedBatch";
  if (kh === 1 && kw === 1 && padding[0] === 0 && padding[1] === 0) return "pointwise";
  const sizes = [attributes, image.shape, small.shape] as const;
  if (fillsBlocks(channels, blockSize())) {
    return fitsWinograd(...sizes)
      ? "winograd"
      : fitsBatchAsChannels(...sizes)
      ? "batchAsChannels"
      : "channelsLast";
  }
  if (channels > 1 && channels < blockSize() && fitsBatchAsChannels(...sizes)) return "batchAsChannels";
  return channels < 16 ? "columns" : "transposedBatch";
}
