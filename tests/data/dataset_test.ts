/**
 * Data sets: what a batch of them is, and which rows a part of them takes.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type Column, sharedBytes, UNIT_VALUES } from "../../lib/data/column.ts";
import { ColumnDataset } from "../../lib/data/dataset.ts";

/** `length` images of 1×2 pixels with the bytes 2i and 2i + 1, and labels that repeat 0, 0, 1, 2. */
function pictures(length: number): ColumnDataset {
  const bytes = sharedBytes(length * 2).map((_, i) => i % 256);
  const labels = Uint8Array.from({ length }, (_, row) => [0, 0, 1, 2][row % 4]);
  const columns: Column[] = [
    { kind: "bytes", name: "images", shape: [1, 1, 2], length, bytes, values: UNIT_VALUES },
    { kind: "labels", name: "labels", shape: [], length, labels },
  ];
  return new ColumnDataset(columns, { classes: ["a", "b", "c"] });
}

Deno.test("Dataset.gather() gives images in [0, 1] as float32 and labels as int64", () => {
  const data = pictures(100);
  assertEquals(data.fields, [
    { name: "images", shape: [1, 1, 2], dtype: "float32" },
    { name: "labels", shape: [], dtype: "int64" },
  ]);
  const [images, labels] = data.gather([99, 2]);
  assertEquals(images, {
    data: Float32Array.of(198, 199, 4, 5).map((x) => x / 255),
    shape: [2, 1, 1, 2],
    dtype: "float32",
  });
  assertEquals(labels, { data: BigInt64Array.of(2n, 1n), shape: [2], dtype: "int64" });
});

Deno.test("Dataset.gather() writes into memory that is given, and into no more of it than needed", () => {
  const into = [new Float32Array(6).fill(-1), new BigInt64Array(3).fill(-1n)];
  const [images, labels] = pictures(10).gather([0, 1], into);
  assertEquals(images.data.buffer, into[0].buffer);
  assertEquals(into[0].subarray(4), Float32Array.of(-1, -1));
  assertEquals(labels.data, BigInt64Array.of(0n, 0n));
  assertThrows(
    () => pictures(10).gather([0, 1, 2, 3], into),
    RangeError,
    'gather: expected 8 elements of memory for "images" but found 6',
  );
});

Deno.test("Dataset.gather() keeps every element type, and negative labels", () => {
  const column = <T extends object>(dtype: string, rows: T) => (
    { kind: "rows", name: dtype, shape: [2], length: 2, dtype, rows } as unknown as Column
  );
  const arrays = {
    float32: Float32Array.of(1, 2, 3, 4),
    float16: Float16Array.of(1, 2, 3, 4),
    float64: Float64Array.of(1, 2, 3, 4),
    bfloat16: Uint16Array.of(1, 2, 3, 4),
    int32: Int32Array.of(1, 2, 3, 4),
    int64: BigInt64Array.of(1n, -2n, 3n, -4n),
    bool: Uint8Array.of(1, 0, 0, 1),
  };
  const data = new ColumnDataset(Object.entries(arrays).map(([dtype, rows]) => column(dtype, rows)));
  const batch = data.gather([1, 0]);
  Object.entries(arrays).forEach(([dtype, rows], i) => {
    assertEquals(batch[i].dtype, dtype);
    assertEquals([...batch[i].data], [rows[2], rows[3], rows[0], rows[1]]);
  });
  const labels = Int32Array.of(-100, 7);
  const signed = new ColumnDataset([{ kind: "labels", name: "y", shape: [], length: 2, labels }]);
  assertEquals(signed.gather([0, 1])[0].data, BigInt64Array.of(-100n, 7n));
});

Deno.test("Dataset.at() gives one row, counted from the end if negative", () => {
  const data = pictures(10);
  assertEquals(data.at(-1), data.at(9));
  assertEquals(data.at(1)[0], {
    data: Float32Array.of(2, 3).map((x) => x / 255),
    shape: [1, 1, 2],
    dtype: "float32",
  });
  for (const index of [10, -11, 0.5, NaN]) {
    assertThrows(() => data.at(index), RangeError, "expected indices of 0 to 9");
  }
});

