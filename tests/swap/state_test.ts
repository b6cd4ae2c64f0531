/**
 * Policies that are saved and loaded: a training that goes on from a checkpoint has its plans in the first step.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import { update } from "./trainings.ts";

/** A small GPT with its optimizer, and one step of it. */
function training(device: Device) {
  return ebb.withDevice(device, () => {
    ebb.seed(5);
    const model = ebb.models.gpt({ vocab: 65, layers: 3, heads: 4, width: 64, context: 64 });
    const optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-3 });
    const [x, y] = [0, 1].map(() => ebb.randint(0, 65, [8, 64], { dtype: "int64" }));
    const step = () => ebb.withDevice(device, () => update(model, optimizer, x, y));
    return {
      model,
      optimizer,
      step,
      [Symbol.dispose]() {
        for (const part of [optimizer, model, x, y]) part.dispose();
      },
    };
  });
}

/** Steps with swap in a fraction of the memory that they need. */
async function first(budget: number, steps: number) {
  const device = ebb.cpu({ budget });
  using run = training(device);
  using swap = ebb.swap(device);
  const losses: number[] = [];
  const evictions: number[] = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await swap.step(() => run.step()));
    evictions.push(swap.report().evictions);
  }
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const { model, optimizer } = run;
  await ebb.saveCheckpoint(path, { model, optimizer, swap });
  const state = JSON.parse(JSON.stringify(swap.state())) as ebb.SwapState;
  const [plan, stage] = [swap.plan(), swap.stage];
  for (let i = 0; i < 2; i++) losses.push(await swap.step(() => run.step()));
  return { path, state, losses, plan, stage, evictions };
}

function peak(): number {
  const device = ebb.cpu();
  using run = training(device);
  for (let i = 0; i < 2; i++) run.step();
  return device.memory().peakBytes;
}

Deno.test("a training that goes on from a checkpoint has its plan at once, and the same losses", async () => {
  const budget = Math.floor(peak() / 3);
  const { path, losses, plan, stage, evictions } = await first(budget, 9);
  const device = ebb.cpu({ budget });
  {
    using run = training(device);
    using swap = ebb.swap(device);
    const { model, optimizer } = run;
    await ebb.withDevice(device, () => ebb.loadCheckpoint(path, { model, optimizer, swap }));
    assertEquals([swap.stage, swap.plan()], [stage, plan]);
    const found: number[] = [];
    for (let i = 0; i < 2; i++) {
      found.push(await swap.step(() => run.step()));
      // What the plan moves does move, though every storage is another one in this process.
      assert(swap.report().evictions < evictions[0], `${swap.report().evictions} of ${evictions}`);
      assert(swap.report().bytesOut > 0.5 * plan.moves.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    assertEquals(found, losses.slice(-2));
    assert(device.memory().peakBytes <= budget);
  }
  device.copies.drain();
  assertEquals([device.memory().storages, device.memory().liveBytes], [0, 0]);
  await Deno.remove(path);
});

Deno.test("where the budget is another one, plans are made again of the old steps", async () => {
  const need = peak();
  const { path, state, losses } = await first(Math.floor(need / 3), 3);
  await Deno.remove(path);
  const device = ebb.cpu({ budget: Math.floor(need / 2) });
  using run = training(device);
  using swap = ebb.swap(device);
  swap.load(state);
  assertEquals(swap.plan().budgetBytes, Math.floor(Math.floor(need / 2) * 0.9));
  const found: number[] = [];
  for (let i = 0; i < 3; i++) found.push(await swap.step(() => run.step()));
  assertEquals(found, losses.slice(0, 3));
});

Deno.test("a state is plain data, and comes back as it was", async () => {
  const need = peak();
  const { path, state } = await first(Math.floor(need / 3), 3);
  await Deno.remove(path);
  using swap = ebb.swap(ebb.cpu({ budget: Math.floor(need / 3) }));
  swap.load(state);
  assertEquals(JSON.parse(JSON.stringify(swap.state())), state);
  assertThrows(() => swap.load({ version: 2 } as never), Error, "expected a state of version 1");
  assertThrows(() => swap.load({} as never), Error, "found undefined");
});
