/**
 * The smallest smooth warp that turns clean images into a label: Neural Cleanse's idea for triggers that put nothing on an
 * image but move its pixels, such as those of WaNet, which neither a patch nor an overlay stands for.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Device } from "../../device/mod.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost } from "../../tensor/create.ts";
import { add, expand, gridSample, interpolate, mul, permute, tanh } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { placesAlong } from "../places.ts";
import { checkGrowth, grow, type LearntTrigger, plain, reverseEach, type SearchOptions } from "./search.ts";
import { deviceOf } from "../run.ts";

/** Options of {@linkcode reverseWarps}. */
export interface ReverseWarpsOptions extends SearchOptions {
  /** How far a pixel may move in the first step, in pixels, above 0; default 0.3. */
  readonly reach?: number;
  /** What that is multiplied by in each step, until it is half the image; default 1.05. */
  readonly growth?: number;
  /** The learning rate of the field; default 0.1. */
  readonly lr?: number;
}

/** A warp as it was found for a label. */
export interface ReversedWarp {
  /** What images with it are taken for. */
  readonly label: number;
  /** `[2, 5, 5]`, row-major: how far pixels are moved along x, then along y, as a share of `reach`; bicubic between. */
  readonly field: Float32Array;
  /** The most that a pixel may move, in pixels. */
  readonly reach: number;
  /** The mean way of the field, in pixels. */
  readonly norm: number;
  /** Share of the images that it turns into the label, 0 to 1. */
  readonly success: number;
  /** See `anomalyIndices`; above 2 is conspicuous. */
  readonly anomaly: number;
}

const DEFAULTS = { batchSize: 64, success: 0.95, reach: 0.3, growth: 1.05, lr: 0.1 };

type Settings = typeof DEFAULTS & ReverseWarpsOptions;

/** Rows and columns of a field. */
const SIDE = 5;
/** How far the values of a field lie apart in the beginning, before they are squeezed into [−1, 1]. */
const SPREAD = 0.3;

/**
 * Reverse-engineers for every label the smallest smooth warp that turns clean images into it. While the field is learnt
 * pixels may move further and further, until it works or they move through half the image.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] with labels
 * @returns a warp a label, plain data.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 20, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const warps = await ebb.backdoor.reverseWarps(model, clean, { growth: 2, progress: false });
 * assert(warps.every(({ norm }) => norm <= 28 / 2));
 * ```
 */
export function reverseWarps(
  model: Module,
  clean: Dataset,
  options: ReverseWarpsOptions = {},
): Promise<ReversedWarp[]> {
  const settings = { ...DEFAULTS, ...options };
  return reverseEach("reverseWarps", model, clean, settings, (frozen, label) => {
    check(settings);
    return search(frozen, clean, label, settings);
  });
}

/** A warp that is learnt; how far it may move pixels is set, not learnt. */
export class Warp implements LearntTrigger {
  readonly #field: Tensor;
  /** `[H, W, 2]`: where each pixel is, x before y. */
  readonly #places: Float32Array<ArrayBuffer>;
  /** The most that a pixel may move, in pixels. */
  reach: number;

  /**
   * @param shape `[C, H, W]` of an image
   * @param start a field of [−1, 1], or the seed of a random one
   */
  constructor(shape: readonly number[], reach: number, start: Float32Array | number, device?: Device) {
    this.reach = reach;
    const [xs, ys] = [placesAlong(shape[2]), placesAlong(shape[1])];
    this.#places = Float32Array.from(ys.flatMap((y) => xs.flatMap((x) => [x, y])));
    const values = new Float32Array(2 * SIDE * SIDE);
    if (typeof start === "number") new Generator(start).fillNormal(values);
    const loose = typeof start === "number"
      ? values.map((value) => SPREAD * value)
      : values.map((_, i) => Math.atanh(0.999 * start[i]));
    this.#field = fromHost(loose, [1, 2, SIDE, SIDE], { dtype: "float32", device });
    this.#field.requiresGrad = true;
  }

  get parameters(): Tensor[] {
    return [this.#field];
  }

  put(images: Tensor): Tensor {
    const [count, , height, width] = images.shape;
    const { device } = images;
    const units = fromHost(Float32Array.of(2 / (width - 1), 2 / (height - 1)), [1, 2, 1, 1], {
      dtype: "float32",
      device,
    });
    const ways = mul(mul(tanh(this.#field), this.reach), units);
    const fine = interpolate(ways, { size: [height, width], mode: "bicubic", alignCorners: true });
    const own = fromHost(this.#places, [1, height, width, 2], { dtype: "float32", device });
    const grid = add(permute(fine, [0, 2, 3, 1]), own);
    const all = expand(grid, [count, height, width, 2]);
    return gridSample(images, all, { paddingMode: "border", alignCorners: true });
  }

  /** What was learnt so far. */
  found(success: number): Omit<ReversedWarp, "label" | "anomaly"> {
    const { reach } = this;
    const field = plain(() => tanh(this.#field));
    const mean = field.reduce((sum, way) => sum + Math.abs(way), 0) / field.length;
    return { field, reach, norm: reach * mean, success };
  }

  [Symbol.dispose](): void {
    this.#field.dispose();
  }
}

async function search(model: Module, clean: Dataset, label: number, settings: Settings) {
  const device = deviceOf(model);
  const { shape } = clean.fields[0];
  using warp = new Warp(shape, settings.reach, label, device);
  const success = await grow(model, clean, label, warp, {
    ...settings,
    least: settings.reach,
    most: Math.min(...shape.slice(1)) / 2,
    allow: (reach) => warp.reach = reach,
  });
  return warp.found(success);
}

function check({ reach, growth }: Settings): void {
  if (!(reach > 0 && reach < Infinity)) {
    throw new RangeError(`reverseWarps: expected a reach above 0 but found ${reach}`);
  }
  checkGrowth("reverseWarps", growth);
}
