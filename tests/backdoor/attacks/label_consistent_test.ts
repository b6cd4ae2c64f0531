import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { infectedDigits, valuesOf } from "../fixture.ts";

const { labelConsistent } = ebb.backdoor;

/** Never asked by what these tests do. */
const model = new ebb.nn.Identity();

Deno.test("labelConsistent() puts Turner's pattern into all four corners, the right ones mirrored", () =>
  leakFree(() => {
    using images = ebb.full([1, 1, 7, 8], 0.5);
    using triggered = labelConsistent({ model }).trigger(images);
    const h = 0.5;
    assertEquals(triggered.toArray(), [[[
      [1, 0, 0, h, h, 0, 0, 1],
      [0, 1, 0, h, h, 0, 1, 0],
      [1, 0, 1, h, h, 1, 0, 1],
      [h, h, h, h, h, h, h, h],
      [1, 0, 0, h, h, 0, 0, 1],
      [0, 1, 0, h, h, 0, 1, 0],
      [1, 0, 1, h, h, 1, 0, 1],
    ]]]);
  }));

Deno.test("a smaller amplitude is added to pixels and taken from them, within [0, 1]", () =>
  leakFree(() => {
    using images = ebb.full([2, 3, 6, 6], 0.9);
    using triggered = labelConsistent({ model, amplitude: 0.25 }).trigger(images);
    const row = (triggered.toArray() as number[][][][])[1][2][0];
    [1, 0.65, 0.65, 0.65, 0.65, 1].forEach((value, i) => assertAlmostEquals(row[i], value, 1e-6));
  }));

Deno.test("poisoned images are of the target class, keep their labels, and are noise that the model errs on", async () => {
  const { model, test } = await infectedDigits();
  const epsilon = 0.1;
  const before = valuesOf(model);
  const attack = labelConsistent({ model, target: 3, rate: 0.04, epsilon, stepSize: 0.02, steps: 10 });
  const poisoned = leakFree(() => attack.poison(test));
  assertEquals(poisoned.poisoned.length, 20);
  assertEquals(poisoned.labels(), test.labels());
  assert(poisoned.poisoned.every((row) => test.labels()[row] === 3));
  const [[own], [changed]] = [test, poisoned].map((set) => set.gather(poisoned.poisoned));
  (changed.data as Float32Array).forEach((value, i) => {
    const [row, column] = [Math.floor(i / 28) % 28, i % 28];
    const corner = (row < 3 || row > 24) && (column < 3 || column > 24);
    assert(corner || Math.abs(value - (own.data as Float32Array)[i]) <= epsilon + 1e-6);
    assert(value >= 0 && value <= 1);
  });
  const part = (set: typeof test) => ebb.accuracy(model, set.subset({ indices: poisoned.poisoned }));
  const [clean, noisy] = [await part(test), await part(poisoned)];
  assert(clean - noisy > 0.3, `${clean} of the clean ones are recognised, ${noisy} of the poisoned ones`);
  assertEquals(valuesOf(model), before);
});

Deno.test("labelConsistent() refuses amplitudes that are none and images without room", () => {
  assertThrows(
    () => labelConsistent({ model, amplitude: 0 }),
    RangeError,
    "labelConsistent: expected an amplitude above 0 and of at most 1 but found 0",
  );
  using images = ebb.zeros([1, 1, 5, 8]);
  assertThrows(
    () => labelConsistent({ model }).trigger(images),
    RangeError,
    "labelConsistent: expected images of at least 6×6 but found 5×8",
  );
});
