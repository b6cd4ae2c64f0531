/**
 * The loader: what is in its batches, when they are freed, and that a seed, a state and a worker give the same ones.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { randomCrop, randomFlip, randomRotate } from "../../lib/data/augment.ts";
import { type Column, sharedBytes, UNIT_VALUES } from "../../lib/data/column.ts";
import { ColumnDataset, type Dataset } from "../../lib/data/dataset.ts";
import { fromTensors } from "../../lib/data/from_tensors.ts";
import { loader, type LoaderOptions } from "../../lib/data/loader.ts";
import { cpu, defaultDevice, withDevice } from "../../lib/device/mod.ts";
import { keep, seed, tensor } from "../../lib/tensor/mod.ts";

/** `length` images of 3×6×6 random bytes; the label is the row's number. */
function pictures(length: number): ColumnDataset {
  const bytes = sharedBytes(length * 108).map((_, i) => (i * 2654435761) >>> 24);
  const columns: Column[] = [
    { kind: "bytes", name: "images", shape: [3, 6, 6], length, bytes, values: UNIT_VALUES },
    {
      kind: "labels",
      name: "labels",
      shape: [],
      length,
      labels: Int32Array.from({ length }, (_, row) => row),
    },
  ];
  return new ColumnDataset(columns);
}

/** The labels of every batch of a pass. */
async function rowsOf(batches: AsyncIterable<{ toArray(): unknown }[]>): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const batch of batches) rows.push(batch.at(-1)!.toArray() as number[]);
  return rows;
}

/** Everything that a pass hands out, as text. */
async function contentsOf(dataset: Dataset, options: LoaderOptions): Promise<string> {
  const contents: string[] = [];
  for await (const batch of loader(dataset, options)) {
    for (const part of batch) contents.push(`${part.dtype} ${part.shape}: ${part.data()}`);
  }
  return contents.join("\n");
}

const storages = () => defaultDevice().memory().storages;
const augment = [randomCrop({ padding: 2 }), randomFlip(), randomRotate({ degrees: 10, probability: 0.5 })];

Deno.test("loader() gives every row once and in order, the last batch as large as it gets", async () => {
  const batches = loader(pictures(7), { batchSize: 3 });
  assertEquals(batches.length, 3);
  assertEquals(await rowsOf(batches), [[0, 1, 2], [3, 4, 5], [6]]);
  assertEquals(await rowsOf(loader(pictures(7), { batchSize: 3, dropLast: true })), [[0, 1, 2], [3, 4, 5]]);
  assertEquals(await rowsOf(loader(pictures(2), { batchSize: 8 })), [[0, 1]]);
});

Deno.test("loader() gives tensors of the fields' types and shapes, on the device it is told", async () => {
  const device = cpu({ budget: "1 MiB" });
  const inside = withDevice(device, () => loader(pictures(4), { batchSize: 2 }));
  for (const batches of [inside, loader(pictures(4), { batchSize: 2, device })]) {
    for await (const [images, labels] of batches) {
      assertEquals([images.dtype, labels.dtype], ["float32", "int64"]);
      assertEquals([images.shape, labels.shape], [[2, 3, 6, 6], [2]]);
      assertEquals(images.device, device);
    }
  }
  assertEquals(device.memory().storages, 0);
});

Deno.test("loader() shuffles every epoch and every pass anew", async () => {
  const batches = loader(pictures(20), { batchSize: 5, shuffle: true, epochs: 2, seed: 1 });
  assertEquals(batches.length, 8);
  const [first, second] = [await rowsOf(batches), await rowsOf(batches)];
  const epochs = [first.slice(0, 4), first.slice(4), second.slice(0, 4), second.slice(4)].map((rows) =>
    rows.flat()
  );
  for (const rows of epochs) assertEquals(rows.toSorted((a, b) => a - b), [...Array(20).keys()]);
  assertEquals(new Set(epochs.map(String)).size, 4);
});

