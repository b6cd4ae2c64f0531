import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { evaluate, fineTune, nad } = ebb.backdoor;
const quick = { epochs: 1, teacherEpochs: 1, batchSize: 100, progress: false } as const;

Deno.test("nad() weakens a backdoor", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const strong = { epochs: 5, teacherEpochs: 5, batchSize: 32, lr: 0.1, seed: 1, progress: false } as const;
  using repaired = await nad(model, clean, strong);
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95 && after.asr < 0.9 && after.acc > before.acc - 0.1, JSON.stringify(after));
});

Deno.test("without weight on attention nad() is fine-tuning, and with it something else", async () => {
  const { model, clean } = await infectedDigits();
  const settings = { ...quick, lr: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0, seed: 1 } as const;
  const schedule = () => ebb.optim.constant();
  using tuned = await fineTune(model, clean, { ...settings, schedule });
  using blind = await nad(model, clean, { ...settings, schedule, betas: [0, 0] });
  using seeing = await nad(model, clean, { ...settings, schedule });
  assertEquals(valuesOf(blind), valuesOf(tuned));
  assertNotEquals(valuesOf(seeing), valuesOf(tuned));
});

Deno.test("the default layers are the last convolutions of each size", async () => {
  const { model, clean } = await infectedDigits();
  using found = await nad(model, clean, { ...quick, seed: 1 });
  using named = await nad(model, clean, { ...quick, layers: ["c1", "c2"], seed: 1 });
  using last = await nad(model, clean, { ...quick, layers: ["c2"], seed: 1 });
  using only = await nad(model, clean, { ...quick, betas: [1000], seed: 1 });
  assertEquals(valuesOf(found), valuesOf(named));
  assertEquals(valuesOf(last), valuesOf(only));
  assertNotEquals(valuesOf(last), valuesOf(named));
});

Deno.test("nad() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) => nad(model, clean, { ...quick, seed })));

Deno.test("nad() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => nad(model, clean, quick));
  const { model, clean } = await infectedDigits();
  using plain = ebb.models.mlp({ sizes: [784, 10] });
  await assertRejects(() => nad(plain, clean, quick), TypeError, "nad: expected a model with convolutions");
  const wrong = [
    [{ power: 0 }, "expected power to be a number above 0 but found 0"],
    [{ betas: [1, -1] }, "expected betas to be numbers of at least 0 but found 1, -1"],
    [{ layers: [] }, "expected layers, at most as many as the 3 betas, but found 0"],
    [{ layers: ["c1", "c2"], betas: [1] }, "expected layers, at most as many as the 1 betas, but found 2"],
    [{ teacherEpochs: 0 }, "expected epochs to be a whole number above 0 but found 0"],
  ] as const;
  for (const [options, sentence] of wrong) {
    await leakFree(() =>
      assertRejects(() => nad(model, clean, { ...quick, ...options }), RangeError, sentence)
    );
  }
  await leakFree(() =>
    assertRejects(
      () => nad(model, clean, { ...quick, layers: ["c3"] }),
      TypeError,
      "nad: expected layers to be among c1, b1, c2, b2, fc but found c3",
    )
  );
});
