import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Plan, PolicyFunction, Trace } from "../../lib/swap/mod.ts";
import * as policy from "../../lib/swap/policy/mod.ts";
import { chain, randomTrace, traceOf } from "./traces.ts";

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);
const { belady, candidates, compose, fit, needOf, prefetch, rank, simulate } = policy;

const all = candidates({ minBytes: 1 });
/** A link so fast that copies take no time. */
const bandwidth = 1e15;

const peakOf = (trace: Trace) => Math.max(...needOf(trace));
const movedBytes = ({ moves }: Plan) => moves.reduce((sum, { bytes }) => sum + bytes, 0);

Deno.test("candidates() finds pauses between uses, over the step's end, and before a late end", () => {
  const MIB = 1 << 20;
  const trace = traceOf(10, [
    { bytes: MIB, born: 1, died: 8, uses: [1, 2, 8], origin: -1 },
    { bytes: MIB, born: -1, died: 10, uses: [3, 4], origin: 1 },
    { bytes: MIB, born: 2, died: 7, uses: [2], origin: -1 },
    { bytes: 100, born: 0, died: 9, uses: [0, 9], origin: -1 },
    { bytes: MIB, born: 6, died: 10, uses: [6, 7], origin: -1 },
    { bytes: MIB, born: -1, died: 5, uses: [], origin: 4 },
    { bytes: MIB, born: 3, died: 5, uses: [3, 4], origin: -1 },
    { bytes: MIB, born: 3, died: 5, uses: [3, 4, 5], origin: -1 },
  ]);
  const seen: [number, number, number, number][] = [];
  const look: PolicyFunction = (draft) => {
    seen.push(...draft.candidates.map(({ storage, out, back, until }): [number, number, number, number] => [
      storage,
      out,
      back,
      until,
    ]));
    return draft;
  };
  const { reasons } = compose(candidates(), look)(trace);
  assertEquals(seen, [
    [0, 2, 8, 8],
    [1, 4, 13, 13], // a parameter, until the next step uses it
    [2, 2, Infinity, 7], // never used again, but still held
    [4, 7, Infinity, 15], // a gradient, until it is forgotten in the next step
    [6, 4, Infinity, 5], // one that is freed an op late
  ]);
  assert(reasons[3].includes("smaller"));
});

Deno.test("fit() moves what was saved first, and the plan holds the budget", () => {
  const trace = chain(16, 1 << 20, 1 << 10);
  const generate = compose(candidates(), rank(), fit({ budget: "8 MiB", bandwidth }), prefetch());
  const plan = generate(trace);
  assert(plan.predicted.peakBytes <= 8 << 20, `${plan.predicted.peakBytes}`);
  const first = Math.min(...plan.moves.map(({ storage }) => storage));
  assertEquals(trace.storages[first].born, 0);
});

Deno.test("fit() tells why storages move or stay", () => {
  const trace = chain(16, 1 << 20, 1 << 10);
  const { reasons, moves } = compose(candidates(), rank(), fit({ budget: "8 MiB" }), prefetch())(trace);
  assertEquals(Object.keys(reasons).length, trace.storages.length);
  for (const { storage } of moves) assert(reasons[storage].startsWith("moves"), reasons[storage]);
  assertThrows(() => fit({ budget: "little" }), RangeError, "fit budget");
});

Deno.test("over a slow link the step waits for what must leave, and prefetch() shortens that", () => {
  const trace = chain(16, 1 << 20, 1 << 10); // an op takes 1 ms
  const slow = (1 << 20) / 2 * 1000; // and a copy 2 ms
  const late = compose(candidates(), rank(), fit({ budget: "8 MiB", bandwidth: slow }))(trace);
  const early = compose(candidates(), rank(), fit({ budget: "8 MiB", bandwidth: slow }), prefetch())(trace);
  assert(
    early.predicted.stepMs < late.predicted.stepMs,
    `${early.predicted.stepMs} ${late.predicted.stepMs}`,
  );
  assert(early.predicted.stallMs > 0);
  assertEquals(early.predicted.stepMs, 32 + early.predicted.stallMs);
});

Deno.test("of equal storages the farthest next use moves the fewest bytes, and a larger budget never more", () => {
  for (const layers of [4, 9, 17]) {
    const trace = chain(layers, 1 << 20, 64);
    const equal = candidates({ minBytes: 1 << 20 });
    let before = Infinity;
    for (let budget = 3; budget <= layers + 2; budget++) {
      const bytes = movedBytes(compose(equal, belady({ budget: budget * 2 ** 20 }))(trace));
      const fitted = movedBytes(compose(equal, rank(), fit({ budget: budget * 2 ** 20, bandwidth }))(trace));
      assert(
        bytes <= before && bytes <= fitted,
        `${layers} layers, ${budget} MiB: ${bytes} ${before} ${fitted}`,
      );
      before = bytes;
    }
  }
});

Deno.test("simulate() counts what is there, op by op, and time adds up", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const still = simulate(trace, { moves: [], budgetBytes: Infinity, bandwidth: { out: 1, in: 1 } });
    assertEquals(still.residentBytes, Array.from(needOf(trace)));
    const plan = compose(all, rank(), fit({ budget: peakOf(trace) / 2, bandwidth: 1e8 }), prefetch())(trace);
    const { startMs, stallMs, stepMs, copies } = simulate(trace, plan);
    const waited = stallMs.reduce((a, b) => a + b, 0);
    assert(Math.abs(stepMs - trace.stepMs - waited) < 1e-6);
    assert(startMs.every((ms, i) => i === 0 || ms >= startMs[i - 1]) && stallMs.every((ms) => ms >= 0));
    for (const direction of ["out", "in"]) {
      const lane = copies.filter((copy) => copy.direction === direction);
      assert(
        lane.every((copy, i) => i === 0 || copy.startMs >= lane[i - 1].endMs - 1e-9),
        "one after the other",
      );
    }
  }
});
