/**
 * The hardest tests of swap, 9 and 10: memory that is not enough, and steps that end in the middle. Either is a clear
 * error after which everything can be read, and training goes on as if nothing had been.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import { defineOp, type Op } from "../../lib/tensor/op.ts";
import { opObserver, type Phase, stepPhase } from "../../lib/tensor/observe.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { type Batch, type Learner, learner } from "./learner.ts";
import { assertEmpty, assertSame, hostile, type Program, unlimited, type World } from "./worlds.ts";

const MIB = 1 << 20;

/** Some steps of training. */
const plain: Program = async ({ step }) => {
  using learn = learner();
  const batch = learn.draw(8);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) losses.push(await step(() => learn.update(batch)));
  return [...losses, ...learn.parameters()];
};

Deno.test("9. fetches that find no room are dropped, and what an op reads comes back all the same", async () => {
  const generator = new Generator(5);
  await assertSame(plain, {
    tamper: ({ copies }) => {
      const { prefetch } = copies;
      copies.prefetch = function (storage) {
        return generator.int(2) === 0 ? null : prefetch.call(this, storage);
      };
    },
  });
});

Deno.test("9. what is on its way back makes room again for an allocation that finds none", () => {
  const { device, transport } = hostile("late", { budget: 3 * MIB });
  const { copies } = device;
  device.observer = {
    makeRoom: () =>
      [...device.storages()].some((storage) =>
        storage.state === "resident" && storage.pins === 0 && copies.copyOut(storage) !== null
      ),
  };
  const storages = [0, 1, 2].map(() => device.allocate(MIB));
  for (const storage of storages) copies.wait(copies.copyOut(storage)!);
  for (const storage of storages) copies.prefetch(storage);
  assertEquals([transport.pending.length, device.memory().liveBytes], [3, 3 * MIB]);
  const large = device.allocate(3 * MIB);
  assertEquals(storages.map(({ state }) => state), ["away", "away", "away"]);
  for (const storage of [...storages, large]) storage.release();
  assertEmpty(device);
});

Deno.test("9. a small allocation finds room in a large segment when there is no other", () => {
  const device = ebb.cpu({ budget: 2 * MIB });
  device.allocate(2 * MIB).release();
  const large = device.allocate(MIB + MIB / 2); // the rest of its segment is all there is
  const small = [100, 2000, 4096].map((bytes) => device.allocate(bytes));
  assertEquals(device.memory().reservedBytes, 2 * MIB);
  for (const storage of [large, ...small]) storage.release();
  assertEmpty(device);
});

Deno.test("9. memory in pieces is brought together when a large allocation needs it", async () => {
  const pieces: Program = async ({ step }) => {
    const sums: number[] = [];
    for (let i = 0; i < 3; i++) {
      sums.push(
        await step(() =>
          ebb.scope(() => {
            const all = Array.from({ length: 24 }, (_, j) => ebb.full([96, 128], i + j));
            for (let j = 0; j < all.length; j += 2) all[j].dispose();
            const large = ebb.ones([640, 1024]).mul(2);
            return large.sum().item() + all.reduce((sum, x) => x.disposed ? sum : sum + x.sum().item(), 0);
          })
        ),
      );
    }
    return sums;
  };
  await assertSame(pieces, { share: 0.95 });
});

/** A world of a budget, whose steps may be refused. */
async function within(
  options: ebb.CpuOptions,
  fn: (world: World & { device: Device }) => Promise<void>,
): Promise<void> {
  const { device } = hostile("late", options);
  const swap = ebb.swap(device);
  const world = {
    device,
    swap,
    step: swap.step.bind(swap),
    evaluate: swap.evaluate.bind(swap),
  };
  await ebb.withDevice(device, () => fn(world));
  swap.dispose();
  assert(device.memory().peakBytes <= device.memory().budgetBytes);
  assertEmpty(device);
}

Deno.test("9. where the host's side is full too, the error says so; with more of it training goes on", async () => {
  const { numbers, peakBytes } = await unlimited(plain);
  await within({ budget: Math.ceil(peakBytes / 3), hostBudget: 1 << 16 }, async ({ device, step }) => {
    using learn = learner();
    const batch = learn.draw(8);
    const before = learn.parameters();
    for (let i = 0; i < 3; i++) {
      const error = await assertRejects(() => step(() => learn.update(batch)), ebb.OutOfMemoryError);
      assert(error.message.includes("expected room for") && error.requestedBytes > 0, error.message);
      assertEquals(learn.parameters(), before);
    }
    assert(device.copies.far.memory().peakBytes <= 1 << 16);
    device.copies.budgetBytes = Infinity;
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await step(() => learn.update(batch)));
    assertEquals([...losses, ...learn.parameters()], numbers);
  });
});

Deno.test("9. an op that needs more than the budget is a clear error, and never a wait without end", async () => {
  await within({ budget: MIB }, async ({ step, evaluate }) => {
    using learn = learner(1);
    const [batch, large] = [learn.draw(2), learn.draw(200)];
    const before = learn.parameters();
    for (const run of [step, evaluate]) {
      await assertRejects(
        () => run(() => learn.evaluate(large)),
        ebb.OutOfMemoryError,
        "within a budget of 1 MiB",
      );
      assertEquals(learn.parameters(), before);
      assert(large.x.data().length === 200 * 48);
    }
    assert(Number.isFinite(await step(() => learn.update(batch))));
  });
});

/** Has the op that is number `at` of a part of the step, from 1, fail before it begins. */
function failing(part: Phase, at: number): Disposable {
  let count = 0;
  const stop = ebb.observeOps({
    before: () => {
      if (stepPhase() === part && ++count === at) throw new Planned(`op ${at} of ${part}`);
    },
    after() {},
  });
  return { [Symbol.dispose]: stop };
}

