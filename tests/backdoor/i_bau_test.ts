import { assert, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { assertDefence, assertLooksAtClean, infectedDigits } from "./fixture.ts";

const { evaluate, iBau } = ebb.backdoor;

Deno.test("iBau() weakens a backdoor with steps that are long enough for few images", async () => {
  const { model, clean, test, attack } = await infectedDigits();
  const options = { epochs: 10, batchSize: 50, lr: 0.01, portion: 0.3, innerLr: 3, seed: 1, progress: false };
  using repaired = await iBau(model, clean, options);
  const [before, after] = await evaluate({ model, repaired }, test, attack);
  assert(before.asr > 0.95, `${before.asr}`);
  assert(after.asr < 0.6 && after.acc > before.acc - 0.06, JSON.stringify(after));
});

Deno.test("iBau() keeps to what a defence is", () =>
  assertDefence((model, clean, { seed }) =>
    iBau(model, clean, { epochs: 2, batchSize: 100, seed, progress: false })
  ));

Deno.test("iBau() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => iBau(model, clean, { batchSize: 50 }));
  const { model, clean } = await infectedDigits();
  const say = (options: ebb.backdoor.IBauOptions, sentence: string) =>
    assertRejects(() => iBau(model, clean, { batchSize: 50, ...options }), RangeError, sentence);
  await say({ iterations: 0 }, "iBau: expected iterations to be a whole number above 0 but found 0");
  await say({ portion: 2 }, "iBau: expected portion to be a share above 0 and of at most 1 but found 2");
  await say({ mapLr: -1 }, "iBau: expected mapLr to be a number of at least 0 but found -1");
  await say({ batchSize: 256 }, "iBau: expected at least 256 images");
});
