/**
 * What is dropped and computed again: that plans of it can be carried out, and that nothing changes but time and memory.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { recomputedTrace } from "../../lib/swap/policy/recomputed.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { presentDevices } from "../tensor/devices.ts";
import { chain, randomTrace, traceOf } from "./traces.ts";
import { update } from "./trainings.ts";

const { candidates, compose, fastest, fit, joint, needOf, prefetch, rank, recompute, simulate, swapping } =
  ebb.policy;
const peakOf = (trace: ebb.Trace) => needOf(trace).reduce((a, b) => Math.max(a, b), 0);
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

/** A random trace of which most ops can be run again, with times. */
function repeatable(seed: number): ebb.Trace {
  const chance = new Generator(seed, 3);
  const trace = seed % 2 === 0
    ? randomTrace(seed)
    : chain(4 + chance.int(20), 64 * (1 + chance.int(3000)), 640);
  return {
    ...trace,
    pure: trace.ops.map(() => chance.int(5) > 0),
    opMs: trace.ops.map(() => 0.1 + chance.int(100) / 50),
  };
}

/** Plans of what is computed again alone, small ones of it too. */
const plans = (trace: ebb.Trace) =>
  [0.3, 1, 2].map((share) =>
    compose(recompute({ budget: Math.ceil(peakOf(trace) / 2), share, cascade: share, minBytes: 0 }))(trace)
  );

Deno.test("what runs again reads what is there then, or what runs again with it", () => {
  let count = 0;
  for (const seed of SEEDS) {
    const trace = repeatable(seed);
    const { storages, pure } = trace;
    const inputsOf = (op: number) =>
      [...storages.keys()].filter((i) => storages[i].born !== op && storages[i].uses.includes(op));
    for (const { recomputed = [] } of plans(trace)) {
      for (const { storages: dropped, back, calls, sources, ms } of recomputed) {
        count++;
        assert(
          dropped.every(({ storage, out }) => storages[storage].born === calls.at(-1) && back - out >= 2),
        );
        assert(calls.every((call, i) => pure![call] && (i === 0 || call > calls[i - 1])));
        assert(sources.every((source) => storages[source].born < back && storages[source].died >= back));
        for (const input of calls.flatMap(inputsOf)) {
          assert(sources.includes(input) || calls.includes(storages[input].born), `seed ${seed}: ${input}`);
        }
        assertEquals(ms.toFixed(9), calls.reduce((sum, call) => sum + trace.opMs![call], 0).toFixed(9));
      }
    }
  }
  assert(count > 500, `${count} recomputations`);
});

Deno.test("in the step as it goes then, nobody uses what is dropped", () => {
  for (const seed of SEEDS) {
    const trace = repeatable(seed);
    for (const { recomputed = [] } of plans(trace)) {
      const then = recomputedTrace(trace, recomputed);
      for (const { born, died, uses } of then.storages) {
        assert(
          uses.every((use, i) =>
            use >= born && use <= Math.max(died, born) && (i === 0 || use > uses[i - 1])
          ),
        );
      }
      // The ops that the step had are all still there, and no byte of the others is gone.
      const uses = (storages: ebb.Trace["storages"]) =>
        storages.reduce((sum, one) => sum + one.uses.length, 0);
      assert(uses(then.storages) >= uses(trace.storages));
      assertEquals(then.opMs!.length, trace.ops.length);
    }
  }
});

Deno.test("with swap for what is left, plans hold budgets that swap alone holds", () => {
  for (const seed of SEEDS) {
    const trace = repeatable(seed);
    const budget = Math.ceil(peakOf(trace) * 0.7);
    const bandwidth = { out: 1e6, in: 1e6 };
    const alone = swapping({ budget, bandwidth })(trace);
    const both = joint({ budget, bandwidth })(trace);
    const excess = ({ predicted }: ebb.Plan) => Math.max(0, predicted.peakBytes - budget);
    assert(excess(both) <= excess(alone), `seed ${seed}`);
    if (excess(both) === excess(alone)) {
      assert(both.predicted.stepMs <= alone.predicted.stepMs, `seed ${seed}`);
    }
  }
});

Deno.test("what is cheapest to compute a byte is dropped first, and no more than needed", () => {
  // Two activations idle over the peak; the second takes a tenth of the time.
  const storage = (born: number, died: number, bytes: number, uses: number[]) =>
    ({ bytes, born, died, uses, origin: -1 }) as const;
  const trace: ebb.Trace = {
    ...traceOf(6, [
      { bytes: 10, born: -1, died: 6, uses: [0, 1], origin: 0 },
      storage(0, 5, 1000, [0, 5]),
      storage(1, 4, 1000, [1, 4]),
      storage(2, 3, 1000, [2, 3]),
    ]),
    pure: new Array(6).fill(true),
    opMs: [10, 1, 1, 1, 1, 1],
  };
  const dropped = (budget: number, share = 1) =>
    compose(recompute({ budget, share, minBytes: 0, cascade: 1 }))(trace).recomputed!
      .flatMap(({ storages }) => storages.map(({ storage }) => storage));
  assertEquals([dropped(2100), dropped(1500), dropped(3010)], [[2], [1, 2], []]);
  assertEquals(dropped(1500, 0.5), [2]);
  const { predicted, reasons } = compose(recompute({ budget: 2100, minBytes: 0, cascade: 1 }))(trace);
  assertEquals([predicted.peakBytes, predicted.stepMs], [2010, 16]);
  assertEquals(reasons[2], "dropped: computed again before op (op 4), 1.00 ms for 1000 B");
});

