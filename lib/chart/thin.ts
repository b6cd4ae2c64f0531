/**
 * Long series made drawable: a curve of a million points becomes one of a few hundred that looks the same at the size at
 * which it is drawn. Extremes are kept, so that a peak which lasts one sample is still there. Nothing is cut off.
 *
 * @module
 */

/**
 * At most `limit` of the rows (a few more where a row is an extreme of several columns): the first, the last, and of
 * every stretch those where a column is lowest and highest. In their order.
 *
 * @param rows in the order in which they are drawn
 * @param columns read the numbers that are drawn; rows that lack one are passed over for it
 * @param limit about how many rows may stay; default 600, which is more than a panel has pixels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { thin } from "./thin.ts";
 *
 * const flat = Array.from({ length: 10_000 }, (_, x) => ({ x, y: x === 4321 ? 9 : 1 }));
 * const few = thin(flat, [(row) => row.y], 100);
 * assertEquals([few.length <= 100, few.some((row) => row.y === 9)], [true, true]);
 * ```
 */
export function thin<Row>(
  rows: readonly Row[],
  columns: readonly ((row: Row) => number | undefined)[],
  limit = 600,
): Row[] {
  if (rows.length <= limit) return [...rows];
  const stretches = Math.max(1, Math.floor((limit - 2) / (2 * columns.length)));
  const kept = new Set<number>([0, rows.length - 1]);
  for (let i = 0; i < stretches; i++) {
    const begin = Math.floor(i * rows.length / stretches);
    const end = Math.floor((i + 1) * rows.length / stretches);
    for (const column of columns) {
      let lowest = -1;
      let highest = -1;
      for (let row = begin; row < end; row++) {
        const value = column(rows[row]);
        if (value === undefined || Number.isNaN(value)) continue;
        if (lowest < 0 || value < column(rows[lowest])!) lowest = row;
        if (highest < 0 || value > column(rows[highest])!) highest = row;
      }
      if (lowest >= 0) kept.add(lowest).add(highest);
    }
  }
  return [...kept].sort((a, b) => a - b).map((row) => rows[row]);
}
