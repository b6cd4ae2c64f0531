import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Bandwidth, Candidate, Move, Plan, PolicyFunction, Trace } from "../../lib/swap/mod.ts";
import * as policy from "../../lib/swap/policy/mod.ts";
import { chain, randomTrace, traceOf } from "./traces.ts";

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);
const { belady, candidates, compose, everything, fit, lru, needOf, prefetch, rank, simulate } = policy;

const all = candidates({ minBytes: 0 });
const peakOf = (trace: Trace) => needOf(trace).reduce((a, b) => Math.max(a, b), 0);

/** What candidates of any size a trace has. */
function candidatesOf(trace: Trace): readonly Candidate[] {
  let found: readonly Candidate[] = [];
  compose(all, (draft) => {
    found = draft.candidates;
    return draft;
  })(trace);
  return found;
}

/** Bytes by position with everything away that `isAway` says is; `until` counts for what never comes back. */
function residentOf(trace: Trace, gone: readonly Candidate[], end: (one: Candidate) => number): Float64Array {
  const resident = needOf(trace);
  const { length } = resident;
  for (const one of gone) {
    const last = one.back === Infinity ? one.until : end(one) - 1;
    const places = new Set<number>();
    for (let p = one.out + 1; p <= last; p++) places.add(p % length);
    for (const place of places) resident[place] -= one.bytes;
  }
  return resident;
}

/** The least budget that swap can hold: everything that idles is away. */
function floorOf(trace: Trace): number {
  return residentOf(trace, candidatesOf(trace), ({ back }) => back).reduce((a, b) => Math.max(a, b), 0);
}

const key = ({ storage, out }: Move) => `${storage} after ${out}`;

Deno.test("a plan holds every feasible budget over links of any speed, prefetched or not", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const [low, high] = [floorOf(trace), peakOf(trace)];
    for (const bandwidth of [1e15, 1e9, 1e8, 1e6]) {
      for (const share of [0, 0.2, 0.6]) {
        const budget = Math.max(1, Math.ceil(low + share * (high - low)));
        for (const last of [[], [prefetch()], [prefetch({ slack: 3 })]]) {
          const { predicted } = compose(all, rank(), fit({ budget, bandwidth }), ...last)(trace);
          assert(
            predicted.peakBytes <= budget,
            `seed ${seed}, ${bandwidth} B/s: ${predicted.peakBytes} of ${budget}`,
          );
        }
      }
    }
  }
});

Deno.test("belady() and lru() hold every feasible budget", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const [low, high] = [floorOf(trace), peakOf(trace)];
    for (const share of [0, 0.2, 0.6]) {
      const budget = Math.max(1, Math.ceil(low + share * (high - low)));
      for (const choose of [belady({ budget }), lru({ budget })]) {
        const { predicted } = compose(all, choose)(trace);
        assert(predicted.peakBytes <= budget, `seed ${seed}, ${share}: ${predicted.peakBytes} of ${budget}`);
      }
    }
  }
});

Deno.test("with more budget fit() chooses some of the same moves and no others", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const [low, high] = [floorOf(trace), peakOf(trace)];
    const bandwidth = [1e15, 1e9, 1e8, 1e6][seed % 4];
    let before: Set<string> | null = null;
    for (let i = 0; i <= 8; i++) {
      const budget = Math.max(1, Math.ceil(low + i / 8 * (high - low)));
      const { moves } = compose(all, rank(), fit({ budget, bandwidth }))(trace);
      const keys = moves.map(key);
      for (const one of keys) assert(before === null || before.has(one), `seed ${seed}: ${one} with ${i}/8`);
      before = new Set(keys);
    }
    assertEquals(before?.size, 0);
  }
});