Deno.test("loader() takes as many steps as it is told, over several epochs or a part of one", async () => {
  const rows = await rowsOf(loader(pictures(5), { batchSize: 2, steps: 4 }));
  assertEquals(rows, [[0, 1], [2, 3], [4], [0, 1]]);
  assertEquals(await rowsOf(loader(pictures(5), { batchSize: 2, steps: 1 })), [[0, 1]]);
});

Deno.test("loader() follows from ebb.seed(), and draws from it only what it needs", async () => {
  const drawn = async () => {
    seed(5);
    await rowsOf(loader(pictures(20), { batchSize: 20 })); // a test set: changes nothing
    return await rowsOf(loader(pictures(20), { batchSize: 20, shuffle: true }));
  };
  const rows = await drawn();
  assertEquals(await drawn(), rows);
  seed(5);
  assertEquals(await rowsOf(loader(pictures(20), { batchSize: 20, shuffle: true })), rows);
  assertNotEquals(await rowsOf(loader(pictures(20), { batchSize: 20, shuffle: true })), rows);
});

Deno.test("loader() frees a batch when the next is asked for, at the end, and when the loop is left", async () => {
  const before = storages();
  const alive: number[] = [];
  for await (const [images] of loader(pictures(6), { batchSize: 2 })) {
    alive.push(storages() - before);
    assert(!images.disposed);
  }
  assertEquals(alive, [2, 2, 2]);
  assertEquals(storages(), before);
  for await (const _ of loader(pictures(6), { batchSize: 2 })) break;
  assertEquals(storages(), before);
  const failed = (async () => {
    for await (const _ of loader(pictures(6), { batchSize: 2 })) throw new Error("in the loop");
  })();
  await assertRejects(() => failed, Error, "in the loop");
  assertEquals(storages(), before);
});

Deno.test("loader() leaves what keep() was called on, and does not mind what was freed", async () => {
  const before = storages();
  const kept = [];
  for await (const [images, labels] of loader(pictures(4), { batchSize: 2 })) {
    kept.push(keep(labels));
    images.dispose();
  }
  assertEquals(storages(), before + 2);
  assertEquals(kept.map((labels) => labels.toArray()), [[0, 1], [2, 3]]);
  for (const labels of kept) labels.dispose();
  assertEquals(storages(), before);
});

Deno.test("loader() gives the same batches with a worker and without", async () => {
  const data = pictures(50).subset({ count: 41, seed: 2 });
  for (const options of [{}, { shuffle: true }, { shuffle: true, augment, steps: 13 }]) {
    const common = { ...options, batchSize: 8, seed: 3 };
    const alone = await contentsOf(data, { ...common, prefetch: false });
    assertEquals(await contentsOf(data, { ...common, prefetch: true }), alone);
  }
});

Deno.test("loader() ends its worker when the loop is left, or fails", async () => {
  const before = storages();
  for await (const _ of loader(pictures(50), { batchSize: 2, prefetch: true })) break;
  const images = {
    kind: "rows",
    name: "x",
    shape: [2],
    length: 4,
    dtype: "float32",
    rows: new Float32Array(8),
  } as const;
  const flat = loader(new ColumnDataset([images]), { batchSize: 2, prefetch: true, augment: randomFlip() });
  await assertRejects(
    () => rowsOf(flat),
    Error,
    "loader: expected a batch from the worker but found: augment: expected float32 images [N, C, H, W] but found [2, 2]",
  );
  assertEquals(storages(), before);
});

Deno.test("loader() goes on bit-identically from a state, with a worker and without", async () => {
  const data = pictures(20);
  const options = { batchSize: 3, shuffle: true, augment, epochs: 2 };
  for (const prefetch of [false, true]) {
    const whole = loader(data, { ...options, prefetch, seed: 4 });
    await rowsOf(whole); // the state is to stand in the second pass
    const rest: string[] = [];
    let state: string | undefined;
    for await (const [images] of whole) {
      if (state !== undefined) rest.push(String(images.data()));
      const now = whole.state();
      if (now.step === 9) state = JSON.stringify(now);
    }
    const resumed = loader(data, { ...options, prefetch });
    resumed.load(JSON.parse(state!));
    const again: string[] = [];
    for await (const [images] of resumed) again.push(String(images.data()));
    assertEquals(rest.length, 14 - 9);
    assertEquals(again, rest);
    assertEquals(await rowsOf(resumed), await rowsOf(whole)); // and the pass after it
  }
});

