import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { median } from "../../lib/backdoor/reversed/search.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { anomalyIndices, evaluate, neuralCleanse, reverseTriggers } = ebb.backdoor;

/** A search that finds the fixture's patch within seconds. */
const quick = {
  epochs: 40,
  batchSize: 64,
  lr: 0.15,
  costFactor: 1.4,
  patience: 1,
  success: 0.95,
  earlyStopPatience: 40,
  seed: 1,
  progress: false,
} as const;

Deno.test("anomaly indices are distances below the median in robust standard deviations", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
  // Median 10, absolute deviations 8, 1, 0, 1, 2, of which the median is 1.
  const found = anomalyIndices([2, 9, 10, 11, 12]);
  [8, 1, 0, -1, -2].forEach((steps, i) => assertAlmostEquals(found[i], steps / 1.4826, 1e-9));
  assertEquals(anomalyIndices([1, 5, 5, 5]), [Infinity, 0, 0, 0]);
});

Deno.test("the smallest trigger that is found is that of the infected model's target, and it works", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const before = valuesOf(model);
  const few = clean.subset({ count: 40, stratified: true, seed: 1 });
  const triggers = await leakFree(() => reverseTriggers(model, few, quick));
  assertEquals(valuesOf(model), before);
  assertEquals(triggers.map(({ label }) => label), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const [found] = [...triggers].sort((a, b) => a.norm - b.norm);
  assertEquals(found.label, attack.target);
  assert(found.anomaly > 2 && found.success >= 0.95, `${found.anomaly}, ${found.success}`);
  assertEquals([found.mask.shape, found.pattern.shape], [[28, 28], [1, 28, 28]]);
  assertAlmostEquals(found.norm, found.mask.data.reduce((sum, value) => sum + value), 1e-3);
  // Most of the mask lies in the quarter in which the patch is.
  const there = found.mask.data.filter((_, i) => i % 28 >= 14 && i >= 14 * 28).reduce((sum, x) => sum + x, 0);
  assert(there > 0.5 * found.norm, `${there} of ${found.norm}`);
  const asAttack = ebb.backdoor.defineAttack("reversed", { target: found.label }, {
    trigger: (images) => {
      const mask = ebb.tensor(found.mask.data as Float32Array<ArrayBuffer>).reshape([1, 1, 28, 28]);
      const pattern = ebb.tensor(found.pattern.data as Float32Array<ArrayBuffer>).reshape([1, 1, 28, 28]);
      return images.mul(ebb.sub(1, mask)).add(pattern.mul(mask));
    },
  });
  const [row] = await evaluate({ model }, test, asAttack);
  assert(row.asr > 0.85, `on digits that were not searched on: ${row.asr}`);
});

Deno.test("reverseTriggers() finds the same with the same seed, and passes its steps to what runs them", async () => {
  const { model, clean } = await infectedDigits();
  const few = clean.subset({ count: 40, stratified: true, seed: 1 });
  let steps = 0;
  const swap = {
    step: <T>(fn: () => T) => {
      steps++;
      return Promise.resolve(fn()) as Promise<Awaited<T>>;
    },
    evaluate: <T>(fn: () => T) => Promise.resolve(fn()) as Promise<Awaited<T>>,
  };
  const short = { epochs: 2, batchSize: 16, seed: 3, progress: false };
  assertEquals(
    await reverseTriggers(model, few, { ...short, swap }),
    await reverseTriggers(model, few, short),
  );
  assertEquals(steps, 10 * 2 * 3);
});

Deno.test("a search ends early when the mask no longer gets smaller", async () => {
  const { model, clean } = await infectedDigits();
  const few = clean.subset({ count: 20, stratified: true, seed: 1 });
  let steps = 0;
  const swap = {
    step: <T>(fn: () => T) => {
      steps++;
      return Promise.resolve(fn()) as Promise<Awaited<T>>;
    },
    evaluate: <T>(fn: () => T) => Promise.resolve(fn()) as Promise<Awaited<T>>,
  };
  await reverseTriggers(model, few, { ...quick, epochs: 60, earlyStopPatience: 2, swap });
  assert(steps < 10 * 60, `${steps}`);
});

Deno.test("neuralCleanse() unlearns the patch that it finds", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const few = clean.subset({ count: 40, stratified: true, seed: 1 });
  const options = { epochs: 30, batchSize: 40, seed: 1, progress: false, search: quick };
  using repaired = await neuralCleanse(model, few, options);
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95, `${before.asr}`);
  assert(after.asr < 0.2 && after.acc > before.acc - 0.05, JSON.stringify(after));
});

Deno.test("neuralCleanse() leaves a model in which nothing is conspicuous as it is", async () => {
  const { model, clean } = await infectedDigits();
  const options = { batchSize: 50, anomaly: 1e6, search: { epochs: 1 }, progress: false };
  using repaired = await neuralCleanse(model, clean, options);
  assertEquals(valuesOf(repaired), valuesOf(model));
});

Deno.test("neuralCleanse() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) =>
    neuralCleanse(model, clean, {
      epochs: 1,
      batchSize: 100,
      anomaly: -1, // every label below the median and some above: triggers of several labels share the batch
      search: { epochs: 2 },
      progress: false,
      seed,
    })
  ));

Deno.test("neuralCleanse() and its search say what will not do", async () => {
  await assertLooksAtClean((model, clean) => neuralCleanse(model, clean, { batchSize: 50 }));
  const { model, clean } = await infectedDigits();
  const say = (options: ebb.backdoor.ReverseTriggersOptions, sentence: string) =>
    assertRejects(() => reverseTriggers(model, clean, options), RangeError, sentence);
  await assertRejects(
    () => neuralCleanse(model, clean, { batchSize: 50, stamped: 0 }),
    RangeError,
    "neuralCleanse: expected stamped to be a share above 0 and of at most 1 but found 0",
  );
  await say({ epochs: 0 }, "reverseTriggers: expected epochs to be a whole number above 0 but found 0");
  await say({ success: 1.2 }, "reverseTriggers: expected a success above 0 and of at most 1 but found 1.2");
  await say({ batchSize: 0 }, "reverseTriggers: expected batchSize to be a whole number above 0 but found 0");
  await say({ cost: -1 }, "reverseTriggers: expected cost to be a number of at least 0 but found -1");
  await say({ costFactor: 1 }, "reverseTriggers: expected a costFactor above 1 but found 1");
});
