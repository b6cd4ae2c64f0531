/**
 * Texts as windows of characters.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { characters } from "../../lib/data/characters.ts";
import { realData } from "./folder.ts";

Deno.test("characters() gives every window of the text, and the same one character on", () => {
  const data = characters("abcab", { context: 2 });
  assertEquals([data.length, data.vocab, data.alphabet], [3, 3, ["a", "b", "c"]]);
  assertEquals(data.fields, [{ name: "x", shape: [2], dtype: "int64" }, {
    name: "y",
    shape: [2],
    dtype: "int64",
  }]);
  const [x, y] = data.gather([0, 2]);
  assertEquals(x, { data: BigInt64Array.of(0n, 1n, 2n, 0n), shape: [2, 2], dtype: "int64" });
  assertEquals(y, { data: BigInt64Array.of(1n, 2n, 0n, 1n), shape: [2, 2], dtype: "int64" });
});

Deno.test("characters() takes a stride, and another text's alphabet", () => {
  const train = characters("the cat sat on the mat", { context: 4, stride: 4 });
  assertEquals(train.length, 5);
  assertEquals(train.decode(train.at(4)[1].data as BigInt64Array), "e ma");
  const test = characters("the hat", { context: 4, alphabet: train.alphabet });
  assertEquals(test.encode("hat"), train.encode("hat"));
  assertEquals(test.vocab, train.vocab);
});

Deno.test("characters() decodes what it encodes, pairs of surrogates too", () => {
  const text = "naïve 😀 text\n";
  const data = characters(text, { context: 3 });
  assertEquals(data.decode(data.encode(text)), text);
  assertEquals(data.encode("😀").length, 1);
});

Deno.test("characters() refuses foreign characters and numbers, and a text that is too short", () => {
  const data = characters("abc", { context: 2 });
  assertThrows(
    () => data.encode("abd"),
    RangeError,
    'expected characters of the alphabet (3) but found "d" at 2',
  );
  assertThrows(() => data.decode([0, 3]), RangeError, "decode: expected numbers of 0 to 2 but found 3");
  assertThrows(
    () => characters("abc", { context: 3 }),
    RangeError,
    "expected a text of at least 4 characters for a context of 3 but found 3",
  );
  assertThrows(
    () => characters("abc", { context: 0 }),
    RangeError,
    "expected context to be a whole number above 0 but found 0",
  );
  assertThrows(() => characters("abc", { context: 1, stride: 0.5 }), RangeError, "stride");
});

const real = realData("tinyshakespeare");
Deno.test({
  name: "characters() finds the 65 characters of the real Shakespeare",
  ignore: real === undefined,
  fn: async () => {
    const text = await Deno.readTextFile(`${real}input.txt`);
    const data = characters(text, { context: 128 });
    assertEquals([data.vocab, data.length], [65, text.length - 128]);
    assertEquals(data.decode(data.at(-1)[1].data as BigInt64Array), text.slice(-128));
  },
});
