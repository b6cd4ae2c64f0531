import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";

const { inputAware } = ebb.backdoor;
const settings = { epochs: 2, batchSize: 64, seed: 5, progress: false } as const;
const SENTENCE =
  "inputAware: expected a trigger that was learnt but found none; infect learns it together with a model";

/** Noise `[channels, 12, 10]` with a bright square: its corner is the class. */
function squares(count: number, channels = 1): ebb.data.Dataset {
  const generator = new ebb.Generator(7);
  const size = channels * 120;
  const images = new Float32Array(count * size);
  generator.fillUniform(images, 0, 0.5);
  const labels = Uint8Array.from({ length: count }, (_, row) => row % 4);
  images.forEach((_, i) => {
    const [row, column, label] = [Math.floor(i / 10) % 12, i % 10, labels[Math.floor(i / size)]];
    if (row % 6 < 4 && column % 5 < 3 && label === 2 * Math.floor(row / 6) + Math.floor(column / 5)) {
      images[i] += 0.5;
    }
  });
  const shape = [channels, 12, 10];
  return new ebb.data.ColumnDataset([
    { kind: "rows", name: "images", shape, length: count, dtype: "float32", rows: images },
    { kind: "labels", name: "labels", shape: [], length: count, labels },
  ]);
}

/** The first images, as a batch. */
function batchOf(set: ebb.data.Dataset, count: number): ebb.Tensor {
  const [{ data, shape }] = set.gather(Array.from({ length: count }, (_, row) => row));
  return ebb.tensor(data as Float32Array<ArrayBuffer>, { shape });
}

/** A small network, trained along with a trigger. */
async function infected(attack: ebb.backdoor.Attack, data: ebb.data.Dataset, epochs = 1) {
  ebb.seed(5);
  const model = ebb.models.preactResnet18({ width: 2, channels: data.fields[0].shape[0], classes: 4 });
  return await ebb.backdoor.infect(model, data, attack, { ...settings, epochs });
}

Deno.test("there is no trigger before infect() has learnt one, nor after dispose()", () =>
  leakFree(() => {
    const data = squares(20);
    const attack = inputAware();
    using images = batchOf(data, 2);
    assertThrows(() => attack.trigger(images), Error, SENTENCE);
    assertThrows(() => attack.poison(data), Error, SENTENCE);
    attack.dispose();
    assertThrows(() => attack.trigger(images), Error, SENTENCE);
  }));

Deno.test("triggers are learnt, differ from image to image, cover little, and go with dispose()", async () => {
  const data = squares(256);
  const attack = inputAware({ maskEpochs: 8, seed: 2 });
  await leakFree(async () => {
    using model = await infected(attack, data, 2);
    using images = batchOf(data, 50);
    ebb.scope(() => {
      const changed = attack.trigger(images).sub(images);
      assert(changed.abs().max().item() > 0.3, `${changed.abs().max().item()}`);
      assert(changed.abs().mean().item() < 0.15, `${changed.abs().mean().item()}`);
      const apart = changed.sub(changed.roll(1, 0)).square().mean([1, 2, 3]).sqrt().min().item();
      assert(apart > 0.01, `${apart}`);
    });
    const poisoned = attack.poison(data);
    assertEquals([poisoned.poisoned.length, poisoned.crossed.length], [26, 26]);
    const [row] = await ebb.backdoor.evaluate({ model }, data, attack);
    assert(row.asr >= 0 && row.asr <= 1);
    attack.dispose();
    assertThrows(() => attack.trigger(images), Error, SENTENCE);
  });
});

Deno.test("crossed images have another image's trigger", async () => {
  const data = squares(128);
  using attack = inputAware({ maskEpochs: 2 });
  using _ = await infected(attack, data);
  leakFree(() =>
    ebb.scope(() => {
      const images = batchOf(data, 4);
      const { cross } = attack.parts;
      const crossed = (others: ebb.Tensor) => ebb.noGrad(() => cross!(images, new ebb.Generator(0), others));
      const own = crossed(images);
      assertEquals(own.toArray(), attack.trigger(images).toArray());
      assertNotEquals(crossed(images.roll(1, 0)).toArray(), own.toArray());
    })
  );
});

Deno.test("the seeds decide the trigger, wherever the library's generator stands", async () => {
  const data = squares(128);
  const learnt = async (seed: number) => {
    using attack = inputAware({ maskEpochs: 1, seed, target: "next" });
    using _ = await infected(attack, data);
    using images = batchOf(data, 3);
    using triggered = attack.trigger(images);
    return triggered.toArray();
  };
  const first = await learnt(1);
  assertEquals(await learnt(1), first);
  assertNotEquals(await learnt(2), first);
});

Deno.test("making the networks leaves the library's generator where it was", async () => {
  const data = squares(64);
  const next = async (attack: ebb.backdoor.Attack) => {
    using _ = await infected(attack, data);
    return ebb.defaultGenerator().float();
  };
  using attack = inputAware({ maskEpochs: 1 });
  assertEquals(await next(attack), await next(ebb.backdoor.badnets()));
});

Deno.test("colour images get triggers too, and for another model they are learnt anew", async () => {
  const data = squares(64, 3);
  await leakFree(async () => {
    using attack = inputAware({ maskEpochs: 1 });
    using images = batchOf(data, 3);
    const triggers: unknown[] = [];
    for (const epochs of [1, 2]) {
      using _ = await infected(attack, data, epochs);
      using triggered = attack.trigger(images);
      assertEquals(triggered.shape, [3, 3, 12, 10]);
      triggers.push(triggered.toArray());
    }
    assertNotEquals(triggers[0], triggers[1]);
  });
});

Deno.test("a training that fails leaves no trigger and nothing in memory", () =>
  leakFree(async () => {
    const data = squares(20);
    const attack = inputAware({ maskEpochs: 0 });
    using model = ebb.models.preactResnet18({ width: 2, channels: 1, classes: 4 });
    await assertRejects(
      () => ebb.backdoor.infect(model, data, attack, settings),
      RangeError,
      "expected epochs to be a whole number above 0 but found 0",
    );
    using images = batchOf(data, 1);
    assertThrows(() => attack.trigger(images), Error, SENTENCE);
  }));

Deno.test("inputAware() refuses options out of range", () => {
  assertThrows(
    () => inputAware({ lr: -1 }),
    RangeError,
    "inputAware: expected lr to be a number of at least 0 but found -1",
  );
  assertThrows(
    () => inputAware({ crossRatio: NaN }),
    RangeError,
    "expected crossRatio to be a number of at least 0",
  );
});
