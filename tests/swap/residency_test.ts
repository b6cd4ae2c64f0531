/**
 * A simulated step is the step that runs: what the device holds while each op runs, how long the step takes, and what is
 * copied. Ops and copies take the time that a test's clock says, so that both must agree in every byte.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import type { Bandwidth, Plan, PolicyFunction, Trace } from "../../lib/swap/mod.ts";
import { asTimed, Clock, closeGaps } from "./clock.ts";

const { belady, candidates, compose, everything, fit, largestFirst, lru, prefetch, rank, simulate } =
  ebb.policy;

/** Steps after which one is like the one before. */
const STEPS = 7;

const some = candidates({ minBytes: 1 << 10 });
const within = (budgetBytes: number, bandwidth: Bandwidth): PolicyFunction => (draft) => ({
  ...draft,
  budgetBytes,
  bandwidth,
});

/** What is planned for a budget and a link. */
const POLICIES: Record<string, (budget: number, bandwidth: Bandwidth) => PolicyFunction[]> = {
  default: (budget, bandwidth) => [some, rank(), fit({ budget, bandwidth }), prefetch()],
  "fetched when needed": (budget, bandwidth) => [some, rank(), fit({ budget, bandwidth })],
  "largest first": (budget, bandwidth) => [
    some,
    largestFirst(),
    fit({ budget, bandwidth }),
    prefetch({ slack: 2 }),
  ],
  lru: (budget, bandwidth) => [some, lru({ budget }), within(budget, bandwidth)],
  belady: (budget, bandwidth) => [some, belady({ budget }), within(budget, bandwidth)],
  everything: (budget, bandwidth) => [some, everything(), within(budget, bandwidth)],
};

/** Links, in bytes per second. An op takes a millisecond, and most storages have 64 to 512 KiB. */
const LINKS: Record<string, Bandwidth> = {
  "copies at once": { out: Infinity, in: Infinity },
  "copies shorter than ops": { out: 1e9, in: 1e9 },
  "copies of several ops": { out: 1.03e8, in: 4.7e7 },
  "a slow way out": { out: 2.3e7, in: 1.9e8 },
  "copies out that end when room is asked for": { out: 1e-3, in: 1e30 },
};

/** A training. */
interface Run extends Disposable {
  step(): void;
}

/** Networks with Adam. */
const NETWORKS: Record<string, () => Run> = {
  gpt: () => {
    const model = ebb.models.gpt({ vocab: 65, layers: 3, heads: 4, width: 64, context: 64 });
    const [x, y] = [0, 1].map(() => ebb.randint(0, 65, [8, 64], { dtype: "int64" }));
    return runOf(model, x, y);
  },
  mlp: () => {
    const model = ebb.models.mlp({ sizes: [64, 256, 256, 256, 256, 10] });
    return runOf(model, ebb.randn([512, 64]), ebb.randint(0, 10, [512], { dtype: "int64" }));
  },
};