Deno.test("Dataset.subset() takes a share or a count, the same for the same seed, in the data's order", () => {
  const data = pictures(100);
  const rows = (part: ColumnDataset) => [...part.rows(Array.from({ length: part.length }, (_, i) => i))];
  const one = rows(data.subset({ share: 0.05, seed: 3 }));
  assertEquals(one.length, 5);
  assertEquals(one, one.toSorted((a, b) => a - b));
  assertEquals(rows(data.subset({ count: 5, seed: 3 })), one);
  assertNotEquals(rows(data.subset({ count: 5, seed: 4 })), one);
  assertEquals(rows(data.subset({ share: 1 })).length, 100);
  assertEquals(data.subset({ count: 1 }).classes, ["a", "b", "c"]);
});

Deno.test("Dataset.subset() takes named rows in their order, and subsets of subsets", () => {
  const part = pictures(10).subset({ indices: [9, 3, 3, 6] });
  assertEquals(part.at(0), pictures(10).at(9));
  assertEquals(part.subset({ indices: [3, 1] }).gather([0, 1]), pictures(10).gather([6, 3]));
});

Deno.test("Dataset.subset() gives every class its share when stratified", () => {
  const count = (data: ColumnDataset) => {
    const counts = [0, 0, 0];
    for (const label of data.labels()) counts[label]++;
    return counts;
  };
  const data = pictures(400);
  assertEquals(count(data), [200, 100, 100]);
  assertEquals(count(data.subset({ share: 0.1, stratified: true, seed: 1 })), [20, 10, 10]);
  const odd = count(data.subset({ count: 7, stratified: true, seed: 1 })); // exact: 3.5, 1.75, 1.75
  assertEquals(odd, [3, 2, 2]);
});

Deno.test("Dataset.split() gives a part and the rest", () => {
  const data = pictures(50);
  const [part, rest] = data.split({ share: 0.2, stratified: true, seed: 5 });
  assertEquals([part.length, rest.length], [10, 40]);
  const bytes = [part, rest].flatMap((half) =>
    [...half.gather([...Array(half.length).keys()])[0].data].map(Number)
  );
  assertEquals(bytes.toSorted((a, b) => a - b), [...data.gather([...Array(50).keys()])[0].data]);
});

Deno.test("Dataset.subset() refuses options that contradict each other or the data", () => {
  const data = pictures(10);
  const cases: [Parameters<ColumnDataset["subset"]>[0], string][] = [
    [{}, "expected one of share, count and indices but found 0 of them"],
    [{ share: 0.5, count: 5 }, "found 2 of them"],
    [{ share: 0 }, "expected a share above 0 and of at most 1 but found 0"],
    [{ share: 1.5 }, "found 1.5"],
    [{ share: 0.01 }, "expected a count of 1 to 10 but found 0"],
    [{ count: 11 }, "expected a count of 1 to 10 but found 11"],
    [{ count: 2.5 }, "found 2.5"],
    [{ indices: [0, 10] }, "expected indices of 0 to 9 but found 10"],
    [{ indices: [-1] }, "found -1"],
  ];
  for (const [options, message] of cases) assertThrows(() => data.subset(options), RangeError, message);
});

Deno.test("Dataset refuses columns of different lengths, and labels where there are none", () => {
  const [images, labels] = pictures(4).columns;
  assertThrows(
    () => new ColumnDataset([images, { ...labels, length: 3 }]),
    RangeError,
    "expected columns of one length but found images: 4, labels: 3",
  );
  assertThrows(
    () => new ColumnDataset([images]).labels(),
    TypeError,
    "expected a field of one whole number a row but found Dataset(4 × images float32 [1, 1, 2])",
  );
});

Deno.test("Dataset shows its length and fields", () => {
  assert(Deno.inspect(pictures(4)).includes("Dataset(4 × images float32 [1, 1, 2], labels int64 [])"));
});
