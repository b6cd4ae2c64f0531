import { assert, assertEquals, assertRejects } from "@std/assert";
import { penultimate } from "../../lib/backdoor/features.ts";
import * as ebb from "../../mod.ts";
import { assertDefence, assertLooksAtClean, infectedDigits } from "./fixture.ts";

const { evaluate, finePruning } = ebb.backdoor;
const quick = { epochs: 5, batchSize: 100, pruneShare: 0.05, progress: false } as const;

Deno.test("finePruning() takes a backdoor out of a network that was given it", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  using repaired = await finePruning(model, clean, { ...quick, seed: 1 });
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95, `${before.asr}`);
  assert(after.asr < 0.2 && after.acc > before.acc - 0.06, JSON.stringify(after));
});

Deno.test("the neurons that are cut off are the sleepiest, and stay so in fine-tuning", async () => {
  const { model, clean } = await infectedDigits();
  using repaired = await finePruning(model, clean, { ...quick, epochs: 2, seed: 1 });
  const cut = ebb.scope(() => repaired.fc.weight.abs().sum(0).data() as Float32Array).values().map((sum) =>
    sum === 0
  ).toArray();
  const activity = ebb.noGrad(() =>
    ebb.scope(() => {
      const { data, shape } = clean.gather(Uint32Array.from({ length: clean.length }, (_, i) => i))[0];
      const images = ebb.tensor(data as Float32Array<ArrayBuffer>).reshape(shape);
      return Array.from(penultimate(model, images).features.mean(0).data(), Number);
    })
  );
  const [pruned, kept] = [true, false].map((wanted) => activity.filter((_, i) => cut[i] === wanted));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  assertEquals(pruned.length % Math.ceil(0.05 * 1568), 0);
  assert(pruned.length > 0 && kept.length > 0 && mean(pruned) < 0.5 * mean(kept), `${pruned.length}`);
});

Deno.test("finePruning() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) => finePruning(model, clean, { ...quick, epochs: 1, seed })));

Deno.test("finePruning() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => finePruning(model, clean, quick));
  const { model, clean } = await infectedDigits();
  await assertRejects(
    () => finePruning(model, clean, { ...quick, pruneShare: 0 }),
    RangeError,
    "finePruning: expected pruneShare above 0 and of at most 1 but found 0",
  );
  await assertRejects(
    () => finePruning(model, clean),
    RangeError,
    "finePruning: expected at least 256 images",
  );
  using plain = new ebb.nn.Sequential(new ebb.nn.Conv2d(1, 10, 28), new ebb.nn.Flatten());
  await assertRejects(
    () => finePruning(plain, clean, quick),
    TypeError,
    "finePruning: expected a model with a linear layer but found Sequential",
  );
});
