import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";

const { roc } = ebb.backdoor;

Deno.test("roc() counts the pairs that a score puts in order", () => {
  assertEquals(roc([3, 2, 1, 0], [true, true, false, false]).auc, 1);
  assertEquals(roc([0, 1, 2, 3], [true, true, false, false]).auc, 0);
  assertEquals(roc([4, 1, 3, 2], [true, true, false, false]).auc, 0.5);
  assertEquals(roc([5, 1, 4, 3, 2], [true, false, true, false, true]).auc, 5 / 6);
});

Deno.test("roc() counts equal scores half, in whatever order they come", () => {
  assertEquals(roc([1, 1], [true, false]).auc, 0.5);
  assertEquals(roc([1, 1], [false, true]).auc, 0.5);
  assertEquals(roc([2, 1, 1, 0], [true, false, true, false]).auc, 0.875);
  assertEquals(roc([1, 1, 1, 1, 0], [true, false, true, false, false]).points.length, 3);
});

Deno.test("roc() goes from none to all, with the threshold of each step", () => {
  assertEquals(roc([2, 1, 1, -Infinity], [true, false, true, false]).points, [
    { threshold: Infinity, falsePositives: 0, truePositives: 0 },
    { threshold: 2, falsePositives: 0, truePositives: 0.5 },
    { threshold: 1, falsePositives: 0.5, truePositives: 1 },
    { threshold: -Infinity, falsePositives: 1, truePositives: 1 },
  ]);
});

Deno.test("roc() says what it cannot order", () => {
  assertThrows(() => roc([1], []), RangeError, "roc: expected a label for each of 1 scores but found 0");
  assertThrows(
    () => roc([1, NaN], [true, false]),
    RangeError,
    "roc: expected numbers as scores but found NaN",
  );
  const sentence = "roc: expected labels of both kinds but found 2 true of 2";
  assertThrows(() => roc([1, 2], [true, true]), RangeError, sentence);
});
