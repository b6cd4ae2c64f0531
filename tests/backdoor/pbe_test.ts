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

/** 2,000 digits of which a tenth has faint rings laid over it, and a network trained on them. */
async function poisonedDigits() {
  ebb.seed(5);
  const { train, test } = await ebb.data.mnist();
  const some = train.subset({ count: 2000, stratified: true, seed: 5 });
  const rings = Float32Array.from({ length: 28 * 28 }, (_, i) => {
    const [x, y] = [i % 28 / 28 - 0.5, Math.floor(i / 28) / 28 - 0.4];
    return 0.5 + 0.5 * Math.cos(20 * Math.hypot(x, y));
  });
  const attack = ebb.backdoor.blend({ target: 2, alpha: 0.15, pattern: () => rings, seed: 5 });
  const network = ebb.models.smallCnn({ classes: 10 });
  const model = await ebb.backdoor.infect(network, some, attack, { epochs: 4, seed: 5, progress: false });
  return { model, attack, poisoned: attack.poison(some), test: test.subset({ count: 300, seed: 5 }) };
}

Deno.test("pbe() erases a backdoor with the poisoned training set alone, and passes over most of its poison", () =>
  leakFree(async () => {
    const { model, attack, poisoned, test } = await poisonedDigits();
    using infected = model;
    const poison = new Set(poisoned.poisoned);
    const found: number[][] = [];
    using repaired = await pbe(infected, poisoned, {
      seed: 1,
      progress: false,
      onRound: ({ round, rows }) => {
        found.push([round, rows.length, rows.filter((row) => poison.has(row)).length]);
      },
    });
    const [before, after] = await evaluate({ infected, repaired }, test, attack);
    assert(before.asr > 0.95 && after.asr < 0.2, `${before.asr} to ${after.asr}`);
    assert(before.acc - after.acc < 0.1, `${before.acc} to ${after.acc}`);
    assertEquals(found.map(([round]) => round), [1, 2, 3, 4]);
    // A tenth is poisoned; of the first none is chosen, of those chosen by their answers less than half of a tenth.
    assertEquals(found[0][2], 0);
    for (const [, rows, poison] of found.slice(1)) assert(poison / rows < 0.05, `${poison} of ${rows}`);
  }));

Deno.test("pbe() without an inspection weakens a backdoor too, and takes as many images as its rounds say", () =>
  leakFree(async () => {
    const { model, attack, poisoned, test } = await poisonedDigits();
    using infected = model;
    const poison = new Set(poisoned.poisoned);
    const found: number[][] = [];
    using repaired = await pbe(infected, poisoned, {
      seed: 1,
      progress: false,
      epsilon: 0.2,
      inspection: null,
      rounds: [
        { share: 0.1, adversarialEpochs: 10, cleanEpochs: 0 },
        { share: 0.3, adversarialEpochs: 2, cleanEpochs: 1 },
        { share: 0.5, adversarialEpochs: 2, cleanEpochs: 1 },
      ],
      onRound: ({ round, rows }) => {
        found.push([round, rows.length, rows.filter((row) => poison.has(row)).length]);
      },
    });
    const [before, after] = await evaluate({ infected, repaired }, test, attack);
    assert(before.asr > 0.95 && after.asr < before.asr / 2, `${before.asr} to ${after.asr}`);
    assert(before.acc - after.acc < 0.15, `${before.acc} to ${after.acc}`);
    assertEquals(found.map(([round, rows]) => [round, rows]), [[1, 200], [2, 600], [3, 1000]]);
    // A tenth is poisoned; of those chosen by their answers less than half of that is.
    for (const [, rows, poison] of found.slice(1)) assert(poison / rows < 0.05, `${poison} of ${rows}`);
  }));

Deno.test("pbe() leaves the given model alone, and the same seed repairs the same", async () => {
  const { attack } = await infectedDigits();
  const { train } = await ebb.data.mnist();
  const poisoned = attack.poison(train.subset({ count: 500, stratified: true, seed: 5 }));
  await assertDefence((model, _, { seed }) =>
    pbe(model, poisoned, { rounds: ROUNDS, inspection: null, seed, progress: false })
  );
});

Deno.test("pbe() refuses a share that is none, and data that are no images", async () => {
  const { model, clean } = await infectedDigits();
  await leakFree(async () => {
    const rounds = [{ share: 1.5 }];
    await assertRejects(
      () => pbe(model, clean, { rounds }),
      RangeError,
      "pbe: expected a round's share above 0 and of at most 1 but found 1.5",
    );
    await assertRejects(
      () => pbe(model, clean, { rounds: [] }),
      RangeError,
      "pbe: expected at least one round but found none",
    );
    using rows = ebb.rand([8, 3]);
    await assertRejects(
      () => pbe(model, ebb.data.fromTensors([rows])),
      TypeError,
      "pbe: expected float32 images",
    );
  });
});
