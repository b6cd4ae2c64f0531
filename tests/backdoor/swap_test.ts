/**
 * A backdoor is erased through `ebb.swap` in a part of the memory: nothing of it changes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../lib/device/mod.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const PART = 4;

const { train, test } = await ebb.data.mnist();
const [some, rest] = train.split({ count: 600, stratified: true, seed: 2 });
/** Fewer than 128, which batch norm's statistics are taken anew on at once. */
const clean = rest.subset({ count: 90, stratified: true, seed: 2 });
/** Few, so that a forward pass of all at once fits too. */
const held = test.subset({ count: 60, stratified: true, seed: 2 });

/** Plants a backdoor without a budget, and looks for it. */
async function infected() {
  ebb.seed(2);
  const model = ebb.models.smallCnn({ classes: 10 });
  const attack = ebb.backdoor.badnets({ seed: 2 });
  await ebb.backdoor.infect(model, some, attack, { epochs: 2, batchSize: 64, seed: 2, progress: false });
  const quick = { count: 20, epsilons: [], progress: false };
  return { state: model.stateDict(), inspection: await ebb.backdoor.inspect(model, clean, quick) };
}

type Given = Awaited<ReturnType<typeof infected>>;

/** Erases it on a device, through swap where `swaps`, and measures before and after. */
async function rows({ state, inspection }: Given, device: Device, swaps: boolean) {
  using laboratory = swaps ? ebb.swap(device) : null;
  const swap = laboratory ?? undefined;
  return await ebb.withDevice(device, async () => {
    using before = ebb.models.smallCnn({ classes: 10 });
    before.loadStateDict(state);
    const options = {
      adversarialEpochs: 1,
      cleanEpochs: 1,
      batchSize: 64,
      epsilon: 0.1,
      steps: 3,
      inspection,
      seed: 2,
      progress: false,
      swap,
    };
    using after = await ebb.backdoor.aft(before, clean, options);
    const attack = ebb.backdoor.badnets({ seed: 2 });
    const labels = await ebb.backdoor.adversarialLabels(after, clean, { epsilon: 0.1, batchSize: 64, swap });
    return [await ebb.backdoor.evaluate({ before, after }, held, attack, { swap }), labels];
  });
}

Deno.test("a backdoor is erased and measured in a quarter of the memory, the same in every figure", async () => {
  const given = await infected();
  const free = ebb.cpu();
  const expected = await leakFree(() => rows(given, free, false), free);
  const { peakBytes } = free.memory();
  const device = ebb.cpu({ budget: Math.floor(peakBytes / PART) });
  assertEquals(await leakFree(() => rows(given, device, true), device), expected);
  assert(device.memory().peakBytes <= peakBytes / PART);
});
