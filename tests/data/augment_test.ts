/**
 * Augmentation, against the plain definition of each: pad and cut, mirror, turn.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { augment, type Augmentation, randomCrop, randomFlip, randomRotate } from "../../lib/data/augment.ts";
import { flip, rotate, shift } from "../../lib/data/image.ts";
import { Generator } from "../../lib/tensor/random.ts";

/** A batch of two images with two planes of 4×5 different numbers, none 0. */
const shape = [2, 2, 4, 5];
const batch = () => Float32Array.from({ length: 2 * 2 * 4 * 5 }, (_, i) => i + 1);
const second = { at: 40, planes: 2, height: 4, width: 5 };

/** The number at a place, 0 outside: what padding with zeros means. */
function pixel(images: Float32Array, [n, c, y, x]: number[]): number {
  const [, planes, height, width] = shape;
  if (y < 0 || x < 0 || y >= height || x >= width) return 0;
  return images[((n * planes + c) * height + y) * width + x];
}

/** Every place of the second image. */
function* places(): Iterable<number[]> {
  for (let c = 0; c < 2; c++) for (let y = 0; y < 4; y++) for (let x = 0; x < 5; x++) yield [1, c, y, x];
}

Deno.test("shift() is padding with zeros and cutting out, for every distance, and touches no other image", () => {
  for (let down = -6; down <= 6; down++) {
    for (let right = -7; right <= 7; right++) {
      const images = batch();
      shift(images, second, down, right);
      assertEquals(images.subarray(0, 40), batch().subarray(0, 40));
      for (const [n, c, y, x] of places()) {
        assertEquals(
          pixel(images, [n, c, y, x]),
          pixel(batch(), [n, c, y - down, x - right]),
          `${down} ${right}`,
        );
      }
    }
  }
});

Deno.test("flip() mirrors rows of odd and even width, and twice is nothing", () => {
  const images = batch();
  flip(images, second);
  for (const [n, c, y, x] of places()) {
    assertEquals(pixel(images, [n, c, y, x]), pixel(batch(), [n, c, y, 4 - x]));
  }
  assertEquals(images.subarray(0, 40), batch().subarray(0, 40));
  flip(images, second);
  assertEquals(images, batch());
  const even = Float32Array.of(1, 2, 3, 4);
  flip(even, { at: 0, planes: 1, height: 1, width: 4 });
  assertEquals(even, Float32Array.of(4, 3, 2, 1));
});

Deno.test("rotate() by quarter turns moves every pixel counter-clockwise", () => {
  const image = { at: 0, planes: 1, height: 3, width: 3 };
  const turned = (degrees: number) => {
    const images = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    rotate(images, image, degrees, new Float32Array(9));
    return [...images].map((x) => Math.round(x * 1e4) / 1e4);
  };
  assertEquals(turned(0), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(turned(90), [3, 6, 9, 2, 5, 8, 1, 4, 7]);
  assertEquals(turned(-90), [7, 4, 1, 8, 5, 2, 9, 6, 3]);
  assertEquals(turned(180), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

Deno.test("rotate() interpolates between four neighbours and brings in zeros", () => {
  const images = new Float32Array(25).fill(1);
  rotate(images, { at: 0, planes: 1, height: 5, width: 5 }, 45, new Float32Array(25));
  assertAlmostEquals(images[12], 1, 1e-6);
  // The corner comes from (2 − 2√2, 2): 0.828 pixels outside.
  assertAlmostEquals(images[0], 1 - (2 * Math.SQRT2 - 2), 1e-6);
  const plane = Float32Array.from({ length: 49 }, (_, i) => 2 * (i % 7) + 3 * Math.floor(i / 7));
  rotate(plane, { at: 0, planes: 1, height: 7, width: 7 }, 30, new Float32Array(49));
  // Bilinear interpolation of a linear function is exact: row 2, column 3 comes from the centre + (0.5, −0.866).
  assertAlmostEquals(plane[2 * 7 + 3], 2 * (3 + 0.5) + 3 * (3 - Math.sqrt(0.75)), 1e-5);
});

Deno.test("augment() varies every image on its own, the same for the same seed", () => {
  const all = [randomCrop({ padding: 2 }), randomFlip(), randomRotate({ degrees: 10 })];
  const run = (seed: number) => {
    const images = new Float32Array(8 * 3 * 6 * 6).map((_, i) => i % 108);
    augment(images, [8, 3, 6, 6], all, new Generator(seed));
    return images;
  };
  assertEquals(run(1), run(1));
  assert(run(1).some((x, i) => x !== run(2)[i]));
  const images = Array.from({ length: 8 }, (_, n) => run(1).subarray(n * 108, (n + 1) * 108).join());
  assertEquals(new Set(images).size, 8);
});

Deno.test("augment() varies the share of images that the probability says", () => {
  const changed = (augmentation: Augmentation) => {
    const images = new Float32Array(4000 * 4).map((_, i) => i % 4 + 1);
    augment(images, [4000, 1, 2, 2], [augmentation], new Generator(9));
    let count = 0;
    for (let at = 0; at < images.length; at += 4) {
      count += Number(images.subarray(at, at + 4).join() !== "1,2,3,4");
    }
    return count / 4000;
  };
  assertAlmostEquals(changed(randomFlip()), 0.5, 0.03);
  assertAlmostEquals(changed(randomFlip({ probability: 0.2 })), 0.2, 0.03);
  assertEquals(changed(randomFlip({ probability: 0 })), 0);
  assertEquals(changed(randomFlip({ probability: 1 })), 1);
  assertAlmostEquals(changed(randomCrop({ padding: 1 })), 8 / 9, 0.02);
  assertAlmostEquals(changed(randomCrop({ padding: 1, probability: 0.5 })), 4 / 9, 0.03);
  assertAlmostEquals(changed(randomRotate({ degrees: 20, probability: 0.5 })), 0.5, 0.03);
  assertEquals(changed((images) => images.fill(0)), 1);
});

Deno.test("augmentations refuse what is no size, angle, probability or image", () => {
  assertThrows(
    () => randomCrop({ padding: -1 }),
    RangeError,
    "randomCrop: expected padding to be a whole number but found -1",
  );
  assertThrows(
    () => randomRotate({ degrees: 200 }),
    RangeError,
    "randomRotate: expected degrees of 0 to 180 but found 200",
  );
  assertThrows(
    () => randomFlip({ probability: 2 }),
    RangeError,
    "randomFlip: expected a probability of 0 to 1 but found 2",
  );
  assertThrows(
    () => augment(new Float32Array(4), [2, 2], [randomFlip()], new Generator(0)),
    TypeError,
    "augment: expected float32 images [N, C, H, W] but found [2, 2]",
  );
});
