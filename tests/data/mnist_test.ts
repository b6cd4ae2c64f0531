/**
 * The digits of the npm package: their split, their pixels, and files that are not theirs.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { mnist, parseDigits } from "../../lib/data/mnist.ts";

const json = (numbers: string) => new TextEncoder().encode(`{ "data": [${numbers}]}\n`);
const zeros = (count: number) => Array(count).fill("0").join(",");

Deno.test("mnist() gives 9,000 and 1,000 digits, a hundred of each class held out, no digit twice", async () => {
  const { train, test, all } = await mnist();
  assertEquals([train.length, test.length, all.length], [9000, 1000, 10_000]);
  assertEquals(train.fields.map(({ shape, dtype }) => [shape, dtype]), [[[1, 28, 28], "float32"], [
    [],
    "int64",
  ]]);
  const share = (labels: Int32Array) => {
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label]++;
    return counts;
  };
  const total = share(all.labels());
  assertEquals(total, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
  assertEquals(share(test.labels()), Array(10).fill(100));
  const rows = (data: typeof all) => data.rows(Array.from({ length: data.length }, (_, i) => i));
  assertEquals(new Set([...rows(train), ...rows(test)]).size, 10_000);
});

Deno.test("mnist() is the same split and the same pixels for everybody", async () => {
  const { train, test, all } = await mnist();
  assertEquals([...train.rows([0, 1, 2, 8999])], [5250, 2989, 2966, 638]);
  assertEquals([...test.rows([0, 1, 2, 999])], [7326, 2396, 4443, 7302]);
  assertEquals([...train.labels().subarray(0, 12)], [5, 2, 2, 6, 0, 4, 4, 8, 7, 9, 1, 6]);
  // The first numbers of the package's first digit that are not 0, with the three decimals that it writes.
  const ink = [...all.at(0)[0].data].map(Number).filter((value) => value > 0);
  assertEquals(ink.slice(0, 5), [0.2, 0.624, 0.992, 0.624, 0.196].map(Math.fround));
});

Deno.test("parseDigits() reads the decimals as bytes", () => {
  const pixels = parseDigits(json(`0.004,1,0.5,0.2,0.25,${zeros(779)}`), "digits");
  assertEquals([pixels.length, ...pixels.subarray(0, 6)], [784, 1, 255, 128, 51, 64, 0]);
});

Deno.test("parseDigits() refuses what is no file of digits", () => {
  const cases: [string, string][] = [
    [`[${zeros(784)}`, "expected whole digits of 784 pixels but found 783 pixels"],
    [`[${zeros(785)}]`, "found 785 pixels"],
    [`[2,${zeros(783)}]`, "expected numbers of 0 to 1 with three decimals but found 2"],
    [`[0.1234,${zeros(783)}]`, "expected numbers of 0 to 1 with three decimals"],
    ["<html>", 'found "<" at byte 0'],
  ];
  for (const [file, message] of cases) {
    assertThrows(() => parseDigits(new TextEncoder().encode(file), "5.json"), Error, message);
  }
});
