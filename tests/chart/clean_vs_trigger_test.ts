/**
 * The chart of accuracy and attack success: bars, numbers and whiskers, of two models and of seventy.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { cleanVsTrigger } from "../../lib/chart/mod.ts";
import { SERIES } from "../../lib/chart/theme.ts";
import { widthOf } from "../../lib/chart/words.ts";
import { ATTACKS, MANY, MODELS } from "./evaluations.ts";
import { picture } from "./svg.ts";

const two = [
  { model: "infected", acc: 0.931, asr: 0.998 },
  { model: "repaired", acc: 0.918, asr: 0.012, asrStd: 0.004 },
];

/** Widths and heights of the bars of a colour. */
const bars = (svg: string, colour: string) =>
  picture(svg).all(`g[aria-label="bar"][fill="${colour}"] rect, g[aria-label="bar"] [fill="${colour}"] rect`)
    .map((rect) => ["width", "height"].map((name) => Number(rect.getAttribute(name))));

Deno.test("cleanVsTrigger() draws a pair of bars a model, as long as their numbers say", () => {
  const { svg } = cleanVsTrigger(two, { title: "BadNets", subtitle: "seed 1" });
  const { texts } = picture(svg);
  for (
    const text of ["BadNets", "seed 1", "Share of images (%)", "infected", "repaired", "93.1 %", "99.8 %"]
  ) {
    assert(texts.includes(text), text);
  }
  assert(texts.includes("clean accuracy") && texts.includes("attack success"));
  const [clean, trigger] = [SERIES.blue, SERIES.orange].map(({ light }) => bars(svg, light));
  assertEquals([clean.length, trigger.length], [2, 2]);
  assertAlmostEquals(clean[0][0] / clean[1][0], 0.931 / 0.918, 1e-6);
  assertAlmostEquals(trigger[0][0] / clean[0][0], 0.998 / 0.931, 1e-6);
  assert([...clean, ...trigger].every(([, height]) => Math.abs(height - 17) < 1), "thick enough to be seen");
});

Deno.test("cleanVsTrigger() draws a whisker where a deviation is given, cut at 0 and 100 %", () => {
  const whiskers = (svg: string) => picture(svg).all(`g[aria-label="rule"] [stroke-width="1.25"] line`);
  const one = cleanVsTrigger(two).svg;
  assert(picture(one).texts.includes("1.2 ± 0.4 %"));
  assertEquals(whiskers(one).length, 1);
  assertEquals(whiskers(cleanVsTrigger([{ model: "a", acc: 1, asr: 0, accStd: 0 }]).svg).length, 0);

  const ends = (row: { acc: number; accStd: number }) => {
    const { svg } = cleanVsTrigger([{ model: "a", asr: 0, ...row }]);
    return ["x1", "x2"].map((name) => Number(whiskers(svg)[0].getAttribute(name)));
  };
  const [low, high] = ends({ acc: 0.5, accStd: 0.5 });
  assertEquals(ends({ acc: 0.5, accStd: 0.9 }), [low, high]);
});

Deno.test("cleanVsTrigger() sets attacks beside and below each other, with the models' names once a line", () => {
  const { svg } = cleanVsTrigger(MANY);
  const { texts, root } = picture(svg);
  for (const attack of ATTACKS) assertEquals(texts.filter((text) => text === attack).length, 1, attack);
  for (const model of MODELS) assertEquals(texts.filter((text) => text === model).length, 3, model);
  assertEquals([SERIES.blue, SERIES.orange].map(({ light }) => bars(svg, light).length), [70, 70]);
  assert(bars(svg, SERIES.blue.light).every(([, height]) => height > 11), "as high as their numbers");
  const height = (svg: string) => Number(picture(svg).root.getAttribute("height"));
  const single = height(cleanVsTrigger(MANY.filter(({ attack }) => attack === "SIG")).svg);
  assert(height(svg) > 2.5 * single && height(svg) < 3 * single, `${single} ${height(svg)}`);
  assertEquals(
    root.querySelector("desc")!.textContent,
    "Clean accuracy and attack success of 10 models under 7 attacks.",
  );
});

Deno.test("cleanVsTrigger() leaves room for the longest numbers beside the longest bars", () => {
  const { svg } = cleanVsTrigger(MANY.map((row) => ({ ...row, acc: 1, accStd: 0.1, asrStd: 0.1 })));
  const { all, place } = picture(svg);
  const lefts = all("text").filter((text) => ATTACKS.includes(text.textContent!))
    .map((text) => place(text)[0]).sort((a, b) => a - b);
  const [, second] = new Set(lefts.map(Math.round));
  const numbers = all("text").filter((text) => text.textContent === "100.0 ± 10.0 %");
  assertEquals(numbers.length, 70);
  const nearest = Math.min(...numbers.map((text) => place(text)[0]));
  assert(nearest + widthOf("100.0 ± 10.0 %", 10) < second, `${nearest} ${second}`);
});

Deno.test("cleanVsTrigger() keeps the order of rows, leaves out what a model lacks, and cuts long names", () => {
  const long = "a defence of a name that has no end";
  const { texts } = picture(
    cleanVsTrigger([
      { model: "zebra", attack: "one", acc: 0.9, asr: 1 },
      { model: long, attack: "one", acc: 0.8, asr: 0.5 },
      { model: "zebra", attack: "two", acc: 0.7, asr: 0.25 },
    ]).svg,
  );
  assertEquals(texts.filter((text) => text.endsWith(" %")).toSorted(), [
    "100.0 %",
    "25.0 %",
    "50.0 %",
    "70.0 %",
    "80.0 %",
    "90.0 %",
  ]);
  const [first, second] = [texts.indexOf("zebra"), texts.indexOf(`${long.slice(0, 25)}…`)];
  assert(first >= 0 && second > first, `${first} ${second}`);
});

Deno.test("cleanVsTrigger() refuses no rows, what is no share, and a model that an attack has twice", () => {
  const of = (row: object) => () => cleanVsTrigger([{ ...two[0], ...row }]);
  assertThrows(
    () => cleanVsTrigger([]),
    RangeError,
    "cleanVsTrigger: expected rows of evaluations but found none",
  );
  assertThrows(
    of({ acc: 93.1, attack: "SIG" }),
    RangeError,
    `cleanVsTrigger: expected acc of "infected" under "SIG" to be a share from 0 to 1 but found 93.1`,
  );
  assertThrows(
    of({ asr: NaN }),
    RangeError,
    `expected asr of "infected" to be a share from 0 to 1 but found NaN`,
  );
  assertThrows(of({ asrStd: -0.1 }), RangeError, "asrStd");
  assertThrows(
    () => cleanVsTrigger([two[0], two[0]]),
    RangeError,
    `cleanVsTrigger: expected one row for "infected" but found another`,
  );
});
