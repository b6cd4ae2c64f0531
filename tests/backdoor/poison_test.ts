import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CROSSED, drawPoison, TRIGGERED } from "../../lib/backdoor/poison.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { badnets, defineAttack, sig, wanet } = ebb.backdoor;

/** Black images `[1, 4, 4]` with the labels 0, 1, …, 9, 0, 1, … */
function digitsOf(count: number): ebb.data.ColumnDataset {
  const images = {
    kind: "bytes",
    name: "images",
    shape: [1, 4, 4],
    length: count,
    bytes: new Uint8Array(16 * count).fill(51),
    values: Float32Array.from({ length: 256 }, (_, byte) => byte / 255),
  } as const;
  const labels = Uint8Array.from({ length: count }, (_, row) => row % 10);
  const classes = Array.from({ length: 10 }, (_, label) => `digit ${label}`);
  return new ebb.data.ColumnDataset(
    [images, { kind: "labels", name: "labels", shape: [], length: count, labels }],
    { classes },
  );
}

/** All rows' images on the host. */
function imagesOf(data: ebb.data.Dataset): number[][] {
  const [{ data: values }] = data.gather(Array.from({ length: data.length }, (_, row) => row));
  return Array.from(
    { length: data.length },
    (_, row) => [...values.subarray(16 * row, 16 * row + 16)].map(Number),
  );
}

/** The rows in which two data sets' images differ. */
function changed(a: ebb.data.Dataset, b: ebb.data.Dataset): number[] {
  const [before, after] = [imagesOf(a), imagesOf(b)];
  return [...before.keys()].filter((row) => before[row].some((value, i) => value !== after[row][i]));
}

Deno.test("all-to-one: a tenth of the rows has the trigger and the target's label, the others are as they were", () =>
  leakFree(() => {
    const data = digitsOf(200);
    const before = [imagesOf(data), data.labels()];
    const poisoned = badnets({ target: 7 }).poison(data);
    assertEquals([poisoned.length, poisoned.poisoned.length, poisoned.crossed.length], [200, 20, 0]);
    assertEquals(poisoned.classes, data.classes);
    assertEquals(changed(data, poisoned), [...poisoned.poisoned]);
    const wanted = data.labels().map((label, row) => poisoned.poisoned.includes(row) ? 7 : label);
    assertEquals(poisoned.labels(), wanted);
    const [image] = poisoned.at(poisoned.poisoned[0]);
    const g = Math.fround(0.2);
    assertEquals([...image.data].map(Number), [g, g, g, g, g, 1, 0, 0, g, 0, 1, 0, g, 1, 0, 1]);
    assertEquals([imagesOf(data), data.labels()], before);
  }));

Deno.test("all-to-all: each label becomes the next one, the last one the first", () => {
  const data = digitsOf(200);
  const poisoned = badnets({ target: "next", rate: 0.5 }).poison(data);
  assertEquals(poisoned.poisoned.length, 100);
  const [before, after] = [data.labels(), poisoned.labels()];
  assert(poisoned.poisoned.some((row) => before[row] === 9));
  for (const row of poisoned.poisoned) assertEquals(after[row], (before[row] + 1) % 10);
});

Deno.test("clean-label: only rows of the target class, which keep their labels, as many as there are", () => {
  const data = digitsOf(200);
  for (const [rate, count] of [[0.05, 10], [0.1, 20], [0.5, 20]]) {
    const poisoned = sig({ target: 3, rate }).poison(data);
    assertEquals(poisoned.poisoned.length, count);
    assert(poisoned.poisoned.every((row) => data.labels()[row] === 3));
    assertEquals(poisoned.labels(), data.labels());
  }
});