Deno.test("without times, or where no op can run again, nothing is dropped", () => {
  const trace = repeatable(1);
  const budget = Math.ceil(peakOf(trace) / 2);
  for (const other of [{ ...trace, opMs: null }, { ...trace, pure: undefined }]) {
    assertEquals(compose(recompute({ budget, minBytes: 0 }))(other).recomputed, []);
  }
});

Deno.test("bad settings are refused with a sentence", () => {
  assertThrows(() => recompute({ budget: "1 GiB", share: -1 }), RangeError, "recompute: expected share");
  assertThrows(() => recompute({ budget: "much" }), RangeError, "recompute budget");
  assertThrows(() => recompute({ budget: 1, cascade: NaN }), RangeError, "recompute: expected cascade");
  assertThrows(() => fastest(), RangeError, "fastest: expected at least one");
});

/** Makes plans of the first step too, as if each op took a millisecond. */
const timed = (make: (trace: ebb.Trace) => ebb.Plan) => (trace: ebb.Trace) =>
  make({ ...trace, opMs: trace.ops.map(() => 1) });

for (const { kind, open } of presentDevices()) {
  Deno.test(`${kind}: a GPT that computes activations again has the same losses, in less memory`, async () => {
    const run = async (budget?: number) => {
      const device = open({ budget });
      const result = await ebb.withDevice(device, async () => {
        ebb.seed(2);
        using model = ebb.models.gpt({ vocab: 65, layers: 2, heads: 2, width: 32, context: 32 });
        using optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-3 });
        using x = ebb.randint(0, 65, [4, 32], { dtype: "int64" });
        using y = ebb.randint(0, 65, [4, 32], { dtype: "int64" });
        using swap = ebb.swap(device, {
          policy: ({ budget, bandwidth }) =>
            budget === Number.MAX_SAFE_INTEGER ? compose() : timed(compose(
              recompute({ budget, minBytes: 0 }),
              candidates({ minBytes: 0 }),
              rank(),
              fit({ budget, bandwidth }),
              prefetch(),
            )),
        });
        const losses: number[] = [];
        for (let i = 0; i < 4; i++) losses.push(await swap.step(() => update(model, optimizer, x, y)));
        const curve = simulate(swap.trace(), swap.plan());
        assertEquals(curve.residentBytes.length, swap.trace().ops.length);
        return { losses, report: swap.report(), peak: device.memory().peakBytes };
      });
      device.copies.drain();
      assertEquals([device.memory().storages, device.memory().liveBytes], [0, 0]);
      return result;
    };
    const free = await run();
    const tight = await run(Math.floor(free.peak / 2));
    assertEquals(tight.losses, free.losses);
    assert(tight.peak <= free.peak / 2);
    assert(tight.report.measuredRecomputedMs > 0);
    assert(tight.report.tensors.some(({ recomputed, why }) => recomputed && why.startsWith("dropped")));
    assert(`${tight.report}`.includes("computing again"));
  });
}

Deno.test("what was changed in place since is neither dropped nor computed from", () => {
  const of = (writes: Record<number, number[]>) => {
    const storages = [
      { bytes: 10, born: -1, died: 6, uses: [0, 1, 2, 5], origin: 0 },
      { bytes: 1000, born: 0, died: 5, uses: [0, 1, 5], origin: -1 },
      { bytes: 1000, born: 2, died: 3, uses: [2, 3], origin: -1 },
    ].map((storage, i) => writes[i] === undefined ? storage : { ...storage, writes: writes[i] });
    const trace: ebb.Trace = {
      ...traceOf(6, storages),
      pure: [true, false, true, true, true, true],
      opMs: [1, 1, 1, 1, 1, 1],
    };
    return compose(recompute({ budget: 1500, minBytes: 0, cascade: 1 }))(trace).recomputed!.length;
  };
  assertEquals(of({}), 1);
  assertEquals(of({ 1: [1] }), 0, "it is another since it was made");
  assertEquals(of({ 0: [1] }), 0, "so is what it was made of");
  assertEquals(of({ 0: [5] }), 1, "which may change later");
});

Deno.test("a sum written over an operand is told apart in a trace", async () => {
  const device = ebb.cpu({ budget: "1 MiB" });
  using swap = ebb.swap(device);
  await swap.step(() =>
    ebb.withDevice(device, () =>
      ebb.scope(() => {
        const x = ebb.ones([8]).sin();
        return x.add_(1).mul(2).sum().item();
      }))
  );
  const { names, ops, storages, pure } = swap.trace();
  const at = (name: string) => ops.findIndex((op) => names[op] === name);
  const made = storages.filter(({ born }) => born === at("sin"));
  assertEquals(made.map(({ given, writes }) => [given, writes]), [[true, undefined], [undefined, [
    at("add"),
  ]]]);
  assertEquals([pure![at("sin")], pure![at("add")], pure![at("mul")]], [true, false, true]);
});
