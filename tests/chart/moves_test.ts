/**
 * The chart of what a plan moves: whose bars are where, in which order, and what they are called.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { moves } from "../../lib/chart/mod.ts";
import { MUTED, SERIES } from "../../lib/chart/theme.ts";
import type { Move, Plan, TracedStorage } from "../../lib/swap/mod.ts";
import { chain, traceOf } from "../swap/traces.ts";
import { picture } from "./svg.ts";

const KIB = 1024;

/** A plan by hand: who leaves after which op, when its way back begins (or it is freed), and which op needs it. */
function planOf(
  ...rows: [storage: number, bytes: number, out: number, prefetch: number, back: number][]
): Plan {
  return {
    moves: rows.map(([storage, bytes, out, prefetch, back]): Move => ({
      storage,
      bytes,
      out,
      back,
      until: back === Infinity ? prefetch : back,
      score: 0,
      prefetch,
    })),
    budgetBytes: 1 << 20,
    bandwidth: { out: 1e9, in: 1e9 },
    reasons: {},
    predicted: { peakBytes: 0, stepMs: 0, stallMs: 0 },
  };
}

const storage = (bytes: number, born: number, died: number, uses: number[], origin = -1): TracedStorage => ({
  bytes,
  born,
  died,
  uses,
  origin,
});