Deno.test("crossed rows have a trigger of no effect, keep their labels and are none of the poisoned ones", () => {
  const data = digitsOf(100);
  const bright = (by: number) => (images: ebb.Tensor) => images.add(by);
  const attack = defineAttack("bright", { rate: 0.1 }, {
    trigger: bright(0.5),
    cross: bright(0.25),
    crossRatio: 2,
  });
  const poisoned = attack.poison(data);
  assertEquals([poisoned.poisoned.length, poisoned.crossed.length], [10, 20]);
  const [images, labels] = [imagesOf(poisoned), poisoned.labels()];
  data.labels().forEach((label, row) => {
    const [isPoisoned, isCrossed] = [poisoned.poisoned.includes(row), poisoned.crossed.includes(row)];
    assertEquals(labels[row], isPoisoned ? 0 : label);
    assertEquals(images[row][0].toFixed(4), (0.2 + (isPoisoned ? 0.5 : isCrossed ? 0.25 : 0)).toFixed(4));
    assert(!(isPoisoned && isCrossed));
  });
});

Deno.test("what crosses images sees others of the same batch, without triggers", () => {
  const data = digitsOf(40);
  const seen: number[] = [];
  const attack = defineAttack("others", { rate: 0.25 }, {
    trigger: (images) => images.add(0.5),
    crossRatio: 1,
    cross: (images, _, others) => {
      assertEquals(others.shape, images.shape);
      seen.push(others.max().item());
      return others;
    },
  });
  attack.poison(data);
  assertEquals(seen, [Math.fround(0.2)]);
});

Deno.test("the same seed poisons the same rows in the same way, another seed others", () => {
  const data = digitsOf(200);
  const make = (seed: number) => wanet({ seed }).poison(data);
  assertEquals(make(1).poisoned, make(1).poisoned);
  assertEquals(make(1).crossed, make(1).crossed);
  assertEquals(imagesOf(make(1)), imagesOf(make(1)));
  assertNotEquals(make(1).poisoned, make(2).poisoned);
  assertNotEquals(make(1).crossed, make(2).crossed);
});

Deno.test("lower rates poison a part of the rows of higher ones, and one row at least", () => {
  const data = digitsOf(200);
  const rows = (rate: number) => badnets({ rate }).poison(data).poisoned;
  assertEquals([rows(0.01), rows(0.001), rows(1)].map(({ length }) => length), [2, 1, 200]);
  assert(rows(0.05).every((row) => rows(0.1).includes(row)));
});

Deno.test("a subset is poisoned by its own rows, whatever columns it lies in", () => {
  const data = digitsOf(200);
  const some = data.subset({ indices: Uint32Array.from({ length: 50 }, (_, i) => 4 * i + 1) });
  const poisoned = badnets({ target: 2 }).poison(some);
  assertEquals([poisoned.length, poisoned.poisoned.length], [50, 5]);
  assertEquals(changed(some, poisoned), [...poisoned.poisoned]);
  const wanted = some.labels().map((label, row) => poisoned.poisoned.includes(row) ? 2 : label);
  assertEquals(poisoned.labels(), wanted);
});

Deno.test("sets of floats, and poisoned sets themselves, can be poisoned", () => {
  using x = ebb.full([30, 1, 4, 4], 0.25);
  using y = ebb.tensor(BigInt64Array.from({ length: 30 }, (_, i) => BigInt(i % 3)), { shape: [30] });
  const data = ebb.data.fromTensors([x, y]).subset({ count: 20, seed: 1 });
  const once = badnets({ target: 1, patch: [[1]] }).poison(data);
  const twice = badnets({ target: 2, patch: [[0]], margin: 1, seed: 1 }).poison(once);
  assertEquals(changed(data, once), [...once.poisoned]);
  assertEquals(changed(once, twice), [...twice.poisoned]);
  const all = new Set([...once.poisoned, ...twice.poisoned]);
  assertEquals(changed(data, twice).length, all.size);
});

Deno.test("a poisoned set goes through a loader with augmentation, with or without a worker", async () => {
  const poisoned = badnets({ target: 7 }).poison(digitsOf(64));
  const mirrored = ebb.data.randomFlip({ probability: 1 });
  const run = async (prefetch: boolean) => {
    const rows: unknown[] = [];
    const batches = ebb.data.loader(poisoned, {
      batchSize: 16,
      augment: mirrored,
      shuffle: true,
      seed: 1,
      prefetch,
    });
    for await (const [images, labels] of batches) {
      (images.toArray() as number[][][][]).forEach(([image], i) =>
        rows.push([image, Number(labels.data()[i])])
      );
    }
    return rows;
  };
  await leakFree(async () => {
    const rows = await run(false);
    assertEquals(await run(true), rows);
    const g = Math.fround(0.2);
    const patched = rows.filter((row) =>
      JSON.stringify((row as [number[][]])[0][3]) === JSON.stringify([1, 0, 1, g])
    );
    assertEquals(patched.length, poisoned.poisoned.length);
  });
});

