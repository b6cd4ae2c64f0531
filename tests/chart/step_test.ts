import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { memory, timeline } from "../../lib/chart/mod.ts";
import { SERIES } from "../../lib/chart/theme.ts";
import { candidates, compose, fit, prefetch, rank } from "../../lib/swap/policy/mod.ts";
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