Deno.test("no storage is used while it is away, leaves twice at once, or leaves when it is not there", () => {
  const check = (trace: Trace, { moves }: Plan, name: string) => {
    const { length } = trace.ops;
    for (const { storage, bytes, out, back, until, prefetch } of moves) {
      const { born, died, uses } = trace.storages[storage];
      assertEquals(bytes, trace.storages[storage].bytes);
      assert(out >= Math.max(-1, born) && out < length && out < until, name);
      assert(until <= died || died === length, name);
      const next = trace.storages.find(({ origin }) => origin === storage);
      const last = back === Infinity ? until : back - 1;
      assert(!uses.some((use) => use > out && use <= last), `${name}: used while away`);
      for (const use of next?.uses ?? []) {
        if (last >= length) assert(use + length > last, `${name}: used in the next step while away`);
      }
      if (back === Infinity) continue;
      assert(prefetch > out && prefetch <= back, `${name}: ${prefetch}`);
      assert((back < length ? uses : next!.uses).includes(back % length), name);
    }
    for (const [storage, own] of Map.groupBy(moves, ({ storage }) => storage)) {
      own.sort((a, b) => a.out - b.out);
      own.forEach(({ out }, i) =>
        assert(i === 0 || own[i - 1].until <= out, `${name}: ${storage} leaves twice`)
      );
    }
  };
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const budget = Math.ceil(peakOf(trace) * 0.6);
    const bandwidth = [1e15, 1e9, 1e8][seed % 3];
    const given = compose(all, rank(), fit({ budget, bandwidth }), prefetch())(trace);
    check(trace, given, `fit ${seed}`);
    check(trace, compose(all, belady({ budget }), prefetch())(trace), `belady ${seed}`);
    check(trace, compose(all, lru({ budget }), prefetch())(trace), `lru ${seed}`);
    check(trace, compose(everything())(trace), `everything ${seed}`);
  }
});

Deno.test("candidates() gives no op's idle storage twice, and every storage a reason", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace(seed);
    const { reasons } = compose(all)(trace);
    assertEquals(Object.keys(reasons).length, trace.storages.length);
    // With everything away that can be, nothing is counted off twice.
    const rest = residentOf(trace, candidatesOf(trace), ({ back }) => back);
    assert(rest.every((bytes, i) => bytes >= trace.temporaries[i]), `seed ${seed}`);
  }
});

Deno.test("policies leave what they are given as it was", () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  const frozen: PolicyFunction = (draft) => freeze(draft);
  for (const seed of SEEDS.slice(0, 50)) {
    const trace = freeze(randomTrace(seed));
    const budget = Math.ceil(peakOf(trace) / 2);
    for (const choose of [fit({ budget }), belady({ budget }), lru({ budget }), everything()]) {
      const generate = compose(frozen, all, frozen, rank(), frozen, choose, frozen, prefetch(), frozen);
      assertEquals(generate(trace), generate(trace));
    }
  }
});

Deno.test("fit() takes what the link has time for before what is worth more", () => {
  const MIB = 1 << 20;
  const trace: Trace = {
    ...traceOf(9, [
      { bytes: 4 * MIB, born: 2, died: 6, uses: [2, 6], origin: -1 }, // too large to leave and come back in time
      { bytes: MIB, born: 0, died: 8, uses: [0, 8], origin: -1 },
    ]),
    temporaries: [0, 0, 0, 0, MIB, 0, 0, 0, 0],
  };
  const bandwidth = MIB * 1000; // 1 MiB in the time of an op
  const one = compose(candidates(), rank(), fit({ budget: 5 * MIB, bandwidth }), prefetch())(trace);
  assertEquals(one.moves.map(({ storage, prefetch }) => [storage, prefetch]), [[1, 7]]);
  assertEquals(one.predicted.stallMs, 0);
  assert(one.reasons[0].startsWith("stays"), one.reasons[0]);
  const both = compose(candidates(), rank(), fit({ budget: 4 * MIB, bandwidth }), prefetch())(trace);
  assertEquals(both.moves.length, 2);
  assert(both.predicted.peakBytes <= 4 * MIB && both.predicted.stallMs > 0);
  assert(both.reasons[0].endsWith("ops wait"), both.reasons[0]);
});

Deno.test("what idles across the step's end is away when the step begins", () => {
  const trace = traceOf(6, [
    { bytes: 1000, born: -1, died: 6, uses: [3, 4], origin: 0 }, // an optimizer state
    { bytes: 500, born: 0, died: 1, uses: [0, 1], origin: -1 },
  ]);
  const plan = compose(all, rank(), fit({ budget: 1000, bandwidth: 1e6 }), prefetch())(trace);
  assertEquals(plan.moves.map(({ out, back, prefetch }) => [out, back, prefetch]), [[4, 9, 8]]);
  const { residentBytes, copies, stallMs } = simulate(trace, plan);
  assertEquals(residentBytes, [500, 500, 1000, 1000, 1000, 1000]);
  assertEquals(copies.map(({ direction, startMs }) => [direction, startMs]), [["in", 2], ["out", 5]]);
  assertEquals(stallMs, [0, 0, 0, 0, 0, 0]);
});

