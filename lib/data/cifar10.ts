/**
 * CIFAR-10 (Krizhevsky, 2009) from its binary version: records of one label byte and 3,072 pixel bytes, plane by plane.
 *
 * @module
 */
import { join } from "node:path";
import { pathName, readFile } from "../files/read.ts";
import { sharedBytes, UNIT_VALUES } from "./column.ts";
import { ColumnDataset } from "./dataset.ts";

const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;
const CLASSES = 10;

/** CIFAR-10's photographs: images float32 `[3, 32, 32]` (RGB) in [0, 1], labels int64. */
export interface Cifar10 {
  /** The images of every `data_batch_*.bin` in the folder. */
  readonly train: ColumnDataset;
  /** The images of `test_batch.bin`. */
  readonly test: ColumnDataset;
}

/**
 * The data set in a folder that holds the files of CIFAR-10's binary version, or some of the training ones.
 *
 * @param folder with `data_batch_1.bin` (and further numbers), `test_batch.bin` and `batches.meta.txt`
 * @throws {Error} If a file is missing, is not made of whole records, or has a label out of range: a sentence with its
 * name and the numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const folder = await Deno.makeTempDir();
 * for (const name of ["data_batch_1.bin", "test_batch.bin"]) {
 *   await Deno.writeFile(`${folder}/${name}`, new Uint8Array(2 * 3073)); // two black images of class 0
 * }
 * const names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
 * await Deno.writeTextFile(`${folder}/batches.meta.txt`, names.join("\n"));
 * const { train } = await ebb.data.cifar10(folder);
 * assertEquals([train.length, train.classes?.[0]], [2, "airplane"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function cifar10(folder: string | URL): Promise<Cifar10> {
  const path = pathName(folder);
  const classes = await readClasses(join(path, "batches.meta.txt"));
  const names = await trainingFiles(path);
  const train = await readRecords(names.map((name) => join(path, name)), classes);
  const test = await readRecords([join(path, "test_batch.bin")], classes);
  return { train, test };
}

async function trainingFiles(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) if (/^data_batch_\d+\.bin$/.test(name)) names.push(name);
  } catch (error) {
    throw new Error(`cifar10: expected a folder at ${path} but found none`, { cause: error });
  }
  if (names.length === 0) {
    throw new Error(`cifar10: expected data_batch_1.bin in ${path} but found no such file`);
  }
  return names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

async function readClasses(path: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readFile("cifar10", path));
  const classes = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (classes.length !== CLASSES) {
    throw new Error(`cifar10: expected ${CLASSES} class names in ${path} but found ${classes.length}`);
  }
  return classes;
}

async function readRecords(paths: string[], classes: string[]): Promise<ColumnDataset> {
  const files = await Promise.all(paths.map((path) => readFile("cifar10", path)));
  const length = files.reduce((sum, file, i) => sum + countRecords(file, paths[i]), 0);
  const bytes = sharedBytes(length * PIXELS);
  const labels = sharedBytes(length);
  let row = 0;
  files.forEach((file, i) => {
    for (let at = 0; at < file.length; at += RECORD, row++) {
      const label = file[at];
      if (label >= CLASSES) {
        const record = `record ${at / RECORD} of ${paths[i]}`;
        throw new Error(`cifar10: expected a label of 0 to ${CLASSES - 1} in ${record} but found ${label}`);
      }
      labels[row] = label;
      bytes.set(file.subarray(at + 1, at + RECORD), row * PIXELS);
    }
  });
  return new ColumnDataset([
    { kind: "bytes", name: "images", shape: [3, 32, 32], length, bytes, values: UNIT_VALUES },
    { kind: "labels", name: "labels", shape: [], length, labels },
  ], { classes });
}

function countRecords(file: Uint8Array, path: string): number {
  const records = file.length / RECORD;
  if (file.length === 0 || !Number.isInteger(records)) {
    const found = `${file.length} bytes, ${records.toFixed(2)} records`;
    throw new Error(`cifar10: expected whole records of ${RECORD} bytes in ${path} but found ${found}`);
  }
  return records;
}
