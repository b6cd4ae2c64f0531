/**
 * Charts of a step: its memory and its time, with and without a plan.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { memory, moves, timeline } from "../../lib/chart/mod.ts";
import { MUTED, SERIES } from "../../lib/chart/theme.ts";
import { candidates, compose, fit, prefetch, rank, simulate } from "../../lib/swap/policy/mod.ts";
import { chain, traceOf } from "../swap/traces.ts";
import { picture } from "./svg.ts";

const MIB = 1 << 20;
const trace = chain(40, MIB, MIB / 4);
const planFor = (bandwidth: number) =>
  compose(candidates(), rank(), fit({ budget: "20 MiB", bandwidth }), prefetch())(trace);

Deno.test("memory() draws the need, the bytes under the plan, and the budget between them", () => {
  const plan = planFor(1e12);
  const { texts, all, points } = picture(memory(trace, plan).svg);
  for (const text of ["Memory over a step", "without swap", "under the plan", "budget", "Memory (MiB)"]) {
    assert(texts.includes(text), text);
  }
  assert(texts.includes("forward") && texts.includes("backward"));
  const [need] = all(
    `[stroke="${SERIES.blue.light}"][stroke-width="2"] path, [stroke="${SERIES.blue.light}"] path`,
  )
    .map(points);
  const [under] = all(`[stroke="${SERIES.green.light}"] path`).map(points);
  // Upwards is less on paper.
  assert(Math.min(...need.map(([, y]) => y)) < Math.min(...under.map(([, y]) => y)));
});

Deno.test("memory() does without a plan, thins a long step and refuses an empty one", () => {
  const { texts } = picture(memory(trace).svg);
  assert(!texts.includes("under the plan") && !texts.includes("budget"));
  const long = memory(chain(20_000, 64, 64)).svg;
  assert(long.length < 60_000, `${long.length} characters`);
  assertThrows(() => memory(traceOf(0, [])), RangeError, "memory: expected a trace with ops");
  assertThrows(
    () => timeline(traceOf(0, []), planFor(1e9)),
    RangeError,
    "timeline: expected a trace with ops",
  );
});

Deno.test("timeline() has a lane for compute and one for each direction, and shows waiting", () => {
  const slow = timeline(trace, planFor(4e8));
  const { texts, all } = picture(slow.svg);
  for (const text of ["computes", "waits", "copies out", "copies in", "compute", "out", "in"]) {
    assert(texts.includes(text), text);
  }
  assert(all(`rect[fill="${SERIES.orange.light}"]`).length > 1, "the link is too slow: ops wait");
  const fast = picture(timeline(trace, planFor(1e12)).svg);
  assertEquals(
    fast.all(`rect[fill="${SERIES.orange.light}"]`).length,
    0,
    "nothing waits, nor does the legend say so",
  );
  assertStringIncludes(slow.svg, "waiting for copies");
});

Deno.test("memory() names a phase where it first begins, beside the line on the side that has room", () => {
  // Two batches, then an update that is short.
  const phases = trace.ops.map((_, op) => op >= 77 ? 2 : Math.floor(op / 20) % 2);
  const { texts, all } = picture(memory({ ...trace, phases }).svg);
  for (const name of ["forward", "backward", "optimizer"]) {
    assertEquals(texts.filter((text) => text === name).length, 1, name);
  }
  const [update] = all("text").filter((text) => text.textContent === "optimizer");
  assertEquals(update.parentElement!.getAttribute("text-anchor"), "end");
  assertEquals(all(`g[stroke="${MUTED.light}"] line`).length, 4, "each change but the beginning");
  // A phase of an op or two is passed over where its name would lie over another.
  const short = picture(
    memory({ ...trace, phases: phases.map((_, op) => op === 0 ? 0 : op < 3 ? 1 : 2) }).svg,
  );
  assert(short.texts.includes("optimizer") && !short.texts.includes("backward"));
});

Deno.test("memory() draws no budget where there is none, or one far above the curves", () => {
  const plan = planFor(1e12);
  const none = picture(memory(trace, { ...plan, budgetBytes: Number.MAX_SAFE_INTEGER }).svg);
  assert(!none.texts.some((text) => text.includes("budget")));
  const far = picture(memory(trace, { ...plan, budgetBytes: 1 << 30 }).svg);
  assert(!far.texts.includes("budget") && far.texts.includes("Memory (MiB)"));
  assert(far.texts.some((text) => text.endsWith(" of a budget of 1 GiB.")));
  const tight = picture(memory(trace, { ...plan, budgetBytes: MIB }).svg);
  assert(tight.texts.some((text) => text.endsWith(", over its budget of 1 MiB.")));
});

Deno.test("memory() and timeline() draw a step of one op, and of no bytes and no time", () => {
  const one = { ...traceOf(1, []), stepMs: 0 };
  const plan = compose(candidates(), fit({ budget: "1 MiB" }))(one);
  assert(picture(memory(one, plan).svg).texts.includes("0 B"));
  assert(picture(timeline(one, plan).svg).texts.includes("time (ms) →"));
});

Deno.test("charts of a step refuse a plan of another trace", () => {
  const plan = planFor(1e12);
  for (const chart of [memory, timeline, moves]) {
    assertThrows(
      () => chart(traceOf(4, []), plan),
      RangeError,
      `${chart.name}: expected a plan of this trace but found a move of storage`,
    );
  }
});

Deno.test("timeline() draws a crowded lane in cells, of each kind as many as its share of the time", () => {
  // 2,000 ops, most of which wait.
  const long = chain(1000, MIB, MIB / 4);
  const plan = compose(candidates(), rank(), fit({ budget: "20 MiB", bandwidth: 2e8 }), prefetch())(long);
  const { svg } = timeline(long, plan);
  assert(svg.length < 60_000, `${svg.length} characters`);
  const { stallMs, stepMs } = simulate(long, plan);
  const share = stallMs.reduce((a, b) => a + b, 0) / stepMs;
  const { all } = picture(svg);
  const width = (colour: string) =>
    all(`rect[fill="${colour}"]`).reduce((sum, rect) => sum + Number(rect.getAttribute("width")), 0);
  const [computes, waits] = [width(SERIES.blue.light), width(SERIES.orange.light)];
  assertAlmostEquals(waits / (computes + waits), share, 0.01);
});
