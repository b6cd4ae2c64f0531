import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { badnets, defineAttack, derOf, evaluate } = ebb.backdoor;

/** Three scores a picture: its three pixels. What it is taken for is the brightest one. */
class Pixels extends ebb.nn.Module {
  override forward(images: ebb.Tensor): ebb.Tensor {
    return ebb.reshape(images, [images.shape[0], 3]);
  }
}

/** Always the first class. */
class Zero extends ebb.nn.Module {
  override forward(images: ebb.Tensor): ebb.Tensor {
    return ebb.reshape(ebb.mul(images, -0), [images.shape[0], 3]);
  }
}

/** Pictures of 1 × 3 pixels that are taken for `seen`, with labels. */
function pictures(seen: number[], labels: number[]) {
  const images = seen.flatMap((label) => [0, 1, 2].map((pixel) => pixel === label ? 0.5 : 0));
  using x = ebb.tensor(images, { shape: [seen.length, 1, 1, 3] });
  using y = ebb.tensor(labels, { dtype: "int64" });
  return ebb.data.fromTensors([x, y], { classes: ["a", "b", "c"] });
}

const first = defineAttack("first", { target: 0 }, {
  trigger: (images) => {
    const light = ebb.tensor([1, 0, 0], { shape: [1, 1, 1, 3] });
    return ebb.maximum(images, light);
  },
});

Deno.test("ASR and RA leave out images of the target class, ACC does not", () =>
  leakFree(async () => {
    // Classes 0, 0, 1, 2, 2; the last one is not recognised.
    const test = pictures([0, 0, 1, 2, 1], [0, 0, 1, 2, 2]);
    const [infected, deaf] = await evaluate({ infected: new Pixels(), deaf: new Zero() }, test, first);
    assertEquals(infected, { model: "infected", attack: "first", rate: 0.1, acc: 4 / 5, asr: 1, ra: 0 });
    // Says 0 to everything: all of the target class are right, and all others count as fooled.
    assertEquals([deaf.acc, deaf.asr, deaf.ra], [2 / 5, 1, 0]);
    assertAlmostEquals(deaf.der!, (1 - 2 / 5) / 2);
  }));

Deno.test("RA is the share of triggered images that keep their true class", () =>
  leakFree(async () => {
    const none = defineAttack("none", { target: 0 }, { trigger: (images) => ebb.mul(images, 1) });
    const [row] = await evaluate({ model: new Pixels() }, pictures([0, 0, 1, 2, 1], [0, 1, 1, 2, 2]), none);
    // Of the four that are not of class 0 one is taken for it, two are right.
    assertEquals([row.asr, row.ra], [1 / 4, 2 / 4]);
  }));

Deno.test("all-to-all counts every image, with the class after its own", () =>
  leakFree(async () => {
    const next = defineAttack("next", { target: "next" }, { trigger: (images) => ebb.roll(images, 1, 3) });
    const [row] = await evaluate({ model: new Pixels() }, pictures([0, 1, 2, 2], [0, 1, 2, 0]), next);
    // Each picture is seen one class further; the last is of class 0 and seen as 0: its goal was 1.
    assertEquals([row.acc, row.asr, row.ra], [3 / 4, 3 / 4, 1 / 4]);
  }));

Deno.test("derOf() pays for attack success lost, charges for accuracy lost, and rewards no gain", () => {
  const before = { acc: 0.9, asr: 1 };
  assertAlmostEquals(derOf(before, { acc: 0.9, asr: 0 }), 1);
  assertAlmostEquals(derOf(before, { acc: 0.8, asr: 0.5 }), 0.7);
  assertAlmostEquals(derOf(before, { acc: 0.95, asr: 1 }), 0.5);
  assertAlmostEquals(derOf({ acc: 0.9, asr: 0.5 }, { acc: 0.7, asr: 0.6 }), 0.4);
});

Deno.test("evaluate() measures against the first model, and names seed and rate", () =>
  leakFree(async () => {
    const attack = defineAttack("first", { rate: 0.05 }, first.parts);
    const models = { before: new Pixels(), after: new Zero(), same: new Pixels() };
    const rows = await evaluate(models, pictures([0, 1], [0, 1]), attack, { seed: 7 });
    assertEquals(rows.map(({ model, der, rate, seed }) => [model, der, rate, seed]), [
      ["before", undefined, 0.05, 7],
      ["after", 0.25, 0.05, 7],
      ["same", 0.5, 0.05, 7],
    ]);
  }));

Deno.test("evaluate() leaves a model in the mode that it was in", async () => {
  const model = new Pixels();
  model.train();
  await evaluate({ model }, pictures([0, 1], [0, 1]), first);
  assertEquals(model.training, true);
});

Deno.test("evaluate() says what it cannot measure", async () => {
  const model = new Pixels();
  const test = pictures([0, 1], [0, 1]);
  await assertRejects(
    () => evaluate({}, test, first),
    RangeError,
    "expected at least one model but found none",
  );
  await assertRejects(
    () => evaluate({ model }, test, badnets({ target: 5 })),
    RangeError,
    "badnets: expected a target of 0 to 2 but found 5",
  );
  await assertRejects(
    () => evaluate({ model }, pictures([0, 0], [0, 0]), first),
    RangeError,
    "evaluate: expected images of other classes than the target 0 but found none",
  );
  await assertRejects(
    () => evaluate({ model }, test, badnets()),
    RangeError,
    "badnets: expected images with room for a patch of 3×3",
  );
});
