/**
 * The idx format in which MNIST and its relatives (Fashion-MNIST, KMNIST, EMNIST) are published, plain or gzip: two zero
 * bytes, a type, a number of axes, the sizes big-endian, the elements. Of the types only bytes are read.
 *
 * @module
 */
import { pathName, readFile } from "../files/read.ts";
import { sharedBytes, UNIT_VALUES } from "./column.ts";
import { ColumnDataset } from "./dataset.ts";

const BYTES = 0x08;

/**
 * Images and labels from a pair of idx files.
 *
 * @param imagesPath sizes [N, H, W] or [N, C, H, W]; they become float32 `[1, H, W]` or `[C, H, W]` in [0, 1]
 * @param labelsPath sizes [N]; they become int64
 * @param options `classes`: the names of the classes; labels beyond them are refused. By default the labels are not
 * limited and have no names.
 * @throws {Error} If a file is missing, foreign, of another length than its sizes tell, has a label out of range, or
 * the two are not of one length: a sentence with its name and the numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeFile(`${folder}/images`, Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255));
 * await Deno.writeFile(`${folder}/labels`, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 4));
 * const data = await ebb.data.idx(`${folder}/images`, `${folder}/labels`);
 * assertEquals(data.at(0).map(({ data }) => data), [Float32Array.of(0, 1), BigInt64Array.of(4n)]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function idx(
  imagesPath: string | URL,
  labelsPath: string | URL,
  options: { classes?: readonly string[] } = {},
): Promise<ColumnDataset> {
  const [images, labels] = await Promise.all([readIdx(imagesPath, [3, 4]), readIdx(labelsPath, [1])]);
  const [length, ...sizes] = images.sizes;
  if (length !== labels.sizes[0] || length === 0) {
    const [one, other] = [
      `${length} images in ${images.name}`,
      `${labels.sizes[0]} labels in ${labels.name}`,
    ];
    throw new Error(
      `idx: expected as many images as labels, and one at least, but found ${one} and ${other}`,
    );
  }
  const limit = options.classes?.length ?? 256;
  const wrong = labels.elements.findIndex((label) => label >= limit);
  if (wrong >= 0) {
    const item = `item ${wrong} of ${labels.name}`;
    throw new Error(
      `idx: expected a label of 0 to ${limit - 1} in ${item} but found ${labels.elements[wrong]}`,
    );
  }
  const shape = sizes.length === 2 ? [1, ...sizes] : sizes;
  return new ColumnDataset([
    { kind: "bytes", name: "images", shape, length, bytes: images.elements, values: UNIT_VALUES },
    { kind: "labels", name: "labels", shape: [], length, labels: labels.elements },
  ], options);
}

interface IdxFile {
  readonly name: string;
  readonly sizes: number[];
  /** In shared memory. */
  readonly elements: Uint8Array;
}

async function readIdx(path: string | URL, axes: number[]): Promise<IdxFile> {
  const name = pathName(path);
  const file = await unpack(await readFile("idx", path), name);
  const rank = file[3];
  if (file.length < 4 || file[0] !== 0 || file[1] !== 0 || file[2] !== BYTES || !axes.includes(rank)) {
    const magic = [...file.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const expected = axes.map((count) => `00 00 08 0${count}`).join(" or ");
    throw new Error(
      `idx: expected ${name} to begin with ${expected} but found "${magic}", ${file.length} bytes`,
    );
  }
  const begin = 4 + 4 * rank;
  if (file.length < begin) {
    throw new Error(`idx: expected a header of ${begin} bytes in ${name} but found ${file.length} bytes`);
  }
  const view = new DataView(file.buffer, file.byteOffset);
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = sizes.reduce((product, size) => product * size, 1);
  if (file.length - begin !== expected) {
    const needs = `${expected} elements for sizes [${sizes.join(", ")}]`;
    throw new Error(`idx: expected ${needs} in ${name} but found ${file.length - begin}`);
  }
  const elements = sharedBytes(expected);
  elements.set(file.subarray(begin));
  return { name, sizes, elements };
}

/** What a gzip file holds; another file as it is. */
async function unpack(file: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  try {
    return await new Response(new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"))).bytes();
  } catch (error) {
    const found = `${file.length} bytes that do not unpack: ${(error as Error).message}`;
    throw new Error(`idx: expected ${name} to be a whole gzip file but found ${found}`, { cause: error });
  }
}
