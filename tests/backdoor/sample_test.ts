/**
 * Which images are looked at: of each class in proportion, unless one would crowd out the others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { sample } from "../../lib/backdoor/sample.ts";
import * as ebb from "../../mod.ts";

/** A data set of so many images of each class. */
function dataOf(counts: readonly number[]) {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  using x = ebb.zeros([labels.length, 1, 1, 1]);
  using y = ebb.tensor(labels, { dtype: "int64" });
  return ebb.data.fromTensors([x, y]);
}

/** How many of each class a draw has. */
function countsOf(data: { labels(): Int32Array }, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of data.labels()) counts[label]++;
  return counts;
}

Deno.test("classes of like sizes are drawn in proportion, the same for the same seed", () => {
  const data = dataOf([30, 40, 50]);
  const drawn = sample(data, 24, 3);
  assertEquals(countsOf(drawn, 3), [6, 8, 10]);
  const again = data.subset({ count: 24, stratified: true, seed: 3 });
  assertEquals(drawn.labels(), again.labels());
  assertEquals(sample(data, 200, 3), data);
});

Deno.test("a class that would crowd out the others is drawn as often as they, and none is left out", () => {
  assertEquals(countsOf(sample(dataOf([150, ...new Array(9).fill(1)]), 40, 0), 10), [
    4,
    ...new Array(9).fill(1),
  ]);
  assertEquals(countsOf(sample(dataOf([95, 5]), 40, 0), 2), [20, 5]);
  const many = countsOf(sample(dataOf(new Array(43).fill(9)), 40, 0), 43);
  assert(many.every((count) => count === 1), String(many));
  // A few images where one class is nearly all.
  assertEquals(countsOf(sample(dataOf([19, 1]), 40, 0), 2), [10, 1]);
});
