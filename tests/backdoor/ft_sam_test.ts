import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { evaluate, fineTune, ftSam } = ebb.backdoor;
const quick = { epochs: 1, batchSize: 100, progress: false } as const;

/** An image of two values, three classes, and weights `[3, 2]` that are multiplied by it. */
const X = [0.5, 1], LABELS = [0, 1, 1, 2];
const WEIGHTS = [0.4, -0.2, 0.1, 0.3, -0.5, 0.6];

/** The slope of the mean cross-entropy against smoothed labels. */
function slope(weights: readonly number[], smoothing: number): number[] {
  const scores = [0, 1, 2].map((c) => weights[2 * c] * X[0] + weights[2 * c + 1] * X[1]);
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return weights.map((_, i) => {
    const c = i >> 1;
    const wanted = LABELS.map((label) => label === c ? 1 - smoothing : smoothing / 2);
    const mean = wanted.reduce((sum, share) => sum + share) / LABELS.length;
    return (Math.exp(scores[c]) / total - mean) * X[i & 1];
  });
}

Deno.test("a step goes down the slope of the worst place near by", () =>
  leakFree(async () => {
    using model = new ebb.nn.Sequential(new ebb.nn.Flatten(), new ebb.nn.Linear(2, 3, { bias: false }));
    const { weight } = model.at(1) as ebb.nn.Linear;
    ebb.nn.init.assign(weight, ebb.tensor([[0.4, -0.2], [0.1, 0.3], [-0.5, 0.6]]));
    using x = ebb.tensor(LABELS.map(() => [[X]]));
    using labels = ebb.tensor(LABELS, { dtype: "int64" });
    const [rho, smoothing, lr] = [0.3, 0.1, 0.5];
    using tuned = await ftSam(model, ebb.data.fromTensors([x, labels]), {
      ...{ epochs: 1, batchSize: 4, lr, momentum: 0, weightDecay: 0, rho, labelSmoothing: smoothing },
      schedule: () => ebb.optim.constant(),
      progress: false,
    });
    const here = slope(WEIGHTS, smoothing);
    const length = Math.hypot(...here.map((g, i) => g * WEIGHTS[i]));
    const there = slope(WEIGHTS.map((w, i) => w + rho * w * w * here[i] / length), smoothing);
    valuesOf(tuned)["1.weight"].forEach((w, i) => assertAlmostEquals(w, WEIGHTS[i] - lr * there[i], 1e-6));
  }));

Deno.test("with a radius of 0 ftSam() is fine-tuning, running statistics and all", async () => {
  const { model, clean } = await infectedDigits();
  const settings = {
    ...quick,
    lr: 0.01,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 5e-4,
    seed: 1,
  } as const;
  const schedule = () => ebb.optim.constant();
  using tuned = await fineTune(model, clean, { ...settings, schedule });
  using flat = await ftSam(model, clean, { ...settings, schedule, rho: 0, labelSmoothing: 0 });
  // The number of batches alone is twice as large: both passes of a step count.
  const [a, b] = [tuned, flat].map((of) =>
    Object.entries(valuesOf(of)).filter(([name]) => !name.endsWith("num_batches_tracked"))
  );
  assertEquals(b, a);
});

Deno.test("ftSam() weakens a backdoor", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const strong = { epochs: 8, batchSize: 32, lr: 0.1, rho: 0.5, seed: 1, progress: false } as const;
  using repaired = await ftSam(model, clean, strong);
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95 && after.asr < 0.6 && after.acc > 0.6, JSON.stringify(after));
});

Deno.test("ftSam() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) => ftSam(model, clean, { ...quick, seed })));

Deno.test("ftSam() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => ftSam(model, clean, quick));
  const { model, clean } = await infectedDigits();
  const wrong = [
    [{ rho: -1 }, "ftSam: expected rho to be a number of at least 0 but found -1"],
    [{ labelSmoothing: 0.6 }, "ftSam: expected labelSmoothing of 0 to 0.5 but found 0.6"],
  ] as const;
  for (const [options, sentence] of wrong) {
    await leakFree(() =>
      assertRejects(() => ftSam(model, clean, { ...quick, ...options }), RangeError, sentence)
    );
  }
});