Deno.test("a copy that is under way when the step ends holds its memory in the next one", () => {
  const trace = traceOf(4, [
    { bytes: 1000, born: -1, died: 4, uses: [2, 3], origin: 0 },
    { bytes: 1000, born: 0, died: 0, uses: [0], origin: -1 },
  ]);
  const bandwidth: Bandwidth = { out: 1e6 / 2, in: 1e9 };
  const moves = [{ storage: 0, bytes: 1000, out: 3, back: 6, until: 6, score: 0, prefetch: 6 }];
  const { stallMs, residentBytes } = simulate(trace, { moves, budgetBytes: 1000, bandwidth });
  assertEquals(stallMs.slice(0, 2), [2, 0]);
  assertEquals(residentBytes, [1000, 0, 1000, 1000]);
});

Deno.test("compose() runs a user's function like any other, and everything() does without candidates()", () => {
  const trace = chain(8, 1 << 20, 1 << 10);
  const only: PolicyFunction = (draft) => ({
    ...draft,
    moves: draft.candidates.filter(({ storage }) => storage === 8).map((one) => ({
      ...one,
      prefetch: one.back,
    })),
  });
  assertEquals(compose(candidates(), only)(trace).moves.map(({ storage }) => storage), [8]);
  // What it moves counts, and stays moved.
  const more = compose(candidates(), only, rank(), fit({ budget: "4 MiB" }))(trace);
  assertEquals(more.moves[0].storage, 8);
  assert(more.predicted.peakBytes <= 4 << 20);
  const saved = compose(everything(), fit({ budget: "1 GiB" }))(trace);
  assert(saved.moves.length > 0 && saved.budgetBytes === 1 << 30);
});

Deno.test("a step of no ops, and one of no time, have plans", () => {
  const generate = compose(all, rank(), fit({ budget: 1 }), prefetch());
  assertEquals(generate(traceOf(0, [])).predicted, { peakBytes: 0, stepMs: 0, stallMs: 0 });
  const still = { ...chain(4, 1 << 20, 64), stepMs: 0 };
  assert(compose(all, rank(), fit({ budget: "3 MiB" }), prefetch())(still).predicted.peakBytes <= 3 << 20);
});

Deno.test("policy functions say what they expect", () => {
  assertThrows(() => candidates({ minBytes: NaN }), RangeError, "minBytes");
  assertThrows(() => rank({ sizeWeight: -1 }), RangeError, "sizeWeight");
  assertThrows(() => fit({ budget: 1, bandwidth: 0 }), RangeError, "bandwidth");
  assertThrows(() => prefetch({ slack: -1 }), RangeError, "slack");
  assertThrows(() => belady({ budget: "much" }), RangeError, "belady budget");
  assertThrows(() => lru({ budget: 0 }), RangeError, "lru budget");
});

Deno.test("no more is away at once than the far side has room for", () => {
  let [limited, refused] = [0, 0];
  for (const seed of SEEDS.slice(0, 150)) {
    const trace = randomTrace(seed);
    const budget = Math.max(1, Math.ceil(floorOf(trace) + 0.2 * (peakOf(trace) - floorOf(trace))));
    const awayOf = (plan: Plan) => {
      const away = new Float64Array(trace.ops.length);
      for (const { bytes, out, back, until } of plan.moves) {
        const last = back === Infinity ? until : back - 1;
        const places = new Set<number>();
        for (let p = out + 1; p <= last; p++) places.add(p % away.length);
        for (const place of places) away[place] += bytes;
      }
      return away.reduce((a, b) => Math.max(a, b), 0);
    };
    const free = awayOf(compose(all, rank(), fit({ budget, bandwidth: 1e9 }))(trace));
    if (free === 0) continue;
    for (const far of [Math.ceil(free / 2), Math.ceil(free / 10)]) {
      const plan = compose(all, rank(), fit({ budget, bandwidth: 1e9, far }))(trace);
      assert(awayOf(plan) <= far, `seed ${seed}: ${awayOf(plan)} of ${far}`);
      limited++;
      if (Object.values(plan.reasons).includes("stays: the far side has no room for it")) refused++;
    }
  }
  assert(limited > 100 && refused > 0.5 * limited, `${refused} of ${limited}`);
});
