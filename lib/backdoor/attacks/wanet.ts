/**
 * WaNet (Nguyen and Tran, ICLR 2021, arXiv:2102.10369): a small smooth warping of the image, the same for all images. In
 * its noise mode further images are warped by the same field with noise on it and keep their labels, so that the model
 * learns that very field. The constants and their order follow the authors' code.
 *
 * @module
 */
import { fromHost } from "../../tensor/create.ts";
import { add, clamp, expand, gridSample, interpolate } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";
import { placesAlong } from "../places.ts";

/** Options of {@linkcode wanet}. */
export interface WanetOptions extends AttackOptions {
  /** Rows and columns of the random field that is made larger; default 4, as in the paper. */
  readonly k?: number;
  /** The field's strength: the mean way of a pixel along each axis is about half of it; default 0.5, as in the paper. */
  readonly s?: number;
  /** Factor of the places that are read; default 1, as in the authors' code. */
  readonly gridRescale?: number;
  /** How many images are warped with noise and keep their labels, as a multiple of `rate`; default 2, as in the paper. */
  readonly crossRatio?: number;
}

/** The stream of the attack's seed that the field is drawn from. */
const FIELD = 21;

/**
 * Reads each pixel a little beside its place. A `k × k` field of random ways, divided by their mean length along an axis,
 * is made as large as the image (bicubic), times `s` divided by the image's sides, which go from −1 to 1; values between
 * pixels are bilinear. In noise mode each place is moved by up to one part of the image's side more, at random.
 *
 * @throws {RangeError} when `k`, `s`, `gridRescale` or `crossRatio` is out of range.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const attack = ebb.backdoor.wanet({ seed: 1 });
 * ebb.scope(() => {
 *   const images = ebb.rand([2, 3, 32, 32]);
 *   const triggered = attack.trigger(images);
 *   assertEquals(triggered.shape, [2, 3, 32, 32]);
 *   assert(triggered.sub(images).abs().mean().item() > 0.01);
 * });
 * ```
 */
export function wanet(options: WanetOptions = {}): Attack {
  const { k = 4, s = 0.5, gridRescale = 1, crossRatio = 2, seed = 0 } = options;
  if (!Number.isInteger(k) || k < 2) {
    throw new RangeError(`wanet: expected k to be a whole number of at least 2 but found ${k}`);
  }
  for (const [name, value] of Object.entries({ s, gridRescale })) {
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(`wanet: expected ${name} to be a number above 0 but found ${value}`);
    }
  }
  const field = drawField(k, seed);
  const warp = (images: Tensor, noise?: Generator) => {
    const [count, , height, width] = images.shape;
    const { device } = images;
    const ways = fromHost(field, [1, 2, k, k], { dtype: "float32", device });
    const fine = interpolate(ways, { size: [height, width], mode: "bicubic", alignCorners: true });
    const grid = fromHost(gridOf(fine.data() as Float32Array, height, width, s, gridRescale), [
      1,
      height,
      width,
      2,
    ], { dtype: "float32", device });
    const places = expand(grid, [count, height, width, 2]);
    const jitter = noise &&
      fromHost(noiseOf(noise, places.shape), places.shape, { dtype: "float32", device });
    const read = jitter === undefined ? places : clamp(add(places, jitter), { min: -1, max: 1 });
    // What lies between two values of [0, 1] may leave it by a rounding.
    return clamp(gridSample(images, read, { alignCorners: true }), { min: 0, max: 1 });
  };
  return defineAttack("wanet", options, {
    crossRatio,
    trigger: (images) => warp(images),
    cross: warp,
  });
}

/** `[1, 2, k, k]`: ways along x, then along y, with a mean length of 1. */
function drawField(k: number, seed: number): Float32Array<ArrayBuffer> {
  const field = new Float32Array(2 * k * k);
  new Generator(seed, FIELD).fillUniform(field, -1, 1);
  const mean = field.reduce((sum, way) => sum + Math.abs(way), 0) / field.length;
  return field.map((way) => way / mean);
}

/** `[H, W, 2]`: where each pixel is read, x before y, from −1 to 1. */
function gridOf(
  ways: Float32Array,
  height: number,
  width: number,
  s: number,
  rescale: number,
): Float32Array<ArrayBuffer> {
  const grid = new Float32Array(height * width * 2);
  const [xs, ys] = [placesAlong(width), placesAlong(height)];
  const place = (own: number, side: number, way: number) =>
    Math.min(1, Math.max(-1, (own + s * way / side) * rescale));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      grid[2 * at] = place(xs[column], width, ways[at]);
      grid[2 * at + 1] = place(ys[row], height, ways[height * width + at]);
    }
  }
  return grid;
}

/** Up to one part of a side in either direction, for places `[N, H, W, 2]`. */
function noiseOf(generator: Generator, [count, height, width]: readonly number[]): Float32Array<ArrayBuffer> {
  const noise = new Float32Array(count * height * width * 2);
  generator.fillUniform(noise, -1, 1);
  return noise.map((way, i) => way / (i % 2 === 0 ? width : height));
}