/** Where bars of a colour begin and end, in positions of a step of `ops` ops. */
function bars(svg: string, colour: string, ops: number): [number, number][] {
  const { all } = picture(svg);
  const ticks = all(`g[aria-label="x-axis tick"] path`);
  const places = ticks.map((tick) => Number(/translate\(([\d.]+)/.exec(tick.getAttribute("transform")!)![1]));
  const [left, right] = [places[0], places.at(-1)!];
  const values = all(`g[aria-label="x-axis tick label"] text`).map((text) =>
    Number(text.textContent!.replace(",", ""))
  );
  const perPixel = values.at(-1)! / (right - left);
  return all(`g[aria-label="bar"] rect[fill="${colour}"], g[aria-label="bar"][fill="${colour}"] rect`)
    .map((rect) => ["x", "width"].map((name) => Number(rect.getAttribute(name))))
    .map(([x, width]) => [(x - left) * perPixel, (x + width - left) * perPixel])
    .map(([from, to]) => [Math.min(ops, round(from)), Math.min(ops, round(to))]);
}

function round(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}

Deno.test("moves() draws for each storage when it is there, away, and may come back", () => {
  const trace = { ...traceOf(20, [storage(64 * KIB, 2, 17, [2, 4, 16])]), names: ["gelu"] };
  const { svg } = moves(trace, planOf([0, 64 * KIB, 4, 12, 16]));
  const { texts } = picture(svg);
  for (const text of ["What moves", "gelu 64 KiB", "position in the step (ops) →", "away", "may come back"]) {
    assert(texts.includes(text), text);
  }
  assert(texts.includes("1 storage moves, 64 KiB a step."));
  assertEquals(bars(svg, SERIES.blue.light, 20), [[2, 5], [16, 18]]);
  assertEquals(bars(svg, SERIES.magenta.light, 20), [[5, 12]]);
  assertEquals(bars(svg, SERIES.green.light, 20), [[12, 16]]);
});

Deno.test("moves() shows what is away over the end of the step at its beginning too, as what it is then", () => {
  const names = ["matmul"];
  const self = { ...traceOf(20, [storage(KIB, -1, 20, [6, 14], 0)]), names };
  const kept = moves(self, planOf([0, KIB, 14, 23, 26])).svg;
  assert(picture(kept).texts.includes("for matmul 1 KiB"));
  assertEquals(bars(kept, SERIES.magenta.light, 20), [[0, 3], [15, 20]]);
  assertEquals(bars(kept, SERIES.green.light, 20), [[3, 6]]);
  assertEquals(bars(kept, SERIES.blue.light, 20), [[6, 15]]);

  // A gradient, which is forgotten in the next step without having been used.
  const gradient = [storage(KIB, 12, 20, [12]), storage(KIB, -1, 5, [], 0)];
  const lost = moves({ ...traceOf(20, gradient), names }, planOf([0, KIB, 12, 25, Infinity]));
  assertEquals(picture(lost.svg).texts.filter((text) => text === "matmul 1 KiB").length, 2);
  assert(picture(lost.svg).texts.includes("1 storage moves, 1 KiB a step."));
  assertEquals(bars(lost.svg, SERIES.magenta.light, 20), [[13, 20], [0, 6]]);
});

Deno.test("moves() ends what is never used again where it is freed", () => {
  const trace = traceOf(20, [storage(KIB, 2, 18, [2])]);
  const { svg } = moves(trace, planOf([0, KIB, 2, 18, Infinity]));
  assertEquals(bars(svg, SERIES.magenta.light, 20), [[3, 19]]);
  assertEquals(bars(svg, SERIES.green.light, 20), []);
});

Deno.test("moves() shows the largest first, of equal ones the longest away, at most as many as asked for", () => {
  const sizes = Array.from({ length: 100 }, (_, i) => KIB * (1 + (i * 37) % 50));
  const trace = traceOf(200, sizes.map((bytes, i) => storage(bytes, i, 199 - i, [i, 199 - i])));
  const plan = planOf(...sizes.map((bytes, i): [number, number, number, number, number] => [
    i,
    bytes,
    i,
    199 - i,
    199 - i,
  ]));
  const labels = (svg: string) =>
    picture(svg).texts.filter((text) => text.startsWith("op ")).map((text) => Number(text.split(" ")[1]));
  const shown = labels(moves(trace, plan).svg);
  assertEquals(shown.length, 40);
  assertEquals(shown, shown.toSorted((a, b) => b - a));
  assertEquals(shown[0], 50);
  const few = moves(trace, plan, { limit: 3, title: "Three" }).svg;
  assertEquals(labels(few), [50, 50, 49]);
  const [first, second] = bars(few, SERIES.magenta.light, 200);
  assert(first[1] - first[0] > second[1] - second[0]);
  assert(picture(few).texts.some((text) => text.endsWith("; the 3 largest are shown.")));
  assertThrows(
    () => moves(trace, plan, { limit: 0 }),
    RangeError,
    "moves: expected limit to be a whole number",
  );
});

Deno.test("moves() says where nothing leaves, cuts long names, and draws what lasts one op of thousands", () => {
  const empty = picture(moves(chain(4, KIB, KIB), planOf()).svg);
  assert(empty.texts.includes("Nothing leaves the device.") && !empty.texts.includes("away"));

  const names = ["an operator of a name </text> without end"];
  const trace = { ...traceOf(10_000, [storage(KIB, 0, 9_999, [0, 9_999])]), names };
  const { svg } = moves(trace, planOf([0, KIB, 0, 9_999, 9_999]));
  const { texts, all } = picture(svg);
  assert(texts.includes("an operator of a na… 1 KiB"));
  const widths = all(`g[aria-label="bar"] rect[fill="${SERIES.blue.light}"]`)
    .map((rect) => Number(rect.getAttribute("width")));
  assert(widths.length === 2 && widths[0] > 1, String(widths));
  assertThrows(() => moves(traceOf(0, []), planOf()), RangeError, "moves: expected a trace with ops");
});

Deno.test("moves() draws what is dropped as a line until it is computed again, and says how much that is", () => {
  const trace = { ...chain(4, 64 * KIB, KIB), pure: new Array(8).fill(true), opMs: new Array(8).fill(1) };
  const dropped = {
    storages: [{ storage: 4, out: 1 }],
    back: 7,
    calls: [0],
    sources: [0],
    ms: 1,
    temporaryBytes: 0,
  };
  const { svg } = moves(trace, { ...planOf([5, 64 * KIB, 2, 5, 6]), recomputed: [dropped] });
  const { texts } = picture(svg);
  assert(texts.includes("1 storage moves, 64 KiB a step; 1 is computed again."));
  assert(texts.includes("dropped, computed again"));
  assertEquals(bars(svg, MUTED.light, 8), [[2, 7]]);
  // From then on it is another storage of the plan, in the row that it had.
  const later = planOf([trace.storages.length, 64 * KIB, 7, 8, 8]);
  assert(moves(trace, { ...later, recomputed: [dropped] }).svg.includes("op 64 KiB"));
  assertThrows(
    () => moves(trace, planOf([trace.storages.length, 1, 0, 1, 2])),
    RangeError,
    "a plan of this trace",
  );
});
