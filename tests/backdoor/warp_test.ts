import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Warp } from "../../lib/backdoor/reversed/warp.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits } from "./fixture.ts";

const { defineAttack, evaluate, infect, reverseWarps } = ebb.backdoor;

Deno.test("a warp moves pixels by its field times its reach, x before y, in pixels", () =>
  leakFree(() =>
    ebb.scope(() => {
      // One to the right, half a pixel up.
      const field = new Float32Array(50).map((_, i) => i < 25 ? 0.5 : -0.25);
      using warp = new Warp([1, 6, 6], 2, field);
      const images = ebb.tensor(Float32Array.from({ length: 36 }, (_, i) => i % 6 + 10 * Math.floor(i / 6)), {
        shape: [1, 1, 6, 6],
      });
      const warped = ebb.noGrad(() => warp.put(images)).toArray() as number[][][][];
      for (const [row, column] of [[1, 0], [2, 3], [4, 4]]) {
        assertAlmostEquals(warped[0][0][row][column], column + 1 + 10 * (row - 0.5), 0.05);
      }
      assertAlmostEquals(warped[0][0][3][5], 5 + 25, 0.05, "the border's pixels go on outside");
      assertAlmostEquals(warp.found(1).norm, 0.75, 1e-2);
    })
  ));

Deno.test("the smallest warp is that of the label a warp was planted for, and it works", async () => {
  ebb.seed(6);
  const { train, test } = await ebb.data.mnist();
  const [some, rest] = train.split({ count: 2000, stratified: true, seed: 6 });
  // What is a pixel and a half to the right and below comes to each place.
  const field = new Float32Array(50).fill(0.5);
  const shifted = (field: Float32Array, reach: number) => (images: ebb.Tensor) => {
    using warp = new Warp([1, 28, 28], reach, field);
    return ebb.noGrad(() => warp.put(images));
  };
  const attack = defineAttack("shift", { target: 4, seed: 6 }, { trigger: shifted(field, 3) });
  using model = await infect(ebb.models.smallCnn({ classes: 10 }), some, attack, {
    epochs: 6,
    seed: 6,
    progress: false,
  });
  const [planted] = await evaluate({ model }, test.subset({ count: 300, seed: 6 }), attack);
  assert(planted.asr > 0.85, `${planted.asr}`);
  const clean = rest.subset({ count: 30, stratified: true, seed: 6 });
  const options = { growth: 1.1, seed: 1, progress: false };
  const warps = await leakFree(() => reverseWarps(model, clean, options));
  const [found, next] = [...warps].sort((a, b) => a.norm - b.norm);
  assertEquals([found.label, found.field.length], [4, 50]);
  assert(found.norm < 0.7 * next.norm && found.success >= 0.95, `${found.norm} and ${next.norm}`);
  const again = defineAttack("found", { target: 4 }, { trigger: shifted(found.field, found.reach) });
  const [row] = await evaluate({ model }, test.subset({ count: 300, seed: 7 }), again);
  assert(row.asr > 0.8, `on digits that were not searched on: ${row.asr}`);
  assertEquals(await reverseWarps(model, clean, options), warps);
});

Deno.test("reverseWarps() says what will not do", async () => {
  const { model, clean } = await infectedDigits();
  const say = (options: ebb.backdoor.ReverseWarpsOptions, sentence: string) =>
    leakFree(() => assertRejects(() => reverseWarps(model, clean, options), RangeError, sentence));
  await say({ reach: 0 }, "reverseWarps: expected a reach above 0 but found 0");
  await say({ growth: 1 }, "reverseWarps: expected a growth above 1 but found 1");
  await say({ batchSize: 0 }, "reverseWarps: expected batchSize to be a whole number above 0 but found 0");
});
