import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";

const { badnets } = ebb.backdoor;

Deno.test("badnets() stamps the checkered patch of Gu et al. into the lower right corner", () =>
  leakFree(() => {
    using images = ebb.full([1, 1, 4, 5], 0.5);
    using triggered = badnets().trigger(images);
    const h = 0.5;
    assertEquals(triggered.toArray(), [[[[h, h, h, h, h], [h, h, 1, 0, 0], [h, h, 0, 1, 0], [
      h,
      h,
      1,
      0,
      1,
    ]]]]);
  }));

Deno.test("badnets() takes another patch and a margin, the same for all images and channels", () =>
  leakFree(() => {
    using images = ebb.full([2, 3, 3, 4], 0.25);
    using triggered = badnets({ patch: [[1, 0.5]], margin: 1 }).trigger(images);
    const q = 0.25;
    const plane = [[q, q, q, q], [q, 1, 0.5, q], [q, q, q, q]];
    assertEquals(triggered.toArray(), [[plane, plane, plane], [plane, plane, plane]]);
  }));

Deno.test("the given images stay as they are", () => {
  using images = ebb.full([1, 1, 4, 4], 0.5);
  badnets().trigger(images).dispose();
  assertEquals(images.sum().item(), 8);
});

Deno.test("badnets() refuses patches and margins that are none", () => {
  const refuses = (options: ebb.backdoor.BadnetsOptions, sentence: string) =>
    assertThrows(() => badnets(options), RangeError, sentence);
  refuses({ patch: [] }, "badnets: expected a rectangular patch");
  refuses({ patch: [[1, 0], [1]] }, "but found [[1,0],[1]]");
  refuses({ patch: [[2]] }, "values of [0, 1]");
  refuses({ margin: -1 }, "expected the margin to be a whole number but found -1");
});

Deno.test("badnets() needs images with room for the patch", () => {
  using images = ebb.zeros([1, 1, 3, 8]);
  assertThrows(
    () => badnets({ margin: 1 }).trigger(images),
    RangeError,
    "badnets: expected images with room for a patch of 3×3 and a margin of 1 but found 3×8",
  );
});