function runOf(model: ebb.nn.Module, x: ebb.Tensor, y: ebb.Tensor): Run {
  const optimizer = new ebb.optim.Adam(model.parameters(), { lr: 1e-3 });
  return {
    step: () =>
      ebb.scope(() => {
        const loss = ebb.crossEntropy(model.forward(x), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
      }),
    [Symbol.dispose]() {
      for (const part of [optimizer, model, x, y]) part[Symbol.dispose]();
    },
  };
}

/** Notes what is in use at the end of each op, and calls `passed`. */
function watch(device: Device, resident: number[], passed: () => void): Disposable {
  const stop = ebb.observeOps({
    before() {},
    after() {
      device.copies.settle(); // else it is taken in when somebody asks for room
      resident.push(device.pool.liveBytes);
      passed();
    },
  });
  return { [Symbol.dispose]: stop };
}

/** The most bytes that are in use at once without swap. */
function neededBy(make: () => Run): number {
  const device = ebb.cpu();
  const resident: number[] = [];
  ebb.withDevice(device, () => {
    using run = make();
    using _ = watch(device, resident, () => {});
    run.step();
    run.step();
  });
  return Math.max(...resident);
}

/** Trains until a step is like the one before, and compares it with its simulation; its plan, and what it sent. */
async function compare(
  make: () => Run,
  name: string,
  budget: number,
  link: Bandwidth,
): Promise<{ plan: Plan; sentBytes: number }> {
  const device = ebb.cpu({ budget });
  const clock = new Clock(link);
  device.copyWith(() => clock);
  closeGaps(device.pool);
  const generate = compose(...POLICIES[name](budget, link));
  let [trace, plan]: [Trace | null, Plan | null] = [null, null];
  let sentBytes = 0;
  using swap = ebb.swap(device, { policy: () => (given) => plan = generate(trace = asTimed(given)) });
  await ebb.withDevice(device, async () => {
    using run = make();
    const resident: number[] = [];
    let begun = { ms: 0, out: 0, in: 0 };
    let forgotten = 0;
    const { missed } = device.observer!;
    device.observer!.missed = (storage) => {
      if (storage.state === "away") forgotten++;
      missed!(storage);
    };
    for (let i = 0; i < STEPS; i++) {
      resident.length = forgotten = 0;
      begun = { ms: clock.now, ...clock.sentBytes };
      await swap.step(() => {
        using _ = watch(device, resident, () => clock.now++);
        run.step();
      });
    }
    const expected = simulate(trace!, plan!);
    assert(plan!.predicted.peakBytes <= budget, `${plan!.predicted.peakBytes} of ${budget} bytes`);
    assertEquals(resident.map((bytes, i) => bytes + trace!.temporaries[i]), expected.residentBytes);
    assertEquals(swap.report().evictions, 0);
    if (link.out === Infinity) {
      assertEquals(forgotten, 0, "no op reads what is away, or it is on its way by then");
    }
    assertAlmostEquals((clock.now - begun.ms) / expected.stepMs, 1, 1e-9);
    for (const way of ["out", "in"] as const) {
      const copies = expected.copies.filter(({ direction }) => direction === way);
      const sent = clock.sentBytes[way] - begun[way];
      assertEquals(sent, copies.reduce((sum, { bytes }) => sum + bytes, 0), way);
      sentBytes += sent;
    }
  });
  return { plan: plan!, sentBytes };
}

for (const [network, make] of Object.entries(NETWORKS)) {
  const need = neededBy(make);
  for (const [link, bandwidth] of Object.entries(LINKS)) {
    Deno.test(`the simulation of ${network} holds, op by op, what the device holds: ${link}`, async () => {
      for (const name of Object.keys(POLICIES)) {
        // What moves everything that is saved for backward knows no budget.
        for (const share of name === "everything" ? [1] : [0.6, 0.4]) {
          try {
            const { plan } = await compare(make, name, Math.ceil(need * share), bandwidth);
            assert(plan.moves.length > 5);
            if (bandwidth.out < 1e7) {
              assert(plan.predicted.stallMs > 0, "what nobody waits for is never gone");
            }
          } catch (error) {
            throw new Error(`policy ${name}, ${share} of the need`, { cause: error });
          }
        }
      }
    });
  }
}

Deno.test("what an op needs comes back in the order in which it was made, which a simulation knows", () => {
  const device = ebb.cpu();
  ebb.withDevice(device, () =>
    ebb.scope(() => {
      const [first, second] = [ebb.ones([64]), ebb.ones([64])];
      for (const { storage } of [first, second]) device.copies.wait(device.copies.copyOut(storage)!);
      const missed: number[] = [];
      device.observer = { missed: ({ id }) => void missed.push(id) };
      second.sub(first);
      assertEquals(missed, [first.storage.id, second.storage.id]);
    }));
});

Deno.test("with less memory as many bytes are moved or more, as measured", async () => {
  const [link, make] = [LINKS["copies shorter than ops"], NETWORKS.gpt];
  const need = neededBy(make);
  let before = 0;
  for (const share of [1, 0.9, 0.75, 0.6, 0.5, 0.4, 1 / 3, 0.3, 0.25]) {
    const { sentBytes } = await compare(make, "default", Math.ceil(need * share), link);
    assert(sentBytes >= before, `${sentBytes} bytes with ${share} of the memory, ${before} with more`);
    before = sentBytes;
  }
  assert(before > need, "a quarter of the memory is little");
});
