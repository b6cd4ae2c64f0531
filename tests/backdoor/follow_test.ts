/**
 * Figures over a repair, and examples of what it did.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits } from "./fixture.ts";

const { aft, evaluate, examples, follow, neuralCleanse, pbe } = ebb.backdoor;
const SHORT = {
  adversarialEpochs: 1,
  cleanEpochs: 1,
  epsilon: 0.1,
  inspection: null,
  seed: 1,
  progress: false,
} as const;

Deno.test("follow() measures the model before a repair, and after each epoch as evaluate() does", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const few = test.subset({ count: 100, stratified: true, seed: 1 });
  await leakFree(async () => {
    const course = await follow(model, few, attack);
    using repaired = await aft(model, clean, { ...SHORT, onEpoch: course.onEpoch });
    assertEquals(course.rows.map(({ epoch, phase }) => `${epoch} ${phase}`), [
      "0 undefined",
      "1 adversarial",
      "2 clean",
    ]);
    const [before, after] = await evaluate({ model, repaired }, few, attack);
    assertEquals([course.rows[0].acc, course.rows[0].asr], [before.acc, before.asr]);
    // Batch norm's statistics are taken anew after the last epoch.
    assert(Math.abs(course.rows[2].acc - after.acc) < 0.2);
  });
});

Deno.test("follow() counts the rounds of pbe()", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  await leakFree(async () => {
    const course = await follow(model, test.subset({ count: 50 }), attack);
    const rounds = [0.2, 0.4].map((share) => ({ share, adversarialEpochs: 1, cleanEpochs: 0 }));
    using _ = await pbe(model, clean, { ...SHORT, rounds, onRound: course.onRound });
    assertEquals(course.rows.map(({ epoch }) => epoch), [0, 1, 2]);
  });
});

Deno.test("examples() shows the same images in all forms, with what each model takes them for", async () => {
  const { model, test, attack } = await infectedDigits();
  await leakFree(async () => {
    using repaired = model.clone();
    const columns = await examples({ model, repaired }, test, attack, { count: 3, epsilon: 0.2 });
    assertEquals(columns.map(({ title }) => title), [
      "clean, model",
      "trigger, model",
      "attacked, model",
      "trigger, repaired",
    ]);
    const labels = test.labels();
    const rows = [...labels.keys()].filter((row) => labels[row] !== 0).slice(0, 3);
    const [clean, triggered, attacked, again] = columns;
    assertEquals(clean.images[2].pixels, test.gather([rows[2]])[0].data);
    assertEquals(triggered.images.map(({ caption, wrong }) => [caption, wrong]), Array(3).fill(["0", true]));
    assertEquals(again, { ...triggered, title: again.title });
    const moved = attacked.images[0].pixels.map((value, i) => Math.abs(value - clean.images[0].pixels[i]));
    assert(Math.max(...moved) <= 0.2 + 1e-6 && Math.max(...moved) > 0.1);
  });
});

Deno.test("examples() refuses no model and a count that is none", async () => {
  const { model, test, attack } = await infectedDigits();
  await leakFree(async () => {
    await assertRejects(
      () => examples({}, test, attack),
      RangeError,
      "examples: expected at least one model",
    );
    await assertRejects(
      () => examples({ model }, test, attack, { count: 0 }),
      RangeError,
      "examples: expected count",
    );
  });
});

Deno.test("what a repair went by is on the repaired model", async () => {
  const { model, clean } = await infectedDigits();
  await leakFree(async () => {
    const inspection = await ebb.backdoor.inspect(model, clean, { count: 20, epsilons: [], progress: false });
    using led = await aft(model, clean, { ...SHORT, inspection });
    using blind = await aft(model, clean, SHORT);
    assertEquals([led.repair.inspection, blind.repair.inspection], [inspection, null]);
    assertEquals(Object.keys(led), Object.keys(model)); // it is no part of the module
    const search = { epochs: 1 };
    using cleansed = await neuralCleanse(model, clean, {
      batchSize: 50,
      search,
      anomaly: 100,
      progress: false,
    });
    assertEquals(cleansed.repair.triggers.map(({ label }) => label), [...Array(10).keys()]);
  });
});
