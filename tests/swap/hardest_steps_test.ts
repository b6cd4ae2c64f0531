/**
 * The hardest tests of swap, 1 to 5: steps that are not like the one before. Evaluations, updates that are skipped, other
 * numbers of micro-batches, other lengths, layers that are left out. Losses are those of a run without swap in every bit,
 * in a third of its memory, whenever copies end.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { accumulated, type Batch, type Learner, learner, routed, scaled } from "./learner.ts";
import { assertSame, inLab, type Program, settled, type World } from "./worlds.ts";

/** Trains `count` steps on a batch. */
async function train({ step }: World, learn: Learner, batch: Batch, count: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < count; i++) losses.push(await step(() => learn.update(batch)));
  return losses;
}

/** Four steps of training: what a laboratory's budget is a share of. */
const plain: Program = async (world) => {
  using learn = learner();
  return await train(world, learn, learn.draw(8), 4);
};

Deno.test("0. the very first step, without a profile, trains in the budget", async () => {
  const first: Program = async (world) => {
    using learn = learner();
    const losses = await train(world, learn, learn.draw(8), 1);
    if (world.swap !== null) assert(world.swap.report().evictions > 0, "storages had to leave unforeseen");
    return [...losses, ...learn.parameters()];
  };
  for (const share of [1 / 2, 1 / 3, 1 / 4]) await assertSame(first, { share });
});

Deno.test("0. from the third step on, nothing is unforeseen and steps are alike", async () => {
  await inLab(plain, 1 / 3, async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const evictions: number[] = [];
    for (let i = 0; i < 4; i++) {
      await world.step(() => learn.update(batch));
      evictions.push(world.counts.evictions);
    }
    assert(evictions[0] > 0, "the first step has no plan");
    assertEquals([...evictions.slice(2), world.swap.stage], [0, 0, "Stable"]);
    const before = { ...world.counts };
    const plan = world.swap.plan();
    await world.step(() => learn.update(batch));
    const { ms, ...counts } = world.counts;
    assertEquals({ ...counts, ms: Math.round(ms * 1e6) }, { ...before, ms: Math.round(before.ms * 1e6) });
    assertStrictEquals(world.swap.plan(), plan);
  });
});

Deno.test("1. evaluations between steps of training change no result", async () => {
  await assertSame(async (world) => {
    using learn = learner();
    const [batch, held, longer] = [learn.draw(8), learn.draw(12), learn.draw(16, 40)];
    const evaluate = (some: Batch) => world.evaluate(() => learn.evaluate(some));
    return [
      await evaluate(held), // before any training
      ...await train(world, learn, batch, 3),
      await evaluate(held),
      await evaluate(longer),
      ...await train(world, learn, batch, 1),
      learn.evaluate(held), // outside of every step
      ...await train(world, learn, batch, 2),
      await evaluate(held),
      ...learn.parameters(),
    ];
  });
});

Deno.test("1. an evaluation that fits beside training has nothing leave, and training goes on as before", async () => {
  await inLab(plain, 1 / 3, async (world) => {
    using learn = learner();
    const [batch, held] = [learn.draw(8), learn.draw(1)];
    const usual = await settled(world, () => learn.update(batch));
    const [plan, trace, report] = [world.swap.plan(), world.swap.trace(), world.swap.report()];
    for (let i = 0; i < 3; i++) {
      await world.evaluate(() => learn.evaluate(held));
      assertEquals([world.counts.evictions, world.counts.out], [0, 0]);
    }
    assertStrictEquals(world.swap.plan(), plan);
    assertStrictEquals(world.swap.trace(), trace);
    assertEquals(world.swap.report().measuredStepMs, report.measuredStepMs);
    await world.step(() => learn.update(batch));
    assertEquals([world.swap.stage, world.counts.evictions, world.counts.missed], [
      "Stable",
      0,
      usual.missed,
    ]);
    assertStrictEquals(world.swap.plan(), plan);
  });
});

Deno.test("1. an evaluation that needs more than there is has a plan of its own, and training keeps its", async () => {
  await inLab(plain, 1 / 3, async (world) => {
    using learn = learner();
    const [batch, held] = [learn.draw(8), learn.draw(30)];
    await settled(world, () => learn.update(batch));
    const plan = world.swap.plan();
    const evictions: number[] = [];
    for (let i = 0; i < 4; i++) {
      await world.evaluate(() => learn.evaluate(held));
      evictions.push(world.counts.evictions);
      assertEquals([world.swap.stage, world.swap.plan() === plan], ["Stable", true]);
    }
    assert(evictions[0] > 0, "the first one has no plan");
    assertEquals(evictions.slice(2), [0, 0]);
    for (let i = 0; i < 2; i++) {
      await world.step(() => learn.update(batch));
      assertEquals([world.swap.stage, world.counts.evictions, world.swap.plan() === plan], [
        "Stable",
        0,
        true,
      ]);
    }
  });
});

Deno.test("2. steps that the loss scaler skips change no result", async () => {
  let skipped = 0;
  await assertSame(async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const scaler = new ebb.optim.GradScaler({ scale: 2 ** 120, growthInterval: 2 });
    const losses: number[] = [];
    for (let i = 0; i < 10; i++) losses.push(await world.step(() => scaled(learn, scaler, batch)));
    skipped = scaler.skipped;
    return [...losses, scaler.skipped, scaler.factor, ...learn.parameters()];
  });
  assert(skipped >= 3 && skipped < 8, `${skipped} of 10 steps were skipped`);
});

