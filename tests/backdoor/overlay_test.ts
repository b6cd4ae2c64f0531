import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits } from "./fixture.ts";

const { blend, evaluate, infect, reverseOverlays } = ebb.backdoor;

/** A network that takes digits under a faint picture for sevens, and digits to look at it with. */
async function blended() {
  ebb.seed(6);
  const { train, test } = await ebb.data.mnist();
  const [some, rest] = train.split({ count: 2000, stratified: true, seed: 6 });
  const attack = blend({ target: 7, seed: 6 });
  const network = ebb.models.smallCnn({ classes: 10 });
  const model = await infect(network, some, attack, { epochs: 3, seed: 6, progress: false });
  const clean = rest.subset({ count: 30, stratified: true, seed: 6 });
  return { model, clean, test: test.subset({ count: 300, stratified: true, seed: 6 }) };
}

Deno.test("the faintest picture is that of the label a picture was planted for, and it works", async () => {
  const { model, clean, test } = await blended();
  using _ = model;
  const options = { growth: 1.1, seed: 1, progress: false };
  const triggers = await leakFree(() => reverseOverlays(model, clean, options));
  assertEquals(triggers.map(({ label }) => label), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const [found, next] = [...triggers].sort((a, b) => a.norm - b.norm);
  assertEquals(found.label, 7);
  assert(found.norm < 0.6 * next.norm && found.success >= 0.95, `${found.norm} and ${next.norm}`);
  const [opacity] = found.mask.data;
  assert(found.mask.data.every((value) => value === opacity));
  assertAlmostEquals(found.norm, opacity * 28 * 28, 1e-3);
  const pattern = ebb.tensor(found.pattern.data as Float32Array<ArrayBuffer>).reshape([1, 28, 28]);
  const [row] = await evaluate({ model }, test, blend({ target: 7, alpha: opacity, pattern }));
  assert(row.asr > 0.8, `on digits that were not searched on: ${row.asr}`);
  pattern.dispose();
  assertEquals(await reverseOverlays(model, clean, options), triggers);
});

Deno.test("the picture covers all where no fainter one works", async () => {
  const { model, clean } = await infectedDigits();
  const few = clean.subset({ count: 20, stratified: true, seed: 1 });
  // No step is long enough to learn a picture, and grey is no digit.
  const triggers = await reverseOverlays(model, few, { lr: 0, growth: 3, progress: false });
  const without = triggers.filter(({ success }) => success < 0.95);
  assert(without.length >= 9, `${without.length}`);
  assert(without.every(({ norm }) => norm === 28 * 28));
});

Deno.test("reverseOverlays() says what will not do", async () => {
  const { model, clean } = await infectedDigits();
  const say = (options: ebb.backdoor.ReverseOverlaysOptions, sentence: string) =>
    leakFree(() => assertRejects(() => reverseOverlays(model, clean, options), RangeError, sentence));
  await say({ opacity: 0 }, "reverseOverlays: expected an opacity between 0 and 1 but found 0");
  await say({ growth: 1 }, "reverseOverlays: expected a growth above 1 but found 1");
  await say({ success: 0 }, "reverseOverlays: expected a success above 0 and of at most 1 but found 0");
});
