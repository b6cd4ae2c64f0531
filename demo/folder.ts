/**
 * Images in a folder, in the files in which data sets of images are published.
 *
 * @module
 */
import * as ebb from "../mod.ts";

/** Images to learn from, and images to be tested on. */
export interface Halves {
  readonly train: ebb.data.Dataset;
  readonly test: ebb.data.Dataset;
}

/** What lies in a folder. */
export interface FolderImages extends Halves {
  /** Whether they are CIFAR-10's photographs. */
  readonly photographs: boolean;
}

/**
 * CIFAR-10's binary files, or pairs of idx files; where these are one pair, a tenth is held out.
 *
 * @param op who asks, for the errors
 * @throws {Error} If the folder has no images, or a file is not what its name says: a sentence.
 */
export async function imagesIn(op: string, folder: string): Promise<FolderImages> {
  const names = await filesIn(op, folder);
  if (names.some((name) => /^data_batch_\d+\.bin$/.test(name))) {
    return { ...await ebb.data.cifar10(folder), photographs: true };
  }
  const pairs = findPairs(names);
  const train = pairs.find(({ name }) => /train/i.test(name)) ?? pairs[0];
  if (train === undefined) {
    const expected =
      "CIFAR-10's data_batch_1.bin, or idx files such as train-images-idx3-ubyte with their labels,";
    const found = names.length === 0
      ? "no file"
      : names.slice(0, 4).join(", ") + (names.length > 4 ? ", …" : "");
    throw new Error(`${op}: expected ${expected} in ${folder} but found ${found}`);
  }
  const test = pairs.find((pair) => pair !== train);
  const read = ({ images, labels }: Pair) => ebb.data.idx(`${folder}/${images}`, `${folder}/${labels}`);
  const first = await read(train);
  if (test !== undefined) return { train: first, test: await read(test), photographs: false };
  const [held, rest] = first.split({ share: 0.1, stratified: true, seed: 1 });
  return { train: rest, test: held, photographs: false };
}

async function filesIn(op: string, folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    const what = await Deno.stat(folder).then(
      ({ isFile }) => isFile ? "a file" : String(error),
      () => "none",
    );
    throw new Error(`${op}: expected a folder of images at ${folder} but found ${what}`, { cause: error });
  }
}

interface Pair {
  readonly name: string;
  readonly images: string;
  readonly labels: string;
}

/** Files of images with the files of their labels, by the names under which such data sets are published. */
function findPairs(names: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  for (const images of names) {
    const name = /^(.*)images[-_.]idx[34](-ubyte)?(\.gz)?$/.exec(images)?.[1];
    const labels = names.find((other) =>
      /^labels[-_.]idx1/.test(other.slice(name?.length)) && other.startsWith(name!)
    );
    if (name !== undefined && labels !== undefined) pairs.push({ name, images, labels });
  }
  return pairs;
}
