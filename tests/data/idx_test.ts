/**
 * idx files, on small ones made here and on Fashion-MNIST where it is.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { idx } from "../../lib/data/idx.ts";
import { realData, withFolder } from "./folder.ts";

/** An idx file of bytes: its sizes, then 0, 1, 2, … */
function idxFile(sizes: number[], type = 8, count = sizes.reduce((a, b) => a * b)): Uint8Array<ArrayBuffer> {
  const head = 4 + 4 * sizes.length;
  const file = new Uint8Array(head + count).map((_, i) => i - head);
  file.set([0, 0, type, sizes.length]);
  sizes.forEach((size, axis) => new DataView(file.buffer).setUint32(4 + 4 * axis, size));
  return file;
}

const gzip = async (file: Uint8Array<ArrayBuffer>) =>
  await new Response(new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();

Deno.test("idx() reads images and labels, plain or gzip, with or without a colour axis", async () => {
  const files = {
    images: idxFile([3, 2, 2]),
    labels: idxFile([3]),
    "images.gz": await gzip(idxFile([3, 2, 2])),
    "labels.gz": await gzip(idxFile([3])),
    colours: idxFile([3, 3, 1, 2]),
  };
  await withFolder(files, async (folder) => {
    const plain = await idx(`${folder}/images`, `${folder}/labels`);
    assertEquals(plain.fields.map(({ shape }) => shape), [[1, 2, 2], []]);
    assertEquals(plain.at(2)[0].data, Float32Array.of(8, 9, 10, 11).map((x) => x / 255));
    assertEquals([...plain.labels()], [0, 1, 2]);
    const packed = await idx(`${folder}/images.gz`, new URL(`file://${folder}/labels.gz`), {
      classes: ["a", "b", "c"],
    });
    assertEquals(packed.gather([0, 1, 2]), plain.gather([0, 1, 2]));
    assertEquals(packed.classes, ["a", "b", "c"]);
    assertEquals((await idx(`${folder}/colours`, `${folder}/labels`)).fields[0].shape, [3, 1, 2]);
  });
});

Deno.test("idx() says what is wrong with a file, with its name and the numbers", async () => {
  const packed = await gzip(idxFile([3, 2, 2]));
  const good = { images: idxFile([3, 2, 2]), labels: idxFile([3]) };
  const cases: [Partial<typeof good>, RegExp][] = [
    [
      { images: idxFile([3, 2, 2], 8, 11) },
      /expected 12 elements for sizes \[3, 2, 2\] in .*images but found 11/,
    ],
    [{ images: idxFile([3, 2, 2], 8, 13) }, /expected 12 elements .* but found 13/],
    [
      { images: idxFile([3, 2, 2], 13) },
      /images to begin with 00 00 08 03 or 00 00 08 04 but found "00 00 0d 03"/,
    ],
    [{ images: idxFile([3, 2]) }, /but found "00 00 08 02", 18 bytes/],
    [{ images: new TextEncoder().encode("PNG!") }, /but found "50 4e 47 21", 4 bytes/],
    [{ images: new Uint8Array(0) }, /but found "", 0 bytes/],
    [
      { images: idxFile([3, 2, 2]).subarray(0, 9) },
      /expected a header of 16 bytes in .*images but found 9 bytes/,
    ],
    [
      { images: packed.subarray(0, 20) },
      /images to be a whole gzip file but found 20 bytes that do not unpack: /,
    ],
    [{ labels: idxFile([4]) }, /but found 3 images in .*images and 4 labels in .*labels/],
    [{ images: idxFile([0, 2, 2]), labels: idxFile([0]) }, /one at least, but found 0 images/],
    [{ labels: idxFile([3, 1]) }, /labels to begin with 00 00 08 01 but found "00 00 08 02"/],
  ];
  for (const [files, message] of cases) {
    await withFolder({ ...good, ...files }, async (folder) => {
      const error = await assertRejects(() => idx(`${folder}/images`, `${folder}/labels`), Error);
      assert(message.test(error.message), error.message);
    });
  }
  await withFolder(good, async (folder) => {
    const error = await assertRejects(
      () => idx(`${folder}/images`, `${folder}/labels`, { classes: ["a", "b"] }),
      Error,
    );
    assert(/expected a label of 0 to 1 in item 2 of .*labels but found 2/.test(error.message), error.message);
    await assertRejects(
      () => idx(`${folder}/none`, `${folder}/labels`),
      Error,
      `expected a file at ${folder}/none but found none`,
    );
  });
});

const real = realData("fashion-mnist");
Deno.test({
  name: "idx() reads the real Fashion-MNIST",
  ignore: real === undefined,
  fn: async () => {
    const test = await idx(`${real}t10k-images-idx3-ubyte.gz`, `${real}t10k-labels-idx1-ubyte.gz`);
    assertEquals(test.length, 2000);
    const counts = new Int32Array(10);
    for (const label of test.labels()) counts[label]++;
    assert(counts.every((count) => count > 150), counts.join());
  },
});
