import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { drawPattern } from "../../../lib/backdoor/attacks/pattern.ts";
import { leakFree } from "../../leak.ts";

const { blend } = ebb.backdoor;

/** Each value of `found` against what `expected` says for its place. */
function assertValues(found: ebb.Tensor, expected: (i: number) => number): void {
  (found.data() as Float32Array).forEach((value, i) => assertAlmostEquals(value, expected(i), 1e-6));
}

Deno.test("blend() lays a fifth of the picture over four fifths of the image", () =>
  leakFree(() => {
    using images = ebb.tensor([0, 0.25, 0.5, 1], { shape: [1, 1, 2, 2] });
    const picture = Float32Array.of(1, 1, 0, 0.5);
    using triggered = blend({ pattern: () => picture }).trigger(images);
    const values = images.data() as Float32Array;
    assertValues(triggered, (i) => 0.8 * values[i] + 0.2 * picture[i]);
  }));

Deno.test("alpha is the picture's share, down to AFT's tenth and up to nothing but the picture", () =>
  leakFree(() => {
    using images = ebb.full([2, 3, 4, 4], 0.5);
    const picture = drawPattern([3, 4, 4]);
    for (const alpha of [0.1, 1]) {
      using triggered = blend({ alpha }).trigger(images);
      assertValues(triggered, (i) => (1 - alpha) * 0.5 + alpha * picture[i % picture.length]);
    }
  }));

Deno.test("the default picture has values of [0, 1], in colour or in the grey of it, at every size", () => {
  for (const [height, width] of [[28, 28], [32, 32], [17, 40]]) {
    const colour = drawPattern([3, height, width]);
    const grey = drawPattern([1, height, width]);
    const size = height * width;
    assert(colour.every((value) => value >= 0 && value <= 1));
    assert(new Set(grey).size > 3, "more than one shade");
    grey.forEach((value, i) =>
      assertAlmostEquals(
        value,
        0.299 * colour[i] + 0.587 * colour[size + i] + 0.114 * colour[2 * size + i],
        1e-6,
      )
    );
  }
});

Deno.test("a picture of another size is resized, and may be freed before", () =>
  leakFree(() => {
    const picture = ebb.full([1, 3, 5], 0.5);
    const attack = blend({ pattern: picture, alpha: 0.5 });
    picture.dispose();
    using images = ebb.ones([1, 1, 8, 8]);
    using triggered = attack.trigger(images);
    assertValues(triggered, () => 0.75);
  }));

Deno.test("blend() refuses shares and pictures that do not fit", () => {
  for (const alpha of [0, 1.5, NaN]) {
    assertThrows(
      () => blend({ alpha }),
      RangeError,
      `blend: expected alpha above 0 and of at most 1 but found ${alpha}`,
    );
  }
  using flat = ebb.ones([4, 4]);
  assertThrows(() => blend({ pattern: flat }), RangeError, "blend: expected a float32 picture [C, H, W]");
  using grey = ebb.ones([1, 4, 4]);
  using images = ebb.ones([1, 3, 4, 4]);
  assertThrows(
    () => blend({ pattern: grey }).trigger(images),
    RangeError,
    "blend: expected a picture of 3 channels but found 1",
  );
});
