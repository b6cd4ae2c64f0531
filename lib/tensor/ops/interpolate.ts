/**
 * Resizing of images. It is linear, so its gradient is the transposed of its two matrices, and both are two products a
 * call, which is faster than ONNX Runtime's Resize (0.9 ms against 1.9 for `[32, 64, 16, 16]` to twice the size); for
 * copies of the nearest pixel Resize is faster, and exact.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkFloating } from "./check.ts";
import { type Line, nearestPixels, resizeMatrix, type ResizeMode } from "./resample.ts";

/** Options of {@link interpolate}. One of `size` and `scaleFactor` is needed. */
export interface InterpolateOptions {
  /** Size of the result: height and width, or both in one. */
  size?: number | readonly [number, number];
  /** Factor of the size, rounded down. */
  scaleFactor?: number | readonly [number, number];
  /** Default nearest. */
  mode?: ResizeMode;
  /** The corners' centres stay the corners' centres. Default false: the corners stay. */
  alignCorners?: boolean;
}

type Settings = {
  mode: ResizeMode;
  aligned: boolean;
  rows: Line;
  columns: Line;
  /** The transposed of the map, from new images to old ones. */
  adjoint: boolean;
};

const interpolateOp: Op<[Tensor], Settings> = defineOp<[Tensor], Settings>({
  name: "interpolate",
  infer: ([x], { rows, columns, adjoint }) => {
    const size = adjoint ? [rows.from, columns.from] : [rows.to, columns.to];
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...size] }];
  },
  graph: (g, [x], { attributes, inputs: [{ dtype }] }) => {
    const { mode, rows, columns, adjoint } = attributes;
    if (mode === "nearest" && !adjoint) return [copies(g, x, rows, columns)];
    const left = matrixOf(g, attributes, rows, adjoint, dtype);
    const right = matrixOf(g, attributes, columns, !adjoint, dtype);
    return [
      adjoint
        ? g.node("MatMul", [left, g.node("MatMul", [x, right])])
        : g.node("MatMul", [g.node("MatMul", [left, x]), right]),
    ];
  },
  gradient: ({ attributes }, [dy]) => [interpolateOp([dy], { ...attributes, adjoint: !attributes.adjoint })],
});

/** The weights of a line as a constant `[to, from]`, or transposed. */
function matrixOf(
  g: GraphBuilder,
  { mode, aligned }: Settings,
  line: Line,
  transposed: boolean,
  dtype: DType,
): Value {
  const { from, to } = line;
  const matrix = resizeMatrix(mode, aligned, line);
  if (!transposed) return g.values(matrix, [to, from], dtype);
  const turned = matrix.map((_, i) => matrix[(i % to) * from + Math.floor(i / to)]);
  return g.values(turned, [from, to], dtype);
}

/** Copies of the nearest pixels: by Resize where it agrees about them, else by Gather, which is slow. */
function copies(g: GraphBuilder, x: Value, rows: Line, columns: Line): Value {
  const places = [rows, columns].map(nearestPixels);
  const agree = [rows, columns].every(({ from, to }, i) => {
    const scale = Math.fround(to / from);
    return places[i].every((pixel, at) => Math.floor(Math.fround(at / scale)) === pixel);
  });
  if (!agree) {
    const across = g.node("Gather", [x, g.ints(places[1])], { axis: 3 });
    return g.node("Gather", [across, g.ints(places[0])], { axis: 2 });
  }
  const lead = g.node("Shape", [x], { start: 0, end: 2 });
  const sizes = g.node("Concat", [lead, g.ints([rows.to, columns.to])], { axis: 0 });
  return g.node("Resize", [x, "", "", sizes], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}

/**
 * Images of another size.
 *
 * @param x `[N, C, H, W]`
 * @param options `size` or `scaleFactor`; `mode`: nearest (default), bilinear or bicubic; `alignCorners`
 * @returns `[N, C, ...size]`
 * @throws {RangeError} when `x` holds no images, or the size is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[[0, 2]]]]);
 * using y = x.interpolate({ size: [1, 3], mode: "bilinear", alignCorners: true });
 * assertEquals(y.toArray(), [[[[0, 1, 2]]]]);
 * ```
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { mode = "nearest", alignCorners: aligned = false } = options;
  if (!["nearest", "bilinear", "bicubic"].includes(mode)) {
    throw new RangeError(`interpolate: expected nearest, bilinear or bicubic but found ${mode}`);
  }
  if (x.rank !== 4) {
    throw new RangeError(`interpolate: expected images [N, C, H, W] but found ${showShape(x.shape)}`);
  }
  checkFloating("interpolate", x);
  const [rows, columns] = linesOf(x.shape, options);
  return interpolateOp([x], { mode, aligned, rows, columns, adjoint: false });
}

/** Both axes, from the wanted size or factor. */
function linesOf(shape: Shape, { size, scaleFactor }: InterpolateOptions): Line[] {
  const both = (value: number | readonly number[]) => typeof value === "number" ? [value, value] : value;
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new TypeError("interpolate: expected either size or scaleFactor but found both or neither");
  }
  const factors = scaleFactor === undefined ? null : both(scaleFactor);
  return [0, 1].map((i) => {
    const from = shape[2 + i];
    const to = factors === null ? both(size!)[i] : Math.floor(from * factors[i]);
    if (!Number.isInteger(to) || to < 1 || from < 1) {
      throw new RangeError(
        `interpolate: expected sizes of 1 or more but found ${to} from ${showShape(shape)}` +
          (factors === null ? "" : ` with a factor of ${factors[i]}`),
      );
    }
    return { from, to, step: factors === null ? from / to : 1 / factors[i] };
  });
}