Deno.test("loader() begins a new pass after one that was left, or a state at the end of one", async () => {
  const batches = loader(pictures(20), { batchSize: 5, shuffle: true, seed: 6 });
  for await (const _ of batches) break;
  assertEquals(batches.state(), { seed: 6, pass: 0, step: 1 });
  const second = await rowsOf(batches);
  assertEquals(second.length, 4);
  assertEquals(batches.state(), { seed: 6, pass: 1, step: 4 });
  const other = loader(pictures(20), { batchSize: 5, shuffle: true });
  other.load({ seed: 6, pass: 0, step: 4 });
  assertEquals(await rowsOf(other), second);
});

Deno.test("loader() takes tensors of any type, and a function that varies a batch", async () => {
  using x = tensor([[1, 2], [3, 4], [5, 6]]);
  using y = tensor([true, false, true]);
  const data = fromTensors([x, y], { names: ["points", "inside"], classes: ["out", "in"] });
  assertEquals(data.fields.map(({ name, dtype }) => `${name} ${dtype}`), ["points float32", "inside bool"]);
  const seen: unknown[] = [];
  for await (const [a, b] of loader(data, { batchSize: 2 })) seen.push(a.toArray(), b.toArray());
  assertEquals(seen, [[[1, 2], [3, 4]], [true, false], [[5, 6]], [true]]);

  const dark = loader(pictures(2), { augment: (images) => images.fill(0) });
  for await (const [images] of dark) assertEquals(images.sum().item(), 0);
});

Deno.test("loader() takes a data set of somebody's own", async () => {
  const squares: Dataset = {
    length: 5,
    fields: [{ name: "square", shape: [], dtype: "float32" }],
    gather: (rows) => [
      { data: Float32Array.from(rows, (row) => row * row), shape: [rows.length], dtype: "float32" },
    ],
    at: (row) => squares.gather([row]),
    labels: () => new Int32Array(5),
    subset: () => squares,
    split: () => [squares, squares],
  };
  assertEquals(await rowsOf(loader(squares, { batchSize: 3 })), [[0, 1, 4], [9, 16]]);
  assertThrows(() => loader(squares, { prefetch: true }), TypeError, "which a worker can be given");
});

Deno.test("loader() and fromTensors() refuse what makes no batch", () => {
  const data = pictures(4);
  const cases: [LoaderOptions, string][] = [
    [{ batchSize: 0 }, "loader: expected batchSize to be a whole number above 0 but found 0"],
    [{ batchSize: 1.5 }, "found 1.5"],
    [{ steps: -1 }, "expected steps to be a whole number above 0 but found -1"],
    [{ epochs: 0 }, "expected epochs to be a whole number above 0 but found 0"],
    [{ batchSize: 5, dropLast: true }, "at least one batch but found 4 rows, fewer than a batch of 5"],
  ];
  for (const [options, message] of cases) assertThrows(() => loader(data, options), RangeError, message);
  assertThrows(
    () => loader(data.subset({ indices: [] })),
    RangeError,
    "at least one batch but found no rows",
  );
  assertThrows(
    () => loader(data).load({ seed: 1, pass: -1, step: 0 }),
    RangeError,
    "a state's pass to be a whole number but found -1",
  );
  using x = tensor([[1], [2]]);
  using y = tensor([1, 2, 3]);
  using z = tensor(1);
  assertThrows(
    () => fromTensors([x, y]),
    RangeError,
    "one length along their first axis but found [2, 1], [3]",
  );
  assertThrows(() => fromTensors([z]), RangeError, "but found []");
  assertThrows(() => fromTensors([]), RangeError, "but found no tensor");
});
