/**
 * Data frames: rows and columns in, rows and tensors out, tables in a notebook.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { frame, rowsOf, tensorOf } from "../../frames.ts";
import { leakFree } from "../leak.ts";

const DISPLAY = Symbol.for("Jupyter.display") as never;
const html = (table: object) =>
  ((table as Record<symbol, unknown>)[DISPLAY] as () => Record<string, string>).call(table)["text/html"];

Deno.test("frame() takes rows of several kinds, and columns", () => {
  const rows = [{ model: "a", acc: 0.5 }, { model: "b", acc: 0.75, worst: 3 }];
  const table = frame(rows);
  assertEquals(table.columns, ["model", "acc", "worst"]);
  assertEquals(rowsOf(table), [{ model: "a", acc: 0.5, worst: null }, { model: "b", acc: 0.75, worst: 3 }]);
  assertEquals(table["acc"].mean(), 0.625);
  const wide = frame({
    step: [1, 2, 3],
    loss: Float32Array.of(1, 0.5, 0.25),
    id: BigInt64Array.of(1n, 2n, 3n),
  });
  assertEquals(rowsOf(wide)[2], { step: 3, loss: 0.25, id: 3 });
});

Deno.test("frame() says what will not do", () => {
  assertThrows(() => frame([]), RangeError, "frame: expected at least one row with a column but found none");
  assertThrows(() => frame({ a: [1], b: [1, 2] }), RangeError, 'found 1 of "a" and 2 of "b"');
  assertThrows(() => frame([{ a: [1] }]), TypeError, 'found [ 1 ] in row 0 of "a"');
});

Deno.test("tensorOf() gives numbers, and refuses texts and unknown columns", () =>
  leakFree(() => {
    const table = frame([{ a: 1, b: "x", c: true }, { a: null, b: "y", c: false }]);
    using x = tensorOf(table, ["c", "a"]);
    assertEquals(x.toArray(), [[1, 1], [0, NaN]]);
    assertThrows(
      () => tensorOf(table),
      TypeError,
      'tensorOf: expected numbers in "b" but found the text "x"',
    );
    assertThrows(
      () => tensorOf(table, ["d"]),
      RangeError,
      'expected one of the columns a, b, c but found "d"',
    );
  }));

Deno.test("frames and series show as tables, large ones cut, texts escaped", () => {
  const small = html(frame([{ "<b>": "<script>", x: 0.123456789 }]));
  assertStringIncludes(small, "&lt;script&gt;");
  assert(!small.includes("<script>"));
  assertMatch(small, />0\.12346<\/td>/);
  assertStringIncludes(small, "1 row × 2 columns");
  const large = frame({ x: Array.from({ length: 100 }, (_, i) => i) });
  assertEquals(html(large).match(/<tr>/g)?.length, 22);
  assertStringIncludes(html(large), "100 rows × 1 column<");
  assertStringIncludes(html(large["x"]), "<td");
});
