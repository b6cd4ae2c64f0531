/**
 * CIFAR-10's binary records, on small files made here and on the real ones where they are.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { cifar10 } from "../../lib/data/cifar10.ts";
import { realData, withFolder } from "./folder.ts";

const names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** Records with the given labels; the pixels of record `i` are all `i`, the first of each plane 0, 128, 255. */
function records(...labels: number[]): Uint8Array {
  const file = new Uint8Array(labels.length * 3073);
  labels.forEach((label, i) => {
    file.fill(i, i * 3073, (i + 1) * 3073);
    file[i * 3073] = label;
    [0, 128, 255].forEach((value, plane) => file[i * 3073 + 1 + plane * 1024] = value);
  });
  return file;
}

const meta = names.join("\n") + "\n\n";
const whole = {
  "data_batch_1.bin": records(3, 1),
  "data_batch_2.bin": records(9),
  "data_batch_10.bin": records(0),
  "test_batch.bin": records(7, 7, 2),
  "batches.meta.txt": meta,
};

Deno.test("cifar10() reads every training file in the folder, in the order of their numbers", () =>
  withFolder(whole, async (folder) => {
    const { train, test } = await cifar10(folder);
    assertEquals([...train.labels()], [3, 1, 9, 0]);
    assertEquals([...test.labels()], [7, 7, 2]);
    assertEquals(train.classes, names);
    const [image, label] = train.at(1);
    assertEquals([image.shape, image.dtype, label.shape, label.dtype], [[3, 32, 32], "float32", [], "int64"]);
    const expected = new Float32Array(3072).fill(1 / 255);
    [0, 128 / 255, 1].forEach((value, plane) => expected[plane * 1024] = value);
    assertEquals(image.data, expected);
  }));

Deno.test("cifar10() takes a URL, and one training file alone", () =>
  withFolder(whole, async (folder) => {
    await Deno.remove(`${folder}/data_batch_2.bin`);
    await Deno.remove(`${folder}/data_batch_10.bin`);
    assertEquals((await cifar10(new URL(`file://${folder}`))).train.length, 2);
  }));

const refused: [string, Record<string, Uint8Array | string>, RegExp][] = [
  [
    "a file cut short",
    { "data_batch_2.bin": records(9).subarray(0, 3000) },
    /expected whole records of 3073 bytes in .*data_batch_2\.bin but found 3000 bytes, 0\.98 records/,
  ],
  ["an empty file", { "test_batch.bin": "" }, /in .*test_batch\.bin but found 0 bytes/],
  [
    "a label out of range",
    { "test_batch.bin": records(1, 10) },
    /expected a label of 0 to 9 in record 1 of .*test_batch\.bin but found 10/,
  ],
  [
    "class names that are not ten",
    { "batches.meta.txt": "cat\n" },
    /expected 10 class names in .*but found 1/,
  ],
];
for (const [what, files, message] of refused) {
  Deno.test(`cifar10() refuses ${what} with its name and the numbers`, () =>
    withFolder({ ...whole, ...files }, async (folder) => {
      const error = await assertRejects(() => cifar10(folder), Error);
      assert(message.test(error.message), error.message);
    }));
}

Deno.test("cifar10() names the file or folder that is missing", () =>
  withFolder(whole, async (folder) => {
    await Deno.remove(`${folder}/test_batch.bin`);
    await assertRejects(
      () => cifar10(folder),
      Error,
      `cifar10: expected a file at ${folder}/test_batch.bin but found none`,
    );
    for (const name of ["data_batch_1.bin", "data_batch_2.bin", "data_batch_10.bin"]) {
      await Deno.remove(`${folder}/${name}`);
    }
    await assertRejects(
      () => cifar10(folder),
      Error,
      `expected data_batch_1.bin in ${folder} but found no such file`,
    );
    await assertRejects(() => cifar10(`${folder}/none`), Error, `but found none`);
  }));

const real = realData("cifar10");
Deno.test({
  name: "cifar10() reads the real files, whose classes are even and whose colours have the known means",
  ignore: real === undefined,
  fn: async () => {
    const { train, test } = await cifar10(real!);
    assertEquals([train.length, test.length], [10_000, 2_500]);
    const counts = new Int32Array(10);
    for (const label of train.labels()) counts[label]++;
    assert(counts.every((count) => count > 900 && count < 1100), counts.join());
    const [images] = train.gather(Array.from({ length: 1000 }, (_, i) => i));
    const means = [0, 0, 0];
    images.data.forEach((value, i) => means[Math.floor(i / 1024) % 3] += Number(value) / (1000 * 1024));
    [0.4914, 0.4822, 0.4465].forEach((mean, i) => assert(Math.abs(means[i] - mean) < 0.02, means.join()));
  },
});
