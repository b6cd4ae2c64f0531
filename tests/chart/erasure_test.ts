/**
 * The chart of how a backdoor is erased: curves, the numbers at their ends, and the bands of phases.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { erasure, type ErasureRow } from "../../lib/chart/mod.ts";
import { MUTED, SERIES } from "../../lib/chart/theme.ts";
import { picture } from "./svg.ts";

const rows: ErasureRow[] = Array.from({ length: 11 }, (_, epoch) => ({
  epoch,
  acc: epoch < 5 ? 0.93 - 0.05 * epoch : 0.9,
  asr: 1 / (1 + epoch ** 2),
  phase: epoch === 0 ? undefined : epoch < 5 ? "adversarial" : "clean",
}));

/** The curves' points: of the accuracy, of the attack success. */
const curves = (svg: string) => {
  const { all, points } = picture(svg);
  return [SERIES.blue, SERIES.orange].flatMap(({ light }) =>
    all(`g[aria-label="line"][stroke="${light}"] path`).map(points)
  );
};

/** Left ends and widths of the bands. */
const bands = (svg: string) =>
  picture(svg).all(`g[aria-label="rect"] rect`).map((rect) => ({
    colour: rect.getAttribute("fill") ?? rect.parentElement!.getAttribute("fill"),
    x: Number(rect.getAttribute("x")),
    width: Number(rect.getAttribute("width")),
  }));

Deno.test("erasure() draws both numbers over the epochs, and says how they begin and end", () => {
  const { svg } = erasure(rows);
  const { texts } = picture(svg);
  assert(texts.includes("Clean accuracy 93.0 % → 90.0 %, attack success 100.0 % → 1.0 %."), texts.join("; "));
  for (const text of ["Erasing the backdoor", "Share of images (%)", "epoch →", "90.0 %", "1.0 %"]) {
    assert(texts.includes(text), text);
  }
  const [acc, asr] = curves(svg);
  assertEquals([acc.length, asr.length], [11, 11]);
  assert(asr[0][1] < acc[0][1] && asr.at(-1)![1] > acc.at(-1)![1], "upwards is less on paper");
});

Deno.test("erasure() draws each phase as a band that begins halfway to its first epoch, with its name", () => {
  const { svg } = erasure(rows, { x: "round", title: "PBE", subtitle: "seed 1" });
  const { texts, all } = picture(svg);
  for (const text of ["PBE", "seed 1", "round →"]) assert(texts.includes(text), text);
  for (const text of ["adversarial", "clean"]) {
    assertEquals(texts.filter((one) => one === text).length, 1, text);
  }
  assertEquals(all(`rect[fill-opacity="0.2"]`).length, 0, "nor are they in the legend");
  const [first, second] = bands(svg);
  assertEquals([first.colour, second.colour], [MUTED.light, SERIES.magenta.light]);
  assertAlmostEquals(first.width / second.width, 4 / 5.5, 0.01);
  assertAlmostEquals(first.x + first.width, second.x, 0.01);
});

Deno.test("erasure() puts phases in the legend whose names have no room in their bands", () => {
  const many = Array.from({ length: 81 }, (_, epoch) => ({
    epoch,
    acc: 0.9,
    phase: epoch % 2 ? "adversarial" : "clean",
  }));
  const { svg } = erasure(many);
  const { texts, all } = picture(svg);
  for (const text of ["adversarial", "clean"]) {
    assertEquals(texts.filter((one) => one === text).length, 1, text);
  }
  assertEquals(all(`rect[fill-opacity="0.2"]`).length, 2);
  assertEquals(bands(svg).length, 81);
  assert(!texts.includes("attack success"), "which nobody measured");
});

Deno.test("erasure() keeps the numbers of two curves apart that end together, the higher above", () => {
  for (const [acc, asr] of [[0.91, 0.9], [0.9, 0.91], [0.5, 0.5]]) {
    const { all, place } = picture(erasure([{ epoch: 0, acc: 1, asr: 1 }, { epoch: 1, acc, asr }]).svg);
    const [blue, orange] = all("text").filter((text) =>
      (text.getAttribute("font-size") ?? text.parentElement!.getAttribute("font-size")) === "12" &&
      text.textContent!.endsWith(" %")
    ).map((text) => place(text)[1]);
    assert(Math.abs(blue - orange) >= 14 - 1e-6, `${blue} ${orange}`);
    assertEquals(blue < orange, acc >= asr);
  }
});

Deno.test("erasure() sorts epochs, leaves out what was not measured, and draws a single one", () => {
  const { svg } = erasure([{ epoch: 2, acc: 0.8 }, { epoch: 1, asr: 0.4 }, { epoch: 0, acc: 0.9, asr: 0.5 }]);
  const [acc, asr] = curves(svg);
  assertEquals([acc.length, asr.length], [2, 2]);
  assert(acc[0][0] < acc[1][0] && asr[1][0] < acc[1][0]);

  const one = picture(erasure([{ epoch: 3, acc: 0.8, phase: "clean" }]).svg);
  assert(one.texts.includes("3") && !one.texts.includes("4") && one.texts.includes("80.0 %"));
});

Deno.test("erasure() refuses rows without numbers, shares that are none, and epochs that are none", () => {
  assertThrows(
    () => erasure([]),
    RangeError,
    "erasure: expected rows with acc or asr but found none in 0 rows",
  );
  assertThrows(() => erasure([{ epoch: 1 }]), RangeError, "found none in 1 rows");
  assertThrows(
    () => erasure([{ epoch: 4, asr: 1.5 }], { x: "round" }),
    RangeError,
    "erasure: expected asr of round 4 to be a share from 0 to 1 but found 1.5",
  );
  assertThrows(
    () => erasure([{ epoch: NaN, asr: 1 }]),
    RangeError,
    "erasure: expected the epoch of every row to be a number but found NaN",
  );
});
