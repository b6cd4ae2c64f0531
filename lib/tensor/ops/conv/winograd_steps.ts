/**
 * The first part of `winograd.ts` in steps of an op each, for devices that have no room for all of it at once: what is
 * transformed takes more than twice the bytes.
 *
 * @module
 */
import { blockSize } from "../../layout.ts";
import { defineOp, type Op } from "../../op.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { planeSums } from "../channel.ts";
import { products, productsShape, type Side, transformed, transformedShape } from "./winograd.ts";

/** An image at the points, and, if asked for, the sums of its planes, `[N, C]`. */
const transform: Op<[Tensor], { side: Side; sums: boolean }> = defineOp<
  [Tensor],
  { side: Side; sums: boolean }
>({
  name: "conv2dWinogradTransform",
  shaped: true,
  layout: () => blockSize() > 1,
  infer: ([{ dtype, shape }], { sums }) => {
    const points = { dtype, shape: transformedShape(shape) };
    return sums ? [points, { dtype, shape: shape.slice(0, 2) }] : [points];
  },
  graph: (g, [x], { attributes: { side, sums }, inputs: [{ shape, blocked = false }] }) => {
    const points = transformed(g, blocked ? x : g.blocked("ReorderInput", [x]), shape, side);
    return sums ? [points, planeSums(g, x, shape, blocked)] : [points];
  },
});

/** `[gradient, image]` at the points → products, in one row. */
const multiply: Op<[Tensor, Tensor], { image: Shape; small: Shape }> = defineOp({
  name: "conv2dWinogradProducts",
  infer: ([{ dtype }], { image, small }) => {
    const shape = productsShape(image, small);
    return [{ dtype, shape: [1, sizeOf(shape)], graphShape: shape }];
  },
  graph: (g, [gradient, image], { attributes }) => [
    products(g, gradient, image, attributes.image, attributes.small),
  ],
});

/** The partial sum of {@link winograd} and, if asked for, the sums of the gradient's planes. */
export function winogradParts(x: Tensor, dy: Tensor, sums: boolean): [parts: Tensor, planes: Tensor | null] {
  const [gradient, planes = null] = transform.all([dy], { side: "gradient", sums });
  const image = transform([x], { side: "image", sums: false });
  const parts = multiply([gradient, image], { image: x.shape, small: dy.shape });
  gradient.dispose();
  image.dispose();
  return [parts, planes];
}
