/**
 * Words in little room.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { counted, fitted, percent, shortened, widthOf, wrapped } from "../../lib/chart/words.ts";

Deno.test("shortened() and fitted() cut what is too long, and say so", () => {
  assertEquals(["abcd", "abcde", ""].map((text) => shortened(text, 4)), ["abcd", "abc…", ""]);
  const room = widthOf("abcde") + 0.01;
  assertEquals(["abcde", "abcdef"].map((text) => fitted(text, room)), ["abcde", "abcd…"]);
  assertEquals(fitted("abc", 0), "…");
});

Deno.test("wrapped() breaks lines between words, and cuts a word that is longer than a line", () => {
  const room = widthOf("reversed ab") + 0.01;
  assertEquals(wrapped("a reversed ab trigger", room), ["a reversed", "ab trigger"]);
  assertEquals(wrapped("incomprehensible", room), ["incomprehe…"]);
  assertEquals(wrapped("one", room), ["one"]);
});

Deno.test("percent() and counted() are for people", () => {
  assertEquals([0, 0.0004, 0.931, 1].map(percent), ["0.0 %", "0.0 %", "93.1 %", "100.0 %"]);
  assertEquals([0, 1, 2].map((count) => counted(count, "step")), ["0 steps", "1 step", "2 steps"]);
});
