/**
 * Images read along a grid of places (spatial transformers, Jaderberg et al., 2015), as warping attacks need it. Forward
 * is ONNX's GridSample; both gradients are one call.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import { type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { GridGradient, type GridSettings, type GridSizes } from "./grid_gradient.ts";

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** Between pixels: bilinear (default), or the nearest one. */
  mode?: "bilinear" | "nearest";
  /** Outside: zeros (default), the border's pixels, or the image reflected. */
  paddingMode?: "zeros" | "border" | "reflection";
  /** −1 and 1 are the centres of the outer pixels; default false: their outer edges. */
  alignCorners?: boolean;
}

const gridSampleOp: Op<[Tensor, Tensor], GridSettings> = defineOp<[Tensor, Tensor], GridSettings>({
  name: "gridSample",
  infer: ([x, grid]) => [{
    dtype: x.dtype,
    shape: [x.shape[0], x.shape[1], grid.shape[1], grid.shape[2]],
  }],
  graph: (g, [x, grid], { attributes: { mode, padding, aligned } }) => [
    g.node("GridSample", [x, grid], {
      mode: mode === "bilinear" ? "linear" : mode,
      padding_mode: padding,
      align_corners: aligned ? 1 : 0,
    }),
  ],
  saves: { inputs: [0, 1] },
  gradient: ({ inputs: [x, grid], attributes, needs: [image, places] }, [dy]) => {
    const found = gridSampleBackwardOp.all([dy, x, grid], { ...attributes, image, places });
    return [image ? found.shift()! : null, places ? found.shift()! : null];
  },
});

type BackwardSettings = GridSettings & { image: boolean; places: boolean };

function sizesOf(x: Shape, grid: Shape): GridSizes {
  const [batch, channels, height, width] = x;
  return { batch, channels, height, width, samples: grid[1] * grid[2] };
}

const gridSampleBackwardOp = defineOp<[Tensor, Tensor, Tensor], BackwardSettings>({
  name: "gridSampleBackward",
  shaped: true,
  sequential: true,
  infer: ([, x, grid], { image, places }) => {
    const { batch, channels, height, width, samples } = sizesOf(x.shape, grid.shape);
    const specs: Spec[] = [];
    if (image) specs.push({ dtype: x.dtype, shape: x.shape, graphShape: [batch, channels, height * width] });
    if (places) specs.push({ dtype: x.dtype, shape: grid.shape, graphShape: [batch * samples, 2] });
    return specs;
  },
  graph: (g, [dy, x, grid], { attributes, inputs }) => {
    const sizes = sizesOf(inputs[1].shape, inputs[2].shape);
    const gradient = new GridGradient(g, dy, grid, inputs[0].dtype, sizes, attributes);
    const outputs = [];
    if (attributes.image) outputs.push(gradient.images());
    if (attributes.places) outputs.push(gradient.grid(x));
    return outputs;
  },
});

/**
 * Images read at the places of a grid.
 *
 * @param x `[N, C, H, W]`
 * @param grid `[N, P, Q, 2]`: for each new pixel the place `(x, y)` that it is read from, −1 to 1 from edge to edge
 * @returns `[N, C, P, Q]`
 * @throws {RangeError | TypeError} when shapes or types do not fit, or an option is unknown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[1, 2, 3]]]]);
 * using grid = ebb.tensor([[[[0, 0], [-0.5, 0]]]]);
 * using y = x.gridSample(grid, { alignCorners: true });
 * assertEquals(y.toArray(), [[[[2, 1.5]]]]);
 * ```
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  const { mode = "bilinear", paddingMode: padding = "zeros", alignCorners: aligned = false } = options;
  if (x.rank !== 4 || grid.rank !== 4 || grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0]) {
    throw new RangeError(
      `gridSample: expected images [N, C, H, W] and a grid [N, P, Q, 2] but found ${
        showShape(x.shape)
      } and ` +
        showShape(grid.shape),
    );
  }
  if (!isFloating(x.dtype) || grid.dtype !== x.dtype) {
    throw new TypeError(
      `gridSample: expected images and a grid of one floating type but found ${x.dtype} and ${grid.dtype}`,
    );
  }
  if (!["bilinear", "nearest"].includes(mode)) {
    throw new RangeError(`gridSample: expected bilinear or nearest but found ${mode}`);
  }
  if (!["zeros", "border", "reflection"].includes(padding)) {
    throw new RangeError(`gridSample: expected zeros, border or reflection but found ${padding}`);
  }
  return gridSampleOp([x, grid], { mode, padding, aligned });
}
