/**
 * Augmentation: small values that say how images are varied, and the function that does it to a batch in host memory.
 * Values rather than functions, so that a worker can be handed them; what they do follows from the generator alone.
 *
 * @module
 */
import { showShape } from "../tensor/shape.ts";
import type { Generator } from "../tensor/random.ts";
import { flip, type ImagePlace, rotate, shift } from "./image.ts";

/** Moves images by whole pixels; see {@linkcode randomCrop}. */
export interface RandomCrop {
  /** Tells augmentations apart. */
  readonly kind: "randomCrop";
  /** The most pixels by which an image moves in each direction. */
  readonly padding: number;
  /** How likely an image is to be varied. */
  readonly probability: number;
}

/** Mirrors images; see {@linkcode randomFlip}. */
export interface RandomFlip {
  /** Tells augmentations apart. */
  readonly kind: "randomFlip";
  /** How likely an image is to be varied. */
  readonly probability: number;
}

/** Turns images; see {@linkcode randomRotate}. */
export interface RandomRotate {
  /** Tells augmentations apart. */
  readonly kind: "randomRotate";
  /** The most degrees by which an image turns either way. */
  readonly degrees: number;
  /** How likely an image is to be varied. */
  readonly probability: number;
}

/**
 * One way of varying images: a value of this file, or a function that changes a batch `[N, C, H, W]` in place and takes
 * what is random from the generator.
 */
export type Augmentation =
  | RandomCrop
  | RandomFlip
  | RandomRotate
  | ((images: Float32Array, shape: readonly number[], generator: Generator) => void);

/**
 * Pads images with `padding` zeros on every side and cuts out a random window of their size.
 *
 * @param options `probability`: how likely an image is to be varied; default 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(ebb.data.randomCrop({ padding: 4 }), { kind: "randomCrop", padding: 4, probability: 1 });
 * ```
 */
export function randomCrop(options: { padding: number; probability?: number }): RandomCrop {
  const { padding, probability = 1 } = options;
  if (!Number.isInteger(padding) || padding < 0) {
    throw new RangeError(`randomCrop: expected padding to be a whole number but found ${padding}`);
  }
  return { kind: "randomCrop", padding, probability: checkProbability("randomCrop", probability) };
}

/**
 * Mirrors images left to right.
 *
 * @param options `probability`: how likely an image is to be mirrored; default 0.5
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { augment, randomFlip } = ebb.data;
 * const images = Float32Array.from({ length: 2000 }, (_, i) => i % 2); // 1,000 images of two pixels, 0 and 1
 * augment(images, [1000, 1, 1, 2], [randomFlip()], new ebb.Generator(1));
 * const mirrored = images.filter((pixel, i) => i % 2 === 0 && pixel === 1).length;
 * assertAlmostEquals(mirrored / 1000, 0.5, 0.05); // each image has a lot of its own
 * ```
 */
export function randomFlip(options: { probability?: number } = {}): RandomFlip {
  return { kind: "randomFlip", probability: checkProbability("randomFlip", options.probability ?? 0.5) };
}

/**
 * Turns images about their centre by a random angle, with bilinear interpolation and zeros around.
 *
 * @param options `degrees`: the largest angle either way; `probability`: how likely an image is to be turned; default 1
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { augment, randomRotate } = ebb.data;
 * const image = new Float32Array(9).fill(1);
 * augment(image, [1, 1, 3, 3], [randomRotate({ degrees: 30 })], new ebb.Generator(0));
 * assertEquals(image[4], 1); // the centre stays
 * assert(image[0] < 1); // some of the zeros around have come into the corners
 * ```
 */
export function randomRotate(options: { degrees: number; probability?: number }): RandomRotate {
  const { degrees, probability = 1 } = options;
  if (!(degrees >= 0 && degrees <= 180)) {
    throw new RangeError(`randomRotate: expected degrees of 0 to 180 but found ${degrees}`);
  }
  return { kind: "randomRotate", degrees, probability: checkProbability("randomRotate", probability) };
}

/**
 * Varies a batch of images in place, one augmentation after the other.
 *
 * @param images the batch's elements
 * @param shape `[N, C, H, W]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const images = Float32Array.of(1, 2, 3);
 * const { augment, randomFlip } = ebb.data;
 * augment(images, [1, 1, 1, 3], [randomFlip({ probability: 1 })], new ebb.Generator(0));
 * assertEquals(images, Float32Array.of(3, 2, 1));
 * ```
 */
export function augment(
  images: Float32Array,
  shape: readonly number[],
  augmentations: readonly Augmentation[],
  generator: Generator,
): void {
  if (shape.length !== 4 || !(images instanceof Float32Array)) {
    throw new TypeError(`augment: expected float32 images [N, C, H, W] but found ${showShape(shape)}`);
  }
  for (const augmentation of augmentations) {
    if (typeof augmentation === "function") augmentation(images, shape, generator);
    else vary(images, shape, augmentation, generator);
  }
}

function vary(
  images: Float32Array,
  [count, planes, height, width]: readonly number[],
  augmentation: Exclude<Augmentation, (...args: never[]) => void>,
  generator: Generator,
): void {
  const size = planes * height * width;
  const image: ImagePlace = { at: 0, planes, height, width };
  const copy = augmentation.kind === "randomRotate" ? new Float32Array(size) : images;
  for (; image.at < count * size; image.at += size) {
    if (augmentation.probability < 1 && generator.float() >= augmentation.probability) continue;
    switch (augmentation.kind) {
      case "randomCrop": {
        const { padding } = augmentation;
        shift(
          images,
          image,
          generator.int(2 * padding + 1) - padding,
          generator.int(2 * padding + 1) - padding,
        );
        break;
      }
      case "randomFlip":
        flip(images, image);
        break;
      case "randomRotate":
        rotate(images, image, (2 * generator.float() - 1) * augmentation.degrees, copy);
    }
  }
}

function checkProbability(name: string, probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`${name}: expected a probability of 0 to 1 but found ${probability}`);
  }
  return probability;
}
