/**
 * Progressive backdoor erasing.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, infectedDigits } from "./fixture.ts";

const { evaluate, pbe } = ebb.backdoor;
const ROUNDS = [
  { share: 0.1, adversarialEpochs: 3, cleanEpochs: 0 },
  { share: 0.3, adversarialEpochs: 1, cleanEpochs: 1 },
];

/** 2,000 digits with poison, none of them used to test. */
async function poisonedDigits() {
  const { attack } = await infectedDigits();
  const { train } = await ebb.data.mnist();
  return attack.poison(train.subset({ count: 2000, stratified: true, seed: 5 }));
}

Deno.test("pbe() erases a backdoor with the poisoned training set alone, and passes over its poison", async () => {
  const { model, test, attack } = await infectedDigits();
  const poisoned = await poisonedDigits();
  const found: number[][] = [];
  await leakFree(async () => {
    using repaired = await pbe(model, poisoned, {
      seed: 1,
      progress: false,
      onRound: ({ round, rows }) => {
        const poison = new Set(poisoned.poisoned);
        found.push([round, rows.length, rows.filter((row) => poison.has(row)).length]);
      },
    });
    const [before, after] = await evaluate({ model, repaired }, test, attack);
    assert(before.asr > 0.95 && after.asr < 0.1, `${before.asr} to ${after.asr}`);
    assert(before.acc - after.acc < 0.05, `${before.acc} to ${after.acc}`);
  });
  assertEquals(found.map(([round, rows]) => [round, rows]), [[1, 100], [2, 400], [3, 1000], [4, 1400]]);
  // A tenth is poisoned; of those chosen by their answers next to none is.
  for (const [, rows, poison] of found.slice(1)) assert(poison / rows < 0.02, `${poison} of ${rows}`);
});

Deno.test("pbe() leaves the given model alone, and the same seed repairs the same", async () => {
  const poisoned = await poisonedDigits();
  await assertDefence((model, _, { seed }) =>
    pbe(model, poisoned, { rounds: ROUNDS, seed, progress: false })
  );
});

Deno.test("pbe() refuses a share that is none, and data that are no images", async () => {
  const { model } = await infectedDigits();
  const poisoned = await poisonedDigits();
  await leakFree(async () => {
    const rounds = [{ share: 1.5 }];
    await assertRejects(
      () => pbe(model, poisoned, { rounds }),
      RangeError,
      "pbe: expected a round's share above 0 and of at most 1 but found 1.5",
    );
    using rows = ebb.rand([8, 3]);
    await assertRejects(
      () => pbe(model, ebb.data.fromTensors([rows])),
      TypeError,
      "pbe: expected float32 images",
    );
  });
});
