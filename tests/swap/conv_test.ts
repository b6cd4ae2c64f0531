/**
 * Convolution networks under swap: a PreAct-ResNet18 in a quarter and in an eighth of the memory that it takes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import { leakFree } from "../leak.ts";
import { update } from "./trainings.ts";

const STEPS = 3;

/** Losses of training steps on `device`, with swap where `swaps`. */
async function losses(device: Device, swaps: boolean): Promise<number[]> {
  ebb.seed(11);
  using swap = swaps ? ebb.swap(device) : null;
  return await ebb.withDevice(device, async () => {
    using model = ebb.models.preactResnet18({ width: 16, classes: 10 });
    using optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
    using x = ebb.randn([64, 3, 32, 32]);
    using y = ebb.randint(0, 10, [64], { dtype: "int64" });
    const step = () => update(model, optimizer, x, y);
    const found: number[] = [];
    for (let i = 0; i < STEPS; i++) found.push(swap === null ? step() : await swap.step(step));
    return found;
  });
}

Deno.test("a PreAct-ResNet18 trains in a quarter and in an eighth of its memory, the same in every bit", async () => {
  const free = ebb.cpu();
  const expected = await leakFree(() => losses(free, false), free);
  const { peakBytes } = free.memory();
  for (const part of [4, 8]) {
    const device = ebb.cpu({ budget: Math.floor(peakBytes / part) });
    assertEquals(await leakFree(() => losses(device, true), device), expected, `1/${part}`);
    assert(device.memory().peakBytes <= peakBytes / part);
  }
});
