/**
 * Which images the demo trains on: MNIST's digits, or what lies in a folder.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { type Recipe, recipeFor } from "./recipe.ts";

/** Images to learn from and images to be tested on, with a recipe. */
export interface Images {
  /** Such as "MNIST". */
  readonly name: string;
  /** What they are called, such as "digits". */
  readonly plural: string;
  /** To learn from. */
  readonly train: ebb.data.Dataset;
  /** Held out: never trained on. */
  readonly test: ebb.data.Dataset;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** How to train on them. */
  readonly recipe: Recipe;
}

/**
 * MNIST's digits, or what lies in `folder`.
 *
 * @throws {Error} If the folder has no images, or a file is not what its name says: a sentence.
 */
export async function loadImages(folder?: string): Promise<Images> {
  if (folder === undefined) return describe("MNIST", "digits", await ebb.data.mnist(), false);
  const names = await filesIn(folder);
  if (names.some((name) => /^data_batch_\d+\.bin$/.test(name))) {
    return describe("CIFAR-10", "photographs", await ebb.data.cifar10(folder), true);
  }
  const pairs = findPairs(names);
  const train = pairs.find(({ name }) => /train/i.test(name)) ?? pairs[0];
  if (train === undefined) {
    const expected =
      "CIFAR-10's data_batch_1.bin, or idx files such as train-images-idx3-ubyte with their labels,";
    const found = names.length === 0
      ? "no file"
      : names.slice(0, 4).join(", ") + (names.length > 4 ? ", …" : "");
    throw new Error(`demo: expected ${expected} in ${folder} but found ${found}`);
  }
  const test = pairs.find((pair) => pair !== train);
  const read = ({ images, labels }: Pair) => ebb.data.idx(`${folder}/${images}`, `${folder}/${labels}`);
  const title = folder.split(/[/\\]/).findLast((part) => part !== "") ?? folder;
  const first = await read(train);
  if (test !== undefined) return describe(title, "images", { train: first, test: await read(test) }, false);
  const [held, rest] = first.split({ share: 0.1, stratified: true, seed: 1 });
  return describe(title, "images", { train: rest, test: held }, false);
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    const what = await Deno.stat(folder).then(
      ({ isFile }) => isFile ? "a file" : String(error),
      () => "none",
    );
    throw new Error(`demo: expected a folder of images at ${folder} but found ${what}`, { cause: error });
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

interface Halves {
  readonly train: ebb.data.Dataset;
  readonly test: ebb.data.Dataset;
}

function describe(name: string, plural: string, { train, test }: Halves, mirrored: boolean): Images {
  const [shape, other] = [train, test].map((data) => data.fields[0].shape);
  if (String(shape) !== String(other)) {
    const found = `[${shape.join(", ")}] to train on and [${other.join(", ")}] to test on`;
    throw new Error(`demo: expected images of one shape but found ${found}`);
  }
  const count = 1 + [train, test].flatMap((data) => [...data.labels()]).reduce((a, b) => Math.max(a, b), 0);
  const classes = train.classes ?? Array.from({ length: count }, (_, i) => String(i));
  const recipe = recipeFor({ shape, count: train.length, classes: classes.length, mirrored });
  return { name, plural, train, test, classes, recipe };
}
