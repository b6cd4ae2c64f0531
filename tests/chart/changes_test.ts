/**
 * The chart of how alike steps are.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ChangeRow, changes } from "../../lib/chart/mod.ts";
import { SERIES } from "../../lib/chart/theme.ts";
import { picture } from "./svg.ts";

const same = { ngram: 1, cosine: 1, length: 0 };
const rows: ChangeRow[] = Array.from({ length: 40 }, (_, step) => ({ step, ...same }));
rows[10] = { step: 10, ngram: 0.75, cosine: 0.983, length: 0 };
rows[20] = { step: 20, ngram: 0.998, cosine: 0.8, length: 0.0004 };
rows[30] = { step: 30, ngram: 0.892, cosine: 0.96, length: 0.107 };

/** How many dots there are of a colour. */
const dots = (svg: string, colour: string) =>
  picture(svg).all(
    `g[aria-label="dot"][fill="${colour}"] circle, g[aria-label="dot"] circle[fill="${colour}"]`,
  )
    .length;

Deno.test("changes() draws both similarities and the length with thresholds, and dots what is beyond them", () => {
  const { svg } = changes(rows);
  const { texts, all, points } = picture(svg);
  for (
    const text of [
      "Similarity of steps",
      "In 40 steps n-grams see 2 changes, the paper's rule 2.",
      "n-grams",
      "cosine",
      "length",
      "Similarity (0 to 1)",
      "Difference of lengths (%)",
      "threshold 0.95",
      "threshold 5 %",
    ]
  ) assert(texts.includes(text), text);
  const { blue, orange, green } = SERIES;
  assertEquals([blue, orange, green].map(({ light }) => dots(svg, light)), [2, 1, 1]);
  const curves = [blue, orange, green].flatMap(({ light }) => all(`[stroke="${light}"] path`).map(points));
  assertEquals(curves.map((curve) => curve.length), [40, 40, 40]);
});

Deno.test("changes() takes the paper's verdict where it is given, and thresholds of your own", () => {
  const told = changes(rows.map((row) => ({ ...row, changed: row.step === 5 })));
  assert(picture(told.svg).texts.some((text) => text.endsWith("the paper's rule 1.")));
  const own = changes(rows, { ngramThreshold: 0.8, cosineThreshold: 0.99, lengthThreshold: 0.2 }).svg;
  const { texts } = picture(own);
  for (const text of ["threshold 0.8", "threshold 0.99", "threshold 20 %"]) {
    assert(texts.includes(text), text);
  }
  assert(texts.includes("In 40 steps n-grams see 1 change, the paper's rule 3."));
});

Deno.test("changes() thins a long run without losing a change, and leaves out rows that are no numbers", () => {
  const long = Array.from({ length: 20_000 }, (_, step) => ({ step, ...same }));
  long[12_345] = { step: 12_345, ngram: 0.2, cosine: 0.9, length: 0.5 };
  const { svg } = changes(long);
  assert(svg.length < 60_000, `${svg.length} characters`);
  assertEquals(dots(svg, SERIES.blue.light), 1);

  assert(
    picture(changes([rows[0], { ...rows[1], cosine: NaN }]).svg).texts.some((text) =>
      text.startsWith("In 1 step ")
    ),
  );
  assertThrows(() => changes([]), RangeError, "changes: expected rows with numbers but found none in 0 rows");
});

Deno.test("changes() counts few steps in whole numbers", () => {
  const { texts } = picture(changes(rows.slice(20, 24)).svg);
  assertEquals(texts.filter((text) => text === "21").length, 2);
  assert(!texts.includes("20.5") && !texts.includes("21.0"));
});
