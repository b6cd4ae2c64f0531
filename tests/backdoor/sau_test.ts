import { assert, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { assertDefence, assertLooksAtClean, infectedDigits } from "./fixture.ts";

const { evaluate, sau } = ebb.backdoor;

Deno.test("sau() weakens a backdoor with steps that are long enough for few images", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const options = { epochs: 10, batchSize: 50, lr: 0.01, seed: 1, progress: false };
  using repaired = await sau(model, clean, options);
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95, `${before.asr}`);
  assert(after.asr < 0.6 && after.acc > before.acc - 0.06, JSON.stringify(after));
});

Deno.test("sau() without what it unlearns leaves the backdoor", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const options = { epochs: 4, batchSize: 50, lr: 1e-3, sharedWeight: 0, steps: 1, seed: 1, progress: false };
  using repaired = await sau(model, clean, options);
  const [, after] = await evaluate({ model, repaired }, test, attack);
  assert(after.asr > 0.8, JSON.stringify(after));
});

Deno.test("sau() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) =>
    sau(model, clean, { epochs: 1, batchSize: 100, adversarialWeight: 0.1, seed, progress: false })
  ));

Deno.test("sau() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => sau(model, clean, { batchSize: 50 }));
  const { model, clean } = await infectedDigits();
  const say = (options: ebb.backdoor.SauOptions, sentence: string) =>
    assertRejects(() => sau(model, clean, { batchSize: 50, ...options }), RangeError, sentence);
  await say({ steps: 0 }, "sau: expected steps to be a whole number above 0 but found 0");
  await say({ epsilon: -0.1 }, "sau: expected epsilon to be a number of at least 0 but found -0.1");
  await say({ sharedWeight: NaN }, "sau: expected sharedWeight to be a number of at least 0 but found NaN");
  await say({ batchSize: 256 }, "sau: expected at least 256 images");
});
