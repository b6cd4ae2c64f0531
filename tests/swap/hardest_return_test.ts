/**
 * The hardest tests of swap: how soon steps are at full speed after a change. A kind of step never seen takes two steps,
 * one seen before none, whatever came in between: its plan is found while the step runs, and what is not where that plan
 * has it is brought there.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { accumulated, type Learner, learner, routed, scaled } from "./learner.ts";
import { type Counts, inLab, type Lab, type Program, settled } from "./worlds.ts";

const plain: Program = async ({ step }) => {
  using learn = learner();
  const batch = learn.draw(8);
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) losses.push(await step(() => learn.update(batch)));
  return losses;
};

/**
 * Whether a step was at full speed: it took hardly longer than usual. Gradients that only the other kind of step knows
 * may once be in the way.
 */
function assertFast(world: Lab, usual: Counts): void {
  assert(world.counts.evictions <= 1, `${world.counts.evictions} allocations had to make room`);
  assert(world.counts.ms <= 1.1 * usual.ms, `${world.counts.ms} ms, usually ${usual.ms}`);
}

/** Kinds of steps. */
const KINDS: Record<string, (learn: Learner) => () => number> = {
  usual: (learn) => {
    const batch = learn.draw(8);
    return () => learn.update(batch);
  },
  "an early exit": (learn) => {
    const batch = learn.draw(20);
    return () => routed(learn, batch, [false, true, false], true);
  },
  "two micro-batches": (learn) => {
    const batches = [learn.draw(8), learn.draw(8)];
    return () => accumulated(learn, batches, false);
  },
  "an update that is skipped": (learn) => {
    const batch = learn.draw(8);
    const scaler = new ebb.optim.GradScaler({ scale: 2 ** 120, backoffFactor: 1 });
    return () => scaled(learn, scaler, batch);
  },
};

for (const [name, kind] of Object.entries(KINDS).slice(1)) {
  for (const share of [1 / 2, 1 / 3]) {
    Deno.test(`steps are at full speed in time after ${name}, in ${share.toFixed(2)} of the memory`, async () => {
      await inLab(plain, share, async (world) => {
        using learn = learner();
        const [run, other] = [KINDS.usual(learn), kind(learn)];
        const usual = await settled(world, run);
        const plan = world.swap.plan();
        // Never seen: two steps to learn it.
        for (let i = 0; i < 2; i++) await world.step(other);
        await world.step(other);
        const unusual = { ...world.counts };
        assertEquals([world.swap.stage, unusual.evictions], ["Stable", 0]);
        for (let i = 0; i < 3; i++) {
          await world.step(run);
          assertFast(world, usual);
          assertStrictEquals(world.swap.plan(), plan);
          await world.step(other);
          assertFast(world, unusual);
        }
        for (let i = 0; i < 2; i++) {
          await world.step(run);
          assertFast(world, usual);
        }
        assertEquals(world.swap.stage, "Stable");
        // An update may have an op more since: parameters that the other kind left out are updated apart.
        assert(world.counts.missed <= usual.missed + 1, `${world.counts.missed}, usually ${usual.missed}`);
      });
    });
  }
}

Deno.test("a batch three times as large costs its own step alone: the plan for the usual one stays as it was", async () => {
  await inLab(plain, 1 / 2, async (world) => {
    using learn = learner();
    const [batch, large] = [learn.draw(8), learn.draw(24)];
    const usual = await settled(world, () => learn.update(batch));
    for (let i = 0; i < 3; i++) {
      await world.step(() => learn.update(large));
      assert(world.counts.evictions > 0);
      for (let j = 0; j < 3; j++) await world.step(() => learn.update(batch));
      assertFast(world, usual);
      assertEquals([world.swap.stage, world.counts.out], ["Stable", usual.out]);
    }
  });
});

Deno.test("training is at full speed right after an evaluation that needed its memory", async () => {
  await inLab(plain, 1 / 3, async (world) => {
    using learn = learner();
    const [batch, held] = [learn.draw(8), learn.draw(30)];
    const usual = await settled(world, () => learn.update(batch));
    for (let i = 0; i < 3; i++) {
      await world.evaluate(() => learn.evaluate(held));
      await world.step(() => learn.update(batch));
      assertFast(world, usual);
    }
  });
});
