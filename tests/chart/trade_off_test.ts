/**
 * The plane of accuracy and attack success: where means and single attacks are, and which way is good.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { tradeOff } from "../../lib/chart/mod.ts";
import { INK, MUTED, SERIES } from "../../lib/chart/theme.ts";
import { widthOf } from "../../lib/chart/words.ts";
import { ATTACKS, MANY, MODELS } from "./evaluations.ts";
import { picture } from "./svg.ts";

const two = [{ model: "infected", acc: 0.93, asr: 0.99 }, { model: "repaired", acc: 0.92, asr: 0.01 }];

/** Places of the dots of a size. */
const dots = (svg: string, r: number) =>
  picture(svg).all(`circle[r="${r}"]`)
    .map((circle) => ["cx", "cy"].map((name) => Number(circle.getAttribute(name))));

const corner = (svg: string) => {
  const [rect] = picture(svg).all(`g[aria-label="rect"] rect`);
  const [x, width] = ["x", "width"].map((name) => Number(rect.getAttribute(name)));
  return [x, x + width];
};

Deno.test("tradeOff() has a labelled dot for each model, and faint ones for each attack", () => {
  const { svg } = tradeOff(MANY);
  const { texts, all } = picture(svg);
  for (const text of [...MODELS, "Attack success (%)", "clean accuracy (%) →"]) {
    assert(texts.includes(text), text);
  }
  assert(
    texts.includes(
      "10 models, means over 7 attacks (faint: each of these); least attack success: PBE, 3.0 %.",
    ),
    texts[1],
  );
  const [means, singles] = [dots(svg, 5), dots(svg, 2.5)];
  assertEquals([means.length, singles.length], [10, 70]);
  for (const [i, mean] of means.entries()) {
    const own = singles.filter((_, at) => at % MODELS.length === i);
    for (const axis of [0, 1]) {
      assertAlmostEquals(mean[axis], own.reduce((sum, place) => sum + place[axis], 0) / ATTACKS.length, 1e-6);
    }
  }
  assertEquals(all(`g[aria-label="link"][stroke-opacity="0.15"] path`).length, 70);
});

Deno.test("tradeOff() labels of many models do not lie over each other", () => {
  const crowd = MODELS.map((model, i) => ({ model, acc: 0.92 + 0.001 * (i % 3), asr: 0.01 * (i % 4) }));
  const { all, place } = picture(tradeOff(crowd).svg);
  const boxes = all("text").filter((text) => MODELS.includes(text.textContent!)).map((text) => {
    const [x, y] = place(text);
    return { x, y, width: widthOf(text.textContent!, 12) };
  });
  assertEquals(boxes.length, 10);
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      const apart = Math.abs(a.y - b.y) >= 12 || Math.abs(a.x - b.x) >= (a.width + b.width) / 2;
      assert(apart, JSON.stringify([a, b]));
    }
  }
});

Deno.test("tradeOff() with a baseline counts points lost of each attack for itself, and less is good", () => {
  const rows = [
    { model: "infected", attack: "a", acc: 0.9, asr: 1 },
    { model: "repaired", attack: "a", acc: 0.88, asr: 0 },
    { model: "infected", attack: "b", acc: 0.8, asr: 1 },
    { model: "repaired", attack: "b", acc: 0.76, asr: 0.02 },
  ];
  const { svg } = tradeOff(rows, { baseline: "infected", title: "Cost", subtitle: "seed 1" });
  const { texts, all, place } = picture(svg);
  for (const text of ["Cost", "seed 1", "accuracy lost (points) →"]) assert(texts.includes(text), text);
  const ticks = all(`g[aria-label="x-axis tick label"] text`);
  const at = (points: string) => place(ticks.find((tick) => tick.textContent === points)!)[0] - 16;
  const [[infected], [repaired]] = dots(svg, 5);
  const perPoint = at("3.0") - at("2.0");
  assertAlmostEquals(infected, at("0.0"), 0.6);
  assertAlmostEquals(repaired - infected, 3 * perPoint, 0.6);
  assertEquals(all(`circle[r="5"][fill="${MUTED.light}"]`).length, 1, "the baseline is no defence");
  const [left, right] = corner(svg);
  assert(left < infected && right > infected && right < repaired, "the good corner is on the left");
});

Deno.test("tradeOff() has the good corner at the right of the accuracies, and few models far apart enough", () => {
  const { svg } = tradeOff(two);
  const { texts, all } = picture(svg);
  assert(texts.includes("2 models; least attack success: repaired, 1.0 %."), texts[1]);
  assert(texts.includes("the good corner: accurate, and the trigger does nothing"));
  const [[infected], [repaired]] = dots(svg, 5);
  assert(infected > repaired);
  const [left, right] = corner(svg);
  assert(left < infected && right > infected);
  assertEquals(dots(svg, 2.5), [], "no single attacks");
  assertEquals(all(`circle[fill="${SERIES.blue.light}"]`).length, 2);
  assert(
    all(`text`).some((text) => text.closest(`[fill="${INK.light}"]`) && text.textContent === "repaired"),
  );

  picture(tradeOff([{ model: "a", acc: 1, asr: 0 }]).svg);
  picture(tradeOff([{ model: "a", acc: 0, asr: 1 }], { baseline: "a" }).svg);
});

Deno.test("tradeOff() refuses no rows, what is no share, and a baseline that is not there", () => {
  assertThrows(() => tradeOff([]), RangeError, "tradeOff: expected rows of evaluations but found none");
  assertThrows(() => tradeOff([{ ...two[0], acc: 93 }]), RangeError, "tradeOff: expected acc of");
  assertThrows(
    () => tradeOff(two, { baseline: "benign" }),
    RangeError,
    `tradeOff: expected a row of the baseline "benign" but found none`,
  );
  assertThrows(
    () => tradeOff(MANY.slice(0, 12).filter((_, i) => i !== 10), { baseline: "infected" }),
    RangeError,
    `tradeOff: expected a row of the baseline "infected" of attack "Blended" but found none`,
  );
});
