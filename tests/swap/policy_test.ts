import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Move, Plan, PolicyFunction, Trace } from "../../lib/swap/mod.ts";
import * as policy from "../../lib/swap/policy/mod.ts";
import { chain, randomTrace, traceOf } from "./traces.ts";

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);
const { belady, candidates, compose, everything, fit, largestFirst, longestIdleFirst, lru } = policy;
const { needOf, prefetch, rank, simulate } = policy;

const all = candidates({ minBytes: 1 });
/** A link so fast that copies take no time. */
const bandwidth = 1e15;

const peakOf = (trace: Trace) => Math.max(...needOf(trace));
const movedBytes = ({ moves }: Plan) => moves.reduce((sum, { bytes }) => sum + bytes, 0);

/** What every op needs at the least: what it uses or makes, its temporaries, and what no candidate can move then. */
function least(trace: Trace): number {
  const found = compose(all)(trace);
  const away = needOf(trace);
  const gaps: Move[] = [];
  const keep: PolicyFunction = (draft) => {
    gaps.push(...draft.candidates.map((one) => ({ ...one, prefetch: one.back })));
    return draft;
  };
  compose(all, keep)(trace);
  const length = trace.ops.length;
  for (const { out, until, bytes } of gaps) {
    for (let p = out + 1; p < until; p++) if (p < length || out >= p - length) away[p % length] -= bytes;
  }
  assertEquals(found.moves, []);
  return Math.max(...away);
}

/** The moves of a plan are sound: nobody uses a storage while it is away, and it does not leave twice. */
function checkSound(trace: Trace, { moves }: Plan): void {
  const length = trace.ops.length;
  const byStorage = Map.groupBy(moves, ({ storage }) => storage);
  for (const [index, own] of byStorage) {
    const { born, died, uses } = trace.storages[index];
    own.sort((a, b) => a.out - b.out);
    own.forEach(({ out, back, until, prefetch }, i) => {
      assert(out >= Math.max(-1, born) && out < until && until >= 0, "leaves before it comes back");
      assert(!uses.some((use) => use > out && use < Math.min(until, length)), "used while away");
      assert(out < died || died === length, "leaves while it is there");
      if (back !== Infinity) assert(prefetch > out && prefetch <= back, `fetched at ${prefetch} for ${back}`);
      if (i > 0) assert(own[i - 1].until <= out, "leaves once at a time");
    });
  }
}

Deno.test("candidates() finds pauses between uses, over the step's end, and before a late end", () => {
  const MIB = 1 << 20;
  const trace = traceOf(10, [
    { bytes: MIB, born: 1, died: 8, uses: [1, 2, 8], origin: -1 },
    { bytes: MIB, born: -1, died: 10, uses: [3, 4], origin: 1 },
    { bytes: MIB, born: 2, died: 7, uses: [2], origin: -1 },
    { bytes: 100, born: 0, died: 9, uses: [0, 9], origin: -1 },
    { bytes: MIB, born: 6, died: 10, uses: [6, 7], origin: -1 },
    { bytes: MIB, born: -1, died: 5, uses: [], origin: 4 },
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
  ]);
  assert(reasons[3].includes("smaller"));
});

Deno.test("fit() moves what was saved first, and the plan holds the budget", () => {
  const trace = chain(16, 1 << 20, 1 << 10);
  const generate = compose(candidates(), rank(), fit({ budget: "8 MiB", bandwidth }), prefetch());
  const plan = generate(trace);
  checkSound(trace, plan);
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

Deno.test("plans are sound on random traces, whatever chooses", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const before = JSON.stringify(trace);
    const budget = Math.floor(peakOf(trace) * 0.6);
    const link = [1e15, 1e9, 1e8][seed % 3];
    const choices: PolicyFunction[][] = [
      [rank(), fit({ budget, bandwidth: link })],
      [largestFirst(), fit({ budget, bandwidth: link })],
      [longestIdleFirst(), fit({ budget, bandwidth: link })],
      [belady({ budget })],
      [lru({ budget })],
      [everything()],
    ];
    for (const [i, choice] of choices.entries()) {
      const plan = compose(all, ...choice, prefetch())(trace);
      // What the least recent use sends away leaves when room is needed, not when it idles.
      if (i !== 4) checkSound(trace, plan);
    }
    assertEquals(JSON.stringify(trace), before, "the trace is read only");
  }
});

Deno.test("over a fast link plans hold every budget that ops leave room for", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const [low, high] = [least(trace), peakOf(trace)];
    for (const share of [0, 0.3, 0.7]) {
      const budget = Math.ceil(low + share * (high - low)) + 1;
      const plan = compose(all, rank(), fit({ budget, bandwidth }), prefetch())(trace);
      assert(plan.predicted.peakBytes <= budget, `seed ${seed}: ${plan.predicted.peakBytes} of ${budget}`);
    }
  }
});

Deno.test("with the whole need as budget nothing moves, and no plan moves more than everything", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const generate = (budget: number) => compose(all, rank(), fit({ budget, bandwidth }), prefetch())(trace);
    assertEquals(generate(peakOf(trace)).moves, [], `seed ${seed}`);
    const tight = generate(Math.ceil(least(trace)) + 1);
    let possible = 0;
    compose(all, (draft) => {
      possible = draft.candidates.reduce((sum, { bytes }) => sum + bytes, 0);
      return draft;
    })(trace);
    assert(movedBytes(tight) <= possible);
  }
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
