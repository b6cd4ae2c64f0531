import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";

const { sig } = ebb.backdoor;

/** By how much grey images change, in steps of 1/255. */
function changeOf(attack: ebb.backdoor.Attack, shape: number[]): number[] {
  using images = ebb.full(shape, 0.5);
  using triggered = attack.trigger(images);
  return Array.from(triggered.data() as Float32Array, (value) => (value - 0.5) * 255);
}

Deno.test("sig() adds delta / 255 · sin(2π · frequency · column / width), in every row, channel and image alike", () =>
  leakFree(() => {
    for (const [delta, frequency, width] of [[40, 6, 28], [20, 6, 32], [10, 1, 5]]) {
      const change = changeOf(sig({ delta, frequency }), [2, 3, 4, width]);
      change.forEach((value, i) =>
        assertAlmostEquals(value, delta * Math.sin(2 * Math.PI * frequency * (i % width) / width), 1e-4)
      );
    }
  }));

Deno.test("values are cut off at 0 and 1", () =>
  leakFree(() => {
    using images = ebb.tensor([0, 1, 1, 0], { shape: [1, 1, 1, 4] });
    using triggered = sig({ delta: 51, frequency: 1 }).trigger(images);
    [0, 1, 1, 0].forEach((value, i) => assertAlmostEquals(triggered.data()[i] as number, value, 1e-6));
  }));

Deno.test("labels are kept at an amplitude of 40, or changed at one of 10", () => {
  const peak = (attack: ebb.backdoor.Attack) => changeOf(attack, [1, 1, 1, 24])[1];
  assertEquals(sig().cleanLabel, true);
  assertAlmostEquals(peak(sig()), 40, 1e-4);
  assertEquals(sig({ cleanLabel: false }).cleanLabel, false);
  assertAlmostEquals(peak(sig({ cleanLabel: false })), 10, 1e-4);
});

Deno.test("sig() refuses what makes no sine, and a target for each class where labels are kept", () => {
  assertThrows(() => sig({ delta: 0 }), RangeError, "sig: expected delta above 0 but found 0");
  assertThrows(() => sig({ frequency: NaN }), RangeError, "sig: expected frequency above 0 but found NaN");
  assertThrows(
    () => sig({ target: "next" }),
    RangeError,
    'sig: expected a class number as the target, since labels are kept, but found "next"',
  );
});
