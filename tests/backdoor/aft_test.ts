/**
 * Adversarial fine-tuning, its control, and what all training in this room keeps to.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { aft, evaluate, fineTune } = ebb.backdoor;
const QUIET = { progress: false } as const;
const SHORT = { adversarialEpochs: 1, cleanEpochs: 1, steps: 2, inspection: null, progress: false } as const;

Deno.test("aft() erases a backdoor that fine-tuning at the same rate leaves in", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  await leakFree(async () => {
    using repaired = await aft(model, clean, { seed: 1, ...QUIET });
    using tuned = await fineTune(model, clean, { seed: 1, ...QUIET });
    const [before, after, control] = await evaluate({ model, repaired, tuned }, test, attack);
    assert(before.asr > 0.95, `${before.asr}`);
    assert(after.asr < 0.1, `${after.asr}`);
    assert(control.asr > 0.7, `${control.asr}`);
    assert(before.acc - after.acc < 0.05, `${before.acc} to ${after.acc}`);
  });
});

Deno.test("aft() and fineTune() leave the given model alone, and the same seed repairs the same", async () => {
  await assertDefence((model, clean, { seed }) => aft(model, clean, { seed, ...SHORT }));
  await assertDefence((model, clean, { seed }) => fineTune(model, clean, { seed, epochs: 1, ...QUIET }));
});

Deno.test("aft() and fineTune() refuse clean images that lack a class or do not fill a batch", async () => {
  await assertLooksAtClean((model, clean) => aft(model, clean, QUIET));
  await assertLooksAtClean((model, clean) => fineTune(model, clean, QUIET));
  const { model, clean } = await infectedDigits();
  const few = clean.subset({ count: 30, stratified: true, seed: 1 });
  await leakFree(() =>
    assertRejects(
      () => aft(model, few, QUIET),
      RangeError,
      "aft: expected at least 32 images, a batch of them; a smaller batchSize asks for fewer, but found 30",
    )
  );
});

Deno.test("aft() refuses settings that are out of range", async () => {
  const { model, clean } = await infectedDigits();
  const wrong: [ebb.backdoor.AftOptions, string][] = [
    [{ epsilon: -1 }, "aft: expected epsilon"],
    [{ steps: 0 }, "aft: expected steps"],
    [{ adversarialEpochs: 1.5 }, "aft: expected adversarialEpochs to be a whole number but found 1.5"],
    [{ cleanEpochs: -1 }, "aft: expected cleanEpochs"],
    [
      { adversarialEpochs: 0, cleanEpochs: 0 },
      "aft: expected epochs to be a whole number above 0 but found 0",
    ],
    [{ preset: "author" as "authors" }, 'aft: expected the preset "ebb" or "authors" but found "author"'],
    [{ distillation: 2 }, "aft: expected distillation to be of [0, 1] but found 2"],
    [{ cleanWeight: -0.5 }, "aft: expected cleanWeight"],
    [{ reminder: -1 }, "aft: expected reminder to be a whole number but found -1"],
    [{ featureWeight: NaN }, "aft: expected featureWeight to be a number of at least 0 but found NaN"],
    [
      { inspection: { infected: true, target: 12, score: 1, threshold: 0.75, epsilons: [], labels: [] } },
      "aft: expected an inspection whose target is one of its 0 labels but found 12",
    ],
    [{ maxNorm: 0 }, "aft: expected maxNorm to be a number above 0 but found 0"],
    [{ lr: NaN }, "aft: expected lr"],
    [{ batchSize: 0 }, "aft: expected batchSize"],
  ];
  for (const [options, sentence] of wrong) {
    await leakFree(() =>
      assertRejects(() => aft(model, clean, { ...QUIET, ...options }), RangeError, sentence)
    );
  }
});

Deno.test("aft() as its authors train it takes whole batches of 128 and lets images leave [0, 1]", async () => {
  const { model, clean } = await infectedDigits();
  await leakFree(async () => {
    using repaired = await aft(model, clean, { preset: "authors", ...SHORT, seed: 1 });
    assertNotEquals(valuesOf(repaired), valuesOf(model));
    const few = clean.subset({ count: 100, stratified: true, seed: 1 });
    await assertRejects(
      () => aft(model, few, { preset: "authors", ...SHORT }),
      RangeError,
      "at least 128 images",
    );
  });
});

Deno.test("every setting of aft() changes what comes out", async () => {
  const { model, clean } = await infectedDigits();
  const repairedBy = async (options: ebb.backdoor.AftOptions) => {
    using repaired = await aft(model, clean, { ...SHORT, epsilon: 0.1, seed: 1, ...options });
    return valuesOf(repaired)["fc.bias"];
  };
  await leakFree(async () => {
    const plain = await repairedBy({});
    assertEquals(await repairedBy({}), plain);
    const settings: ebb.backdoor.AftOptions[] = [
      { epsilon: 0.05 },
      { stepSize: 0.01 },
      { steps: 1 },
      { randomStart: false },
      { clip: false },
      { shared: false },
      { batchNorm: "batch" },
      { shared: false, batchNorm: "batch" },
      { cleanWeight: 0 },
      { distillation: 0 },
      { featureWeight: 0 },
      { maxNorm: 0.1 },
      { reminder: 0 },
      { adversarialEpochs: 2, cleanEpochs: 0 },
      { lr: 0.001 },
      { augment: ebb.data.randomCrop({ padding: 2 }) },
    ];
    for (const options of settings) {
      assertNotEquals(await repairedBy(options), plain, JSON.stringify(options));
    }
  });
});

Deno.test("training tells of its progress and of each epoch, with the model as it is", async () => {
  const { model, clean } = await infectedDigits();
  await leakFree(async () => {
    const told: ebb.ProgressEvent[] = [];
    const epochs: ebb.backdoor.Epoch[] = [];
    using tuned = await fineTune(model, clean, {
      epochs: 2,
      batchSize: 100,
      progress: (event) => told.push(event),
      onEpoch: (epoch) => void epochs.push(epoch),
    });
    assertEquals(told.map(({ task, done, total }) => `${task} ${done}/${total}`), [
      "fineTune 1/4",
      "fineTune 2/4",
      "fineTune 3/4",
      "fineTune 4/4",
    ]);
    assertEquals(epochs.map(({ epoch }) => epoch), [1, 2]);
    assert(epochs.every(({ model, loss }) => model === tuned && loss > 0));
  });
});

Deno.test("training that diverges ends with a sentence, and the copy is freed", async () => {
  const { model, clean } = await infectedDigits();
  await leakFree(() =>
    assertRejects(
      () => fineTune(model, clean, { lr: 1e30, epochs: 3, ...QUIET }),
      Error,
      "a lower lr than 1e+30 may help",
    )
  );
});
