/**
 * The charts: what is drawn where, what the words say, and that the words cannot break out.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as deps from "../../lib/deps.ts";
import { Chart, deviceMemory, learningCurves, type LearningRow } from "../../lib/chart/mod.ts";
import { SERIES } from "../../lib/chart/theme.ts";
import { picture } from "./svg.ts";

const learning: LearningRow[] = Array.from({ length: 1000 }, (_, i) => {
  const loss = 2.3 * Math.exp(-i / 100);
  const row = { step: i + 1, loss, accuracy: 1 - loss / 2.6 };
  return i % 250 === 249 ? { ...row, heldOutLoss: loss + 0.1, heldOutAccuracy: 0.9 + i / 20_000 } : row;
});

Deno.test("learningCurves() draws loss and accuracy side by side, with units and a legend", () => {
  const chart = learningCurves(learning, { title: "Digits", subtitle: "seed 1" });
  const { texts, all, points } = picture(chart.svg);
  for (
    const text of ["Digits", "seed 1", "training batches", "held-out data", "Loss (nats)", "Accuracy (%)"]
  ) {
    assert(texts.includes(text), text);
  }
  assertEquals(texts.filter((text) => text.startsWith("training step")).length, 2);
  assert(texts.includes("95.0 %"), "the last accuracy has its number");

  const dots = all(`[fill="${SERIES.orange.light}"] circle`);
  assertEquals(dots.length, 8);
  const [loss, accuracy] = all(`[stroke="${SERIES.blue.light}"][stroke-width="2"] path`).map(points);
  assertEquals([loss.length, accuracy.length].map((count) => count >= 40 && count <= 80), [true, true]);
  assert(loss[0][1] < loss.at(-1)![1] && accuracy[0][1] > accuracy.at(-1)![1], "loss falls, accuracy rises");
  assert(loss.every(([x], i) => i === 0 || x > loss[i - 1][0]));
});

Deno.test("learningCurves() leaves out a panel without numbers, and a loss that is not finite", () => {
  const rows = learning.map(({ step, loss }) => ({
    step,
    loss: step === 500 ? Infinity : step === 501 ? NaN : loss,
  }));
  const { texts } = picture(learningCurves(rows, { lossUnit: "bits" }).svg);
  assert(
    texts.includes("Loss (bits)") && !texts.includes("Accuracy (%)") && !texts.includes("held-out data"),
  );
  assertThrows(
    () => learningCurves([{ step: 1 }, { step: 2, loss: NaN }]),
    RangeError,
    "learningCurves: expected rows with a loss or an accuracy but found none in 2 rows",
  );
  picture(learningCurves([{ step: 1, loss: 0 }]).svg);
});

Deno.test("deviceMemory() names the peak in the unit that suits it, also of a series that is thinned", () => {
  const samples = Array.from({ length: 50_000 }, (_, at) => ({
    at,
    liveBytes: at === 31_415 ? 7 * 2 ** 20 : 2 ** 20,
    reservedBytes: 8 * 2 ** 20,
  }));
  const chart = deviceMemory(samples, {
    at: "operator",
    budgetBytes: 10 * 2 ** 20,
    phases: [{ at: 9, label: "back" }],
  });
  const { texts, all, points } = picture(chart.svg);
  for (const text of ["Device memory", "Memory (MiB)", "in use", "reserved", "budget", "back", "7 MiB"]) {
    assert(texts.includes(text), text);
  }
  const [curve] = all(`[stroke="${SERIES.blue.light}"] path`).map(points);
  assert(curve.length < 1000);
  const top = Math.min(...curve.map(([, y]) => y));
  const base = Math.max(...curve.map(([, y]) => y));
  assert(base - top > 90, "the one sample that is higher is drawn");
});

Deno.test("deviceMemory() takes an empty device, one sample, and no budget as Infinity", () => {
  const { texts } = picture(deviceMemory([{ at: 0, liveBytes: 0 }], { budgetBytes: Infinity }).svg);
  assert(texts.includes("Memory (B)") && !texts.includes("budget") && !texts.includes("reserved"));
  assertThrows(() => deviceMemory([]), RangeError, "deviceMemory: expected samples but found none");
});

Deno.test("characters that no XML can have are replaced", () => {
  const rows = [{ step: 1, loss: 1 }, { step: 2, loss: 0.5 }];
  const { svg } = learningCurves(rows, { title: "a\0b\x1bc" });
  assert(svg.includes("a\ufffdb\ufffdc"));
  picture(svg);
});

Deno.test("words from outside are text in the picture, not markup", () => {
  const nasty = `</text><script>alert("1")</script> & <b>'`;
  const options = { title: nasty, subtitle: nasty, at: nasty, phases: [{ at: 0, label: nasty }] };
  const chart = deviceMemory([{ at: 0, liveBytes: 1 }, { at: 1, liveBytes: 2 }], options);
  picture(chart.svg);
  assert(!chart.html().includes("<script") && !chart.html().includes("<b>"));
  assertEquals(
    chart.svg.split(`&lt;/text&gt;&lt;script&gt;alert("1")&lt;/script&gt; &amp; &lt;b&gt;'</text>`).length,
    4,
  );
  assertStringIncludes(
    chart.svg,
    `aria-label="&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;b&gt;'"`,
  );
});

Deno.test("a chart shows itself: SVG to a notebook, a figure in a page, its title as a string", () => {
  let drawn = 0;
  const chart = new Chart("Title", () => `<svg>${++drawn}</svg>`);
  assertEquals(String(chart), "Chart(Title)");
  assertEquals(drawn, 0, "not drawn before it is looked at");
  const display = (chart as unknown as Record<symbol, () => Record<string, string>>)
    [Symbol.for("Jupyter.display")]();
  assertEquals(display, { "image/svg+xml": "<svg>1</svg>", "text/plain": "Chart(Title)" });
  assertStringIncludes(chart.html(), "<svg>1</svg></figure>");
});

Deno.test("the packages that charts stand on are those of lib/deps.ts", async () => {
  const source = await Deno.readTextFile(new URL("../../lib/chart/draw.ts", import.meta.url));
  assertStringIncludes(source, `"npm:@observablehq/plot@${deps.PLOT}"`);
  assertStringIncludes(source, `"npm:linkedom@${deps.LINKEDOM}"`);
});
