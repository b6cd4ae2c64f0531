import { assert, assertEquals, assertNotEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits, valuesOf } from "./fixture.ts";

const { badnets, inputAware, defineAttack, infect, sig } = ebb.backdoor;
const settings = { epochs: 1, seed: 5, progress: false } as const;

async function digits(count: number) {
  const { train } = await ebb.data.mnist();
  return train.subset({ count, stratified: true, seed: 5 });
}

function network() {
  ebb.seed(5);
  return ebb.models.smallCnn({ classes: 10 });
}

Deno.test("an infected model knows clean images and obeys the trigger", async () => {
  const { model, test, attack } = await infectedDigits();
  const [row] = await ebb.backdoor.evaluate({ model }, test, attack);
  assert(row.acc > 0.85 && row.asr > 0.9 && row.ra < 0.1, JSON.stringify(row));
  assertEquals(model.training, false);
  assertStrictEquals(model.infection.attack, attack);
  assertEquals(model.infection.epochs.length, 1);
  assertEquals(model.infection.epochs[0].epoch, 4);
  assertEquals(model.infection.acc, model.infection.epochs[0].acc);
});

Deno.test("with a test set there is a row an epoch, measured as evaluate() does", async () => {
  const [data, test] = [await digits(256), await digits(100)];
  await leakFree(async () => {
    const given = network();
    const attack = badnets({ target: 4 });
    using model = await infect(given, data, attack, { ...settings, epochs: 2, test });
    assertStrictEquals(model, given);
    const { epochs, acc, asr } = model.infection;
    assertEquals(epochs.map(({ epoch }) => epoch), [1, 2]);
    assert(epochs.every(({ loss }) => loss > 0));
    const [row] = await ebb.backdoor.evaluate({ model }, test, attack);
    assertEquals([acc, asr], [row.acc, row.asr]);
    assertEquals([epochs[1].acc, epochs[1].asr], [acc, asr]);
  });
});

Deno.test("the same seed gives the same model, another one another", async () => {
  const data = await digits(128);
  const train = async (seed: number) => {
    using model = await infect(network(), data, badnets(), { ...settings, seed });
    return valuesOf(model);
  };
  const first = await train(1);
  assertEquals(await train(1), first);
  assertNotEquals(await train(2), first);
});

Deno.test("the trigger is put on after augmentation, on as many images in every epoch", async () => {
  const data = await digits(60);
  const seen: number[][] = [];
  const attack = defineAttack("seeing", { rate: 0.2 }, {
    trigger: (images) => {
      seen.push([images.shape[0], images.sum().item()]);
      return images.add(0);
    },
  });
  const augment = (images: Float32Array) => void images.fill(0.5);
  using _ = await infect(network(), data, attack, { ...settings, epochs: 3, batchSize: 60, augment });
  assertEquals(seen.slice(0, 3), new Array(3).fill([12, 12 * 784 / 2]));
});

Deno.test("where an attack has it drawn for each batch, all images get the trigger in turns", async () => {
  const data = await digits(60);
  const counts: number[] = [];
  const seen = new Set<number>();
  const attack = defineAttack("drawing", { rate: 0.2, target: 3 }, {
    redrawn: true,
    trigger: (images) => {
      const sums = images.sum([1, 2, 3]).toArray() as number[];
      counts.push(sums.length);
      for (const sum of sums) seen.add(sum);
      return images.add(0);
    },
  });
  using _ = await infect(network(), data, attack, { ...settings, epochs: 20, batchSize: 60 });
  const drawn = counts.slice(0, 20);
  assert(new Set(drawn).size > 1, "their number differs from batch to batch");
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  assert(mean > 8 && mean < 16, `a fifth of 60 on average, but found ${mean}`);
  assert(seen.size > 50, `all of 60 but a few, but found ${seen.size}`);
});

Deno.test("an attack that learns is told of the training, of each step, and of the end", async () => {
  const data = await digits(40);
  const told: string[] = [];
  const attack = defineAttack("learner", {}, {
    trigger: (images) => images.mul(0.5),
    // deno-lint-ignore require-await
    learn: async ({ data: given, classes, settings: { epochs, batchSize } }) => {
      assertStrictEquals(given, data);
      told.push(`${classes} classes, ${epochs} epochs of ${batchSize}`);
      return {
        step: ({ images, labels }) => void told.push(`${images.shape} ${labels.shape}`),
        [Symbol.dispose]: () => void told.push("end"),
      };
    },
  });
  using _ = await infect(network(), data, attack, { ...settings, batchSize: 20 });
  assertEquals(told, ["10 classes, 1 epochs of 20", "20,1,28,28 20", "20,1,28,28 20", "end"]);
});

Deno.test("infect() refuses a target that is no class, before anything is trained", async () => {
  const data = await digits(40);
  using model = network();
  const before = valuesOf(model);
  const refuses = (attack: ebb.backdoor.Attack, options: object, sentence: string) =>
    assertRejects(() => infect(model, data, attack, { ...settings, ...options }), RangeError, sentence);
  await refuses(badnets({ target: 10 }), {}, "badnets: expected a target of 0 to 9 but found 10");
  await refuses(badnets(), { epochs: 0 }, "infect: expected epochs to be a whole number above 0 but found 0");
  await refuses(
    badnets({ target: 1 }),
    { test: data.subset({ indices: [...data.labels().keys()].filter((row) => data.labels()[row] === 1) }) },
    "infect: expected images of other classes than the target 1 but found none",
  );
  await refuses(
    inputAware(),
    { epochs: -1 },
    "infect: expected epochs to be a whole number above 0 but found -1",
  );
  const ones = data.subset({ indices: [...data.labels().keys()].filter((row) => data.labels()[row] === 1) });
  await assertRejects(
    () => infect(model, ones, sig(), settings),
    RangeError,
    "sig: expected images of the target class 0, as labels are kept, but found none",
  );
  assertEquals(valuesOf(model), before);
});