class Planned extends Error {}

/** Checks that nothing of a step that failed is left. */
function assertCalm({ device, swap }: World): void {
  if (swap !== null) device.copies.drain();
  assertEquals([opObserver, stepPhase(), ebb.gradEnabled()], [null, "forward", true]);
  for (const storage of device.storages()) {
    assertEquals([storage.pins, storage.block?.busy ?? 0], [0, 0]);
    storage.device.read(storage, 0, new Uint8Array(storage.bytes));
  }
}

/** What undoes an update that was half done: parameters and the optimizer's state go back to what they are now. */
function undo({ model, optimizer }: Learner): () => void {
  const before = [...model.parameters()].map((parameter) => ({
    parameter,
    data: [...parameter.data()].map(Number),
  }));
  const state = optimizer.stateDict();
  return () => {
    ebb.noGrad(() =>
      ebb.scope(() => {
        for (const { parameter, data } of before) parameter.copy_(ebb.tensor(data).reshape(parameter.shape));
      })
    );
    optimizer.loadStateDict(state);
  };
}

Deno.test("10. a step that fails at any op is tried again, and training goes on with the same losses", async () => {
  const failures: [Phase, number][] = [
    ["forward", 1],
    ["optimizer", 1],
    ["forward", 17],
    ["backward", 1],
    ["backward", 30],
    ["optimizer", 2],
    ["backward", 8],
    ["forward", 30],
  ];
  await assertSame(async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const losses: number[] = [];
    for (const [part, number] of failures) {
      // Without a budget an update is one op.
      const at = part === "optimizer" && world.swap === null ? 1 : number;
      const again = undo(learn);
      const failure = world.step(() => {
        using _ = failing(part, at);
        return learn.update(batch);
      });
      await assertRejects(() => failure, Planned, `op ${at} of ${part}`);
      assertCalm(world);
      if (part === "optimizer") again();
      losses.push(
        await world.step(() => learn.update(batch)),
        await world.evaluate(() => learn.evaluate(batch)),
      );
    }
    return [...losses, ...learn.parameters()];
  });
});

/** Gives its operand on, and throws when it is differentiated. */
const trap: Op<[ebb.Tensor], Record<never, never>> = defineOp<[ebb.Tensor], Record<never, never>>({
  name: "trap",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x]) => [g.node("Identity", [x])],
  gradient: () => {
    throw new Planned("gradient");
  },
});

Deno.test("10. errors of shapes deep inside, of a gradient and of a hook leave everything as it was", async () => {
  const failures: ((learn: Learner, batch: Batch) => void)[] = [
    // The product's shapes do not agree, four modules deep.
    (learn) => void learn.model.forward(ebb.zeros([2, 49], { dtype: "int64" })),
    (learn, { x }) => {
      const { tokens, blocks } = learn.model;
      const h = blocks[0].forward(tokens.forward(x));
      learn.model.head.forward(blocks[1].forward(h).narrow(2, 0, 31));
    },
    (learn, batch) => {
      const remove = learn.model.blocks[1].registerForwardHook(() => {
        throw new Planned("hook");
      });
      try {
        learn.update(batch);
      } finally {
        remove();
      }
    },
    (learn, batch) => {
      learn.optimizer.zeroGrad();
      const h = trap([learn.model.tokens.forward(batch.x)]);
      learn.model.head.forward(learn.model.blocks[0].forward(h)).square().sum().backward();
    },
  ];
  await assertSame(async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const losses: number[] = [];
    for (const fail of [failures[0], ...failures, ...failures]) {
      await assertRejects(() => world.step(() => ebb.scope(() => fail(learn, batch))));
      assertCalm(world);
      losses.push(await world.step(() => learn.update(batch)));
    }
    return [...losses, ...learn.parameters()];
  });
});

/** Throws at some of its calls within steps, though not in updates: one that is half done cannot be tried again. */
class Trouble {
  thrown = 0;
  isLive = false;
  #count = 0;

  strike(): void {
    if (!this.isLive || stepPhase() === "optimizer" || ![5, 30, 31, 60, 90, 150].includes(++this.#count)) {
      return;
    }
    this.thrown++;
    throw new Planned("trouble");
  }

  /** Trains; a step that fails is tried again. */
  readonly program: Program = async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const losses: number[] = [];
    this.#count = 0;
    while (losses.length < 6) {
      try {
        losses.push(
          await world.step(() => {
            this.isLive = true;
            try {
              return learn.update(batch);
            } finally {
              this.isLive = false;
            }
          }),
        );
      } catch (error) {
        if (!isTrouble(error)) throw error;
        assertCalm(world);
      }
    }
    return [...losses, ...learn.parameters()];
  };
}

/** What was thrown on purpose, or what an op makes of it that cannot let it through. */
function isTrouble(error: unknown): boolean {
  return error instanceof Planned || error instanceof ebb.OutOfMemoryError;
}

Deno.test("10. an error in a copy's completion ends the step at most, and the next try is right", async () => {
  const trouble = new Trouble();
  await assertSame(trouble.program, {
    tamper: ({ copies }) => copies.observers.add({ copied: () => trouble.strike(), waited() {} }),
  });
  assert(trouble.thrown > 4, `${trouble.thrown}`);
});

Deno.test("10. a copy that cannot be started ends the step at most, and the next try is right", async () => {
  const trouble = new Trouble();
  await assertSame(trouble.program, {
    tamper: (_, transport) => {
      const { start } = transport;
      transport.start = function (...copy) {
        trouble.strike();
        return start.apply(this, copy);
      };
    },
  });
  assert(trouble.thrown > 4, `${trouble.thrown}`);
});
