/**
 * The chart of how long steps take.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { steps } from "../../lib/chart/mod.ts";
import { MUTED, SERIES } from "../../lib/chart/theme.ts";
import type { StepRecord } from "../../lib/swap/mod.ts";
import { picture } from "./svg.ts";

const row = (step: number, more: Partial<StepRecord> = {}): StepRecord => ({
  step,
  kind: "training",
  stage: "Stable",
  ops: 10,
  stepMs: 100,
  stallMs: 0,
  recomputedMs: 0,
  bytesOut: 0,
  bytesIn: 0,
  peakBytes: 0,
  evictions: 0,
  missed: 0,
  ...more,
});

const rows = [
  row(1, { stage: "WarmUp", stepMs: 300, stallMs: 100 }),
  row(2, { stage: "GenPolicy", stallMs: 20 }),
  row(3, { stallMs: 10, recomputedMs: 5 }),
  row(4, { kind: "evaluation", stepMs: 40 }),
];

const bars = (svg: string, colour: string) =>
  picture(svg).all(
    `g[aria-label="rect"] rect[fill="${colour}"], g[aria-label="rect"][fill="${colour}"] rect`,
  );

Deno.test("steps() draws what was computed, computed again and waited for, and marks steps that learn", () => {
  const { svg } = steps(rows);
  const { texts, all } = picture(svg);
  assert(texts.includes("4 steps, 2 of them learning; 24 % of the time waiting for copies."));
  for (const text of ["computes", "computes again", "waits", "learning", "evaluation"]) {
    assert(texts.includes(text), text);
  }
  assertEquals([SERIES.blue, MUTED, SERIES.orange].map(({ light }) => bars(svg, light).length), [4, 1, 3]);
  const heights = bars(svg, SERIES.blue.light).map((bar) => Number(bar.getAttribute("height")));
  assert(Math.abs(heights[0] / heights[1] - 200 / 80) < 0.01, `${heights}`);
  assertEquals(all(`g[aria-label="dot"] circle`).length, 3);
});

Deno.test("steps() shows the last ones where there are many, and no legend of what is not there", () => {
  const many = Array.from({ length: 500 }, (_, i) => row(i + 1));
  const { texts } = picture(steps(many, { limit: 50 }).svg);
  assert(texts.includes("50 steps, 0 of them learning; 0 % of the time waiting for copies."));
  for (const text of ["waits", "learning", "evaluation"]) assert(!texts.includes(text), text);
});

Deno.test("steps() refuses nothing, and a limit that is none", () => {
  assertThrows(() => steps([]), RangeError, "steps: expected rows of steps but found none");
  assertThrows(() => steps(rows, { limit: 0 }), RangeError, "steps: expected limit");
});