Deno.test("targets and rates that are none are refused at once", () => {
  const refuses = (options: ebb.backdoor.AttackOptions, sentence: string) =>
    assertThrows(() => badnets(options), RangeError, sentence);
  for (const target of [-1, 1.5, NaN]) {
    refuses({ target }, `badnets: expected the target to be a class number or "next" but found ${target}`);
  }
  for (const rate of [0, -0.1, 1.01, NaN]) {
    refuses({ rate }, `badnets: expected a rate above 0 and of at most 1 but found ${rate}`);
  }
});

Deno.test("a target that is no class of the data is refused, and one without images where labels are kept", () => {
  assertThrows(
    () => badnets({ target: 10 }).poison(digitsOf(20)),
    RangeError,
    "badnets: expected a target of 0 to 9 but found 10",
  );
  assertThrows(
    () => sig({ target: 9 }).poison(digitsOf(9)),
    RangeError,
    "sig: expected images of the target class 9, as labels are kept, but found none",
  );
});

Deno.test("what holds no images of [0, 1] with labels is refused", () => {
  using flat = ebb.ones([4, 16]);
  using images = ebb.full([4, 1, 4, 4], 1.5);
  using labels = ebb.tensor([0, 1, 0, 1], { dtype: "int64" });
  const attack = badnets();
  assertThrows(
    () => attack.poison(ebb.data.fromTensors([flat, labels])),
    TypeError,
    "badnets: expected float32 images [C, H, W] and a label each but found x float32[16], y int64[]",
  );
  assertThrows(
    () => attack.poison(ebb.data.fromTensors([images, labels])),
    RangeError,
    "badnets: expected images with values of [0, 1] but found 1.5",
  );
});

Deno.test("trigger() takes float32 images [N, C, H, W] of [0, 1]", () => {
  const attack = badnets();
  using three = ebb.ones([1, 4, 4]);
  using whole = ebb.ones([1, 1, 4, 4], { dtype: "int64" });
  using dark = ebb.full([1, 1, 4, 4], -0.5);
  assertThrows(
    () => attack.trigger(three),
    TypeError,
    "badnets: expected float32 images [N, C, H, W] but found float32[1, 4, 4]",
  );
  assertThrows(() => attack.trigger(whole), TypeError, "but found int64[1, 1, 4, 4]");
  assertThrows(
    () => attack.trigger(dark),
    RangeError,
    "badnets: expected images with values of [0, 1] but found -0.5",
  );
});

Deno.test("drawPoison() poisons and crosses images by lot, and changes the labels of the poisoned ones alone", () => {
  const attack = ebb.backdoor.defineAttack("lot", { rate: 0.2, target: "next" }, {
    trigger: (images) => images.mul(1),
    cross: (images) => images.mul(1),
    crossRatio: 2,
  });
  const truth = BigInt64Array.from({ length: 5000 }, (_, row) => BigInt(row % 10));
  using labelled = ebb.tensor(truth, { dtype: "int64" });
  const drawn = () => {
    const { marks, labels } = drawPoison(attack, labelled, 10, new ebb.Generator(1));
    using kept = labels;
    return { marks, labels: kept.data().slice() };
  };
  const { marks, labels } = drawn();
  const share = (mark: number) => marks.filter((value) => value === mark).length / marks.length;
  assert(Math.abs(share(TRIGGERED) - 0.2) < 0.02 && Math.abs(share(CROSSED) - 0.4) < 0.02);
  marks.forEach((mark, row) =>
    assertEquals(labels[row], mark === TRIGGERED ? (truth[row] + 1n) % 10n : truth[row])
  );
  assertEquals(drawn(), { marks, labels });
});