Deno.test("2. a skipped update leaves the optimizer's states away, sends nothing twice, and costs no plan", async () => {
  await inLab(plain, 1 / 4, async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const [scaler, overflow] = [1, 2 ** 120].map((scale) => new ebb.optim.GradScaler({ scale }));
    // Vectors that the optimizer alone reads.
    const states = new Set<ebb.Storage>();
    const stop = ebb.observeOps({
      before: (op, inputs) =>
        op === "adamStep" && inputs.slice(1, 3).forEach((storage) => states.add(storage)),
      after() {},
    });
    const usual = await settled(world, () => scaled(learn, scaler, batch));
    stop();
    const away = () => [...states].filter(({ state }) => state === "away").length;
    const before = away();
    assert(before > 0, "some states wait on the far side between updates");
    const plan = world.swap.plan();
    for (let i = 0; i < 3; i++) {
      await world.step(() => scaled(learn, overflow, batch));
      assertEquals([overflow.skipped, world.counts.evictions, away() >= before], [i + 1, 0, true]);
      assert(world.counts.out <= usual.out && world.counts.in <= usual.in);
    }
    await world.step(() => scaled(learn, scaler, batch));
    assertEquals([world.swap.stage, world.counts.evictions, world.swap.plan() === plan], ["Stable", 0, true]);
  });
});

Deno.test("3. gradients add up over any number of micro-batches, one after the other or interleaved", async () => {
  for (const interleaved of [false, true]) {
    await assertSame(async (world) => {
      using learn = learner(2);
      const batches = [8, 8, 8, 8, 5].map((sequences) => learn.draw(sequences));
      const losses: number[] = [];
      for (const count of [3, 3, 3, 1, 3, 4, 2, 3, 5]) {
        // The last of five is a short one.
        losses.push(await world.step(() => accumulated(learn, batches.slice(0, count), interleaved)));
      }
      return [...losses, ...learn.parameters()];
    });
  }
});

Deno.test("4. sequences of any length and a batch three times as large change no result", async () => {
  await assertSame(async (world) => {
    using learn = learner(2);
    const lengths = [48, 48, 40, 48, 24, 31, 48, 48];
    const batches = lengths.map((length) => learn.draw(6, length));
    batches.splice(5, 0, learn.draw(18, 48));
    const losses: number[] = [];
    for (const batch of batches) losses.push(await world.step(() => learn.update(batch)));
    return [...losses, ...learn.parameters()];
  }, { share: 1 / 2 });
});

Deno.test("4. a batch three times as large is served without a plan, and the next step is at full speed", async () => {
  await inLab(plain, 1 / 2, async (world) => {
    using learn = learner();
    const [batch, large, larger] = [learn.draw(8), learn.draw(24), learn.draw(10)];
    const usual = await settled(world, () => learn.update(batch));
    await world.step(() => learn.update(large));
    assert(world.counts.evictions > 0, "the plan was not made for it");
    await world.step(() => learn.update(batch));
    assertEquals([world.counts.evictions, world.counts.missed], [0, usual.missed]);
    // Other sizes from now on: the same plan holds, or it is made for them.
    for (let i = 0; i < 3; i++) await world.step(() => learn.update(larger));
    assertEquals([world.swap.stage, world.counts.evictions], ["Stable", 0]);
  });
});

Deno.test("5. layers that are left out, experts that change and early exits change no result", async () => {
  const [yes, no] = [true, false];
  const routes = [
    [yes, yes, yes, yes],
    [yes, yes, yes, yes],
    [yes, no, yes, no], // one expert of each pair …
    [no, yes, no, yes], // … and the other
    [no, no, no, no],
  ];
  await assertSame(async (world) => {
    using learn = learner(4);
    const batch = learn.draw(8);
    const losses: number[] = [];
    for (const route of [0, 1, 0, 2, 0, 3, 3, 4, 1, 2, 0]) {
      losses.push(await world.step(() => routed(learn, batch, routes[route], route >= 3)));
    }
    return [...losses, ...learn.parameters()];
  });
});

Deno.test("5. however often layers are left out, nothing more is held than the first time", async () => {
  await inLab(plain, 1 / 3, async (world) => {
    using learn = learner();
    const batch = learn.draw(8);
    const { copies } = world.device;
    const held: number[][] = [];
    for (let i = 0; i < 5; i++) {
      for (const runs of [[true, true, true], [false, true, false]]) {
        await world.step(() => routed(learn, batch, runs, !runs[0]));
        copies.drain();
        const everything = [...world.device.storages()].reduce((sum, { bytes }) => sum + bytes, 0);
        held.push([world.device.memory().storages, everything]);
        const away = [...world.device.storages()].filter(({ state }) => state === "away");
        assertEquals(away.every(({ far }) => far !== null), true);
        assert(
          copies.far.liveBytes <= away.reduce((sum, { bytes }) => sum + bytes + 63, 0),
          "no block without owner",
        );
      }
    }
    assertEquals(held.slice(6), held.slice(4, 8));
  });
});
