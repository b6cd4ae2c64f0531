import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";

const { wanet } = ebb.backdoor;

function triggered(attack: ebb.backdoor.Attack, shape: number[]): number[] {
  const size = shape.reduce((a, b) => a * b);
  using images = ebb.tensor(Float32Array.from({ length: size }, (_, i) => i % 11 / 10), { shape });
  using found = attack.trigger(images);
  return Array.from(found.data() as Float32Array);
}

/** Square images whose values are the columns' places, from 0 to 1. */
function rampOf(side: number, count: number): ebb.Tensor {
  const row = ebb.tensor(Float32Array.from({ length: side }, (_, i) => i / (side - 1)), {
    shape: [1, 1, 1, side],
  });
  return row.expand([count, 1, side, side]);
}

// The same field, upsampled and read by PyTorch: F.interpolate(field, bicubic, align_corners), F.grid_sample(align_corners).
Deno.test("wanet() warps as PyTorch does with the same field", () =>
  leakFree(() => {
    using ramp = ebb.tensor(Float32Array.from({ length: 16 }, (_, i) => i / 15), { shape: [1, 1, 4, 4] });
    using warped = wanet({ k: 2, seed: 3 }).trigger(ramp);
    // deno-fmt-ignore
    const expected = [
      0.0500669, 0.1230539, 0.1971564, 0.2517916, 0.2824928, 0.3587345, 0.4366659, 0.4954459,
      0.5088761, 0.5889469, 0.6713831, 0.7350394, 0.741302, 0.8246274, 0.9108926, 0.9786937,
    ];
    expected.forEach((value, i) => assertAlmostEquals(warped.data()[i] as number, value, 1e-6));
    // Two channels, not square, every option another.
    const other = triggered(wanet({ k: 3, s: 1, gridRescale: 0.8, seed: 5 }), [1, 2, 7, 9]);
    // deno-fmt-ignore
    const first = [0.089599, 0.181653, 0.250919, 0.31947, 0.369902, 0.405195, 0.438098, 0.473314, 0.515546];
    first.forEach((value, i) => assertAlmostEquals(other[i], value, 2e-6));
  }));

Deno.test("all images and channels are warped alike", () =>
  leakFree(() => {
    using plane = ebb.rand([1, 1, 9, 6]);
    using images = ebb.scope(() => plane.expand([2, 3, 9, 6]));
    using warped = wanet().trigger(images);
    const values = warped.data() as Float32Array;
    for (let i = 1; i < 6; i++) assertEquals(values.slice(54 * i, 54 * (i + 1)), values.slice(0, 54));
  }));

Deno.test("the seed decides the field", () =>
  leakFree(() => {
    const shape = [1, 3, 12, 12];
    assertEquals(triggered(wanet({ seed: 1 }), shape), triggered(wanet({ seed: 1 }), shape));
    assertNotEquals(triggered(wanet({ seed: 1 }), shape), triggered(wanet({ seed: 2 }), shape));
  }));

Deno.test("pixels move by a fraction of s on average, and the image stays an image", () =>
  leakFree(() =>
    ebb.scope(() => {
      // A ramp's values are the places that are read.
      const side = 32;
      const ramp = rampOf(side, 1);
      const warped = wanet().trigger(ramp);
      const way = warped.sub(ramp).abs().mean().item() * (side - 1);
      assert(way > 0.1 && way < 0.4, `${way} pixels`);
      assert(warped.min().item() >= 0 && warped.max().item() <= 1);
    })
  ));

Deno.test("noise mode moves each place by up to one part of the side more, at random", () =>
  leakFree(() =>
    ebb.scope(() => {
      const side = 16;
      const ramp = rampOf(side, 3);
      const attack = wanet();
      const noisy = (seed: number) => attack.parts.cross!(ramp, new ebb.Generator(seed), ramp);
      const away = noisy(1).sub(attack.trigger(ramp)).abs();
      // A way of 1 / side, where the sides are 2 apart and the ramp's 1.
      assert(
        away.max().item() <= 0.5 / side + 1e-6 && away.max().item() > 0.4 / side,
        `${away.max().item()}`,
      );
      assertEquals(noisy(1).toArray(), noisy(1).toArray());
      assertNotEquals(noisy(1).toArray(), noisy(2).toArray());
      const [first, second] = noisy(1).chunk(3, 0);
      assertNotEquals(first.toArray(), second.toArray());
    })
  ));

Deno.test("wanet() refuses options out of range", () => {
  const refuses = (options: ebb.backdoor.WanetOptions, sentence: string) =>
    assertThrows(() => wanet(options), RangeError, sentence);
  refuses({ k: 1 }, "wanet: expected k to be a whole number of at least 2 but found 1");
  refuses({ s: 0 }, "wanet: expected s to be a number above 0 but found 0");
  refuses({ gridRescale: Infinity }, "wanet: expected gridRescale to be a number above 0 but found Infinity");
  refuses({ crossRatio: -1 }, "wanet: expected crossRatio to be a number of at least 0 but found -1");
});
