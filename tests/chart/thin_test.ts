/**
 * Thinning keeps the look of a series: its ends and its extremes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { thin } from "../../lib/chart/thin.ts";

const rows = Array.from({ length: 100_000 }, (_, x) => ({ x, y: Math.sin(x / 5000), z: x % 7 }));

Deno.test("thin() leaves a short series as it is", () => {
  assertEquals(thin(rows.slice(0, 600), [(row) => row.y], 600), rows.slice(0, 600));
  assertEquals(thin([], [() => 0]), []);
});

Deno.test("thin() keeps ends, order and every stretch's extremes of a long one", () => {
  rows[77_777].y = 5;
  rows[12_345].y = -5;
  const few = thin(rows, [(row) => row.y, (row) => row.z], 400);
  assert(few.length <= 400 && few.length > 100, String(few.length));
  assertEquals([few[0], few.at(-1)], [rows[0], rows.at(-1)]);
  assert(few.includes(rows[77_777]) && few.includes(rows[12_345]));
  assert(few.every((row, i) => i === 0 || row.x > few[i - 1].x));
});

Deno.test("thin() passes over what is no number", () => {
  const few = thin(rows, [(row) => row.x % 2 ? NaN : row.x % 3 ? undefined : row.y], 100);
  assert(few.slice(1, -1).every(({ x }) => x % 6 === 0));
});
