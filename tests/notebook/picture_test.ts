/**
 * Images as data URLs.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { pictureUrl } from "../../lib/chart/mod.ts";
import { readPng } from "../chart/png.ts";

Deno.test("pictureUrl() writes a PNG of a grey image, top row first, and clips what is outside 0 to 1", () => {
  assertEquals(readPng(pictureUrl([0, 1, 0.5, 2, -1, NaN], [1, 3, 2])), {
    width: 2,
    height: 3,
    channels: 1,
    samples: [0, 255, 128, 255, 0, 0],
  });
});

Deno.test("pictureUrl() puts red, green and blue of a pixel beside each other", () => {
  const planes = Float32Array.of(1, 0, 0.2, 0.4, 0, 1);
  const { channels, samples } = readPng(pictureUrl(planes, [3, 1, 2]));
  assertEquals([channels, samples], [3, [255, 51, 0, 0, 102, 255]]);
  assertEquals(readPng(pictureUrl(BigInt64Array.of(1n), [1, 1, 1])).samples, [255]);
});

Deno.test("pictureUrl() refuses what is no image, and another number of values", () => {
  for (const shape of [[], [2, 2], [2, 1, 1], [1, 0, 2], [1, 1, 1.5], [1, 1, 1, 1]]) {
    assertThrows(
      () => pictureUrl([0], shape),
      RangeError,
      `pictureUrl: expected an image of shape [1 or 3, height, width] but found [${shape.join(", ")}]`,
    );
  }
  assertThrows(
    () => pictureUrl([0, 1], [3, 1, 1]),
    RangeError,
    "pictureUrl: expected 3 values for an image of shape [3, 1, 1] but found 2",
  );
});
