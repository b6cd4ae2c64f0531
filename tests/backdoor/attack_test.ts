import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { defineAttack } = ebb.backdoor;
const half = { trigger: (images: ebb.Tensor) => images.mul(0.5) };

Deno.test("an attack has the field's defaults: target 0, a tenth, seed 0, labels changed", () => {
  const { name, target, rate, seed, cleanLabel, crossRatio } = defineAttack("half", {}, half);
  assertEquals({ name, target, rate, seed, cleanLabel, crossRatio }, {
    name: "half",
    target: 0,
    rate: 0.1,
    seed: 0,
    cleanLabel: false,
    crossRatio: 0,
  });
});

Deno.test("trigger() records nothing and leaves nothing but its result", () =>
  leakFree(() => {
    using images = ebb.ones([1, 1, 2, 2]);
    images.requiresGrad = true;
    using triggered = defineAttack("half", {}, {
      trigger: (images) => images.mul(2).mul(0.25),
    }).trigger(images);
    assertEquals([triggered.requiresGrad, triggered.data()[0]], [false, 0.5]);
  }));

Deno.test("label() says what a triggered image is to be taken for", () => {
  const one = defineAttack("half", { target: 2 }, half);
  const next = defineAttack("half", { target: "next" }, half);
  assertEquals([0, 1, 2].map((label) => one.label(label, 3)), [2, 2, 2]);
  assertEquals([0, 1, 2].map((label) => next.label(label, 3)), [1, 2, 0]);
  assertThrows(() => one.label(0, 2), RangeError, "half: expected a target of 0 to 1 but found 2");
});

Deno.test("a trigger that leaves the range of images is refused, where it is seen and where it poisons", () =>
  leakFree(() => {
    const bright = defineAttack("bright", { rate: 0.5 }, { trigger: (images) => images.add(1) });
    const sentence = "bright: expected a trigger that gives images with values of [0, 1] but found 1.5";
    using images = ebb.full([2, 1, 2, 2], 0.5);
    using labels = ebb.tensor([0, 1], { dtype: "int64" });
    assertThrows(() => bright.trigger(images), RangeError, sentence);
    assertThrows(() => bright.poison(ebb.data.fromTensors([images, labels])), RangeError, sentence);
  }));

Deno.test("an attack frees what it learnt, at the end of a using too", () => {
  let freed = 0;
  {
    using attack = defineAttack("half", {}, { ...half, dispose: () => void freed++ });
    attack.dispose();
    assertEquals(freed, 1);
  }
  assertEquals(freed, 2);
  defineAttack("half", {}, half).dispose(); // nothing to free
});

Deno.test("crossed images need what crosses them", () => {
  assertThrows(
    () => defineAttack("half", {}, { ...half, crossRatio: 1 }),
    TypeError,
    "half: expected a trigger of no effect, as crossRatio is 1, but found none",
  );
});

Deno.test("images that keep their labels cannot be drawn for each batch", () => {
  assertThrows(
    () => defineAttack("half", {}, { ...half, cleanLabel: true, redrawn: true }),
    TypeError,
    "half: expected images to be the same in every epoch, since labels are kept",
  );
});
