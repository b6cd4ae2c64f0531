import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { anp, defineAttack, evaluate } = ebb.backdoor;
const { BatchNorm1d, Flatten, Linear, ReLU, Sequential } = ebb.nn;
const { assign } = ebb.nn.init;

/** Images of three values: how bright, how dark (the classes go by these), and one that says nothing. */
function images(count: number) {
  const generator = new ebb.Generator(4);
  const values = new Float32Array(3 * count);
  generator.fillNormal(values, 0, 0.05);
  const rows = Array.from({ length: count }, (_, i) => {
    const bright = 0.3 + 0.4 * (i % 2) + values[3 * i];
    return [[[bright, 1 - bright, 0.3 + values[3 * i + 2]]]];
  });
  using x = ebb.tensor(rows);
  using labels = ebb.tensor(rows.map((_, i) => i % 2), { dtype: "int64" });
  return ebb.data.fromTensors([x, labels]);
}

/** A network with a neuron that sleeps unless the third value is very large, and then says class 0. */
function sleeper() {
  const norm = new BatchNorm1d(3);
  assign(norm.runningMean!, ebb.tensor([0.5, 0.5, 0.3]));
  assign(norm.runningVar!, ebb.tensor([0.2 ** 2, 0.2 ** 2, 0.05 ** 2]));
  assign(norm.bias!, ebb.tensor([0, 0, -2.5]));
  const head = new Linear(3, 2, { bias: false });
  assign(head.weight, ebb.tensor([[0, 5, 10], [5, 0, 0]]));
  return new Sequential(new Flatten(), norm, new ReLU(), head).eval();
}

const wake = defineAttack("wake", { target: 0 }, {
  trigger: (images) => ebb.concat([ebb.narrow(images, 3, 0, 2), ebb.ones([images.shape[0], 1, 1, 1])], 3),
});

Deno.test("anp() cuts off a neuron that sleeps on clean images and wakes under perturbation", () =>
  leakFree(async () => {
    using model = sleeper();
    const data = images(200);
    using repaired = await anp(model, data, { iterations: 60, batchSize: 40, seed: 1, progress: false });
    const [before, after] = await evaluate({ model, repaired }, data, wake);
    assertEquals([before.acc, before.asr], [1, 1]);
    assertEquals([after.acc, after.asr], [1, 0]);
    // Only the weight of batch norm is cut.
    const values = valuesOf(repaired);
    assertEquals(values["1.weight"][2], 0);
    assertEquals({ ...values, "1.weight": 0 }, { ...valuesOf(model), "1.weight": 0 });
  }));

Deno.test("where pruning costs too much accuracy nothing is pruned", async () => {
  using model = sleeper();
  const everything = { iterations: 5, batchSize: 40, thresholds: [1], seed: 1, progress: false } as const;
  using repaired = await anp(model, images(200), everything);
  assertEquals(valuesOf(repaired), valuesOf(model));
});

Deno.test("anp() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) =>
    anp(model, clean, { iterations: 20, batchSize: 40, maxDrop: 0.9, alpha: 0.5, seed, progress: false })
  ));

Deno.test("the steps run where the caller wants them to", async () => {
  using model = sleeper();
  const runs = { step: 0, evaluate: 0 };
  const swap = {
    step: <T>(fn: () => T) => (runs.step++, Promise.resolve(fn()) as Promise<Awaited<T>>),
    evaluate: <T>(fn: () => T) => (runs.evaluate++, Promise.resolve(fn()) as Promise<Awaited<T>>),
  };
  const options = { iterations: 3, batchSize: 40, seed: 1, swap, progress: false } as const;
  (await anp(model, images(200), options)).dispose();
  // Four batches an epoch of what is not held out: three steps are rounded up to one epoch.
  assertEquals(runs.step, 4);
  assert(runs.evaluate >= 2);
});

Deno.test("anp() says what will not do", async () => {
  const quick = { iterations: 1, batchSize: 100, progress: false } as const;
  await assertLooksAtClean((model, clean) => anp(model, clean, quick));
  const { model, clean } = await infectedDigits();
  using plain = ebb.models.mlp({ sizes: [784, 10] });
  await assertRejects(
    () => anp(plain, clean, quick),
    TypeError,
    "anp: expected a model with batch norm, whose channels are pruned, but found Sequential without",
  );
  const wrong = [
    [{ iterations: 0 }, "expected iterations to be a whole number above 0 but found 0"],
    [{ steps: 1.5 }, "expected steps to be a whole number above 0 but found 1.5"],
    [{ epsilon: -1 }, "expected epsilon to be a number of at least 0 but found -1"],
    [{ alpha: 2 }, "expected alpha of 0 to 1 but found 2"],
    [{ thresholds: [NaN] }, "expected thresholds to ascend but found NaN"],
    [{ thresholds: [0.5, 0.1] }, "expected thresholds to ascend but found 0.5, 0.1"],
    [{ heldOut: 1 }, "expected heldOut to be a share between 0 and 1 but found 1"],
  ] as const;
  for (const [options, sentence] of wrong) {
    await leakFree(() =>
      assertRejects(() => anp(model, clean, { ...quick, ...options }), RangeError, `anp: ${sentence}`)
    );
  }
});
