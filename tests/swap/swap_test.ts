import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device, DeviceOptions } from "../../lib/device/mod.ts";
import { imitatedCuda } from "../device/imitated_cuda.ts";
import { presentDevices } from "../tensor/devices.ts";

const MIB = 2 ** 20;

/** A small GPT on a device, and how to run a step of it. */
function training(device: Device, { layers = 3, width = 64, context = 64, batch = 8 } = {}) {
  return ebb.withDevice(device, () => {
    ebb.seed(5);
    const model = ebb.models.gpt({ vocab: 65, layers, heads: 4, width, context });
    const optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-3 });
    const draw = (n: number) => ({
      x: ebb.randint(0, 65, [n, context], { dtype: "int64" }),
      y: ebb.randint(0, 65, [n, context], { dtype: "int64" }),
    });
    const usual = draw(batch);
    const step = ({ x, y } = usual, update = true) =>
      ebb.withDevice(device, () =>
        ebb.scope(() => {
          const loss = ebb.crossEntropy(model.forward(x), y);
          optimizer.zeroGrad();
          loss.backward();
          if (update) optimizer.step();
          return loss.item();
        }));
    const evaluate = () =>
      ebb.withDevice(
        device,
        () => ebb.noGrad(() => ebb.scope(() => ebb.crossEntropy(model.forward(usual.x), usual.y).item())),
      );
    return {
      model,
      draw: (n: number) => ebb.withDevice(device, () => draw(n)),
      step,
      evaluate,
      [Symbol.dispose]() {
        optimizer.dispose();
        model.dispose();
        usual.x.dispose();
        usual.y.dispose();
      },
    };
  });
}

/** Losses of `steps` steps without a budget, and the most bytes that they reserve. */
function unlimited(steps: number): { losses: number[]; peak: number } {
  const device = ebb.cpu();
  using run = training(device);
  const losses = Array.from({ length: steps }, () => run.step());
  return { losses, peak: device.memory().peakBytes };
}

function assertEmpty(device: Device): void {
  device.copies.drain();
  assertEquals([device.memory().storages, device.memory().liveBytes, device.copies.far.liveBytes], [0, 0, 0]);
}

for (const part of [2, 4, 6]) {
  Deno.test(`swap trains in 1/${part} of the memory with the same losses, from the first step on`, async () => {
    const { losses, peak } = unlimited(5);
    const device = ebb.cpu({ budget: Math.floor(peak / part) });
    {
      using run = training(device);
      using swap = ebb.swap(device);
      const found: number[] = [];
      for (let i = 0; i < 5; i++) found.push(await swap.step(() => run.step()));
      assertEquals(found, losses);
      assert(device.memory().peakBytes <= peak / part, `${device.memory().peakBytes} of ${peak / part}`);
      assertEquals(swap.stage === "WarmUp", false);
    }
    assertEmpty(device);
  });
}

Deno.test("swap on every device gives the losses of that device without it", async () => {
  const imitated = { kind: "cuda, imitated", open: (options?: DeviceOptions) => imitatedCuda(options) };
  for (const { kind, open } of [...presentDevices(), imitated]) {
    const free = open();
    const small = { layers: 2, width: 32, context: 32, batch: 4 };
    const losses: number[] = [];
    {
      using run = training(free, small);
      for (let i = 0; i < 3; i++) losses.push(run.step());
    }
    const budget = Math.floor(free.memory().peakBytes / 2);
    const device = open({ budget });
    {
      using run = training(device, small);
      using swap = ebb.swap(device);
      for (const loss of losses) assertEquals(await swap.step(() => run.step()), loss, kind);
      assert(device.memory().peakBytes <= budget);
    }
    assertEmpty(device);
  }
});

Deno.test("evaluations leave the plan for training as it is", async () => {
  const { peak } = unlimited(1);
  const device = ebb.cpu({ budget: Math.floor(peak / 2) });
  using run = training(device);
  using swap = ebb.swap(device);
  for (let i = 0; i < 4; i++) await swap.step(() => run.step());
  const [plan, trace] = [swap.plan(), swap.trace()];
  for (let i = 0; i < 3; i++) await swap.evaluate(() => run.evaluate());
  assertStrictEquals(swap.plan(), plan);
  assertStrictEquals(swap.trace(), trace);
});

Deno.test("a skipped update and a longer batch keep the plan, and come back to it", async () => {
  const { peak } = unlimited(1);
  const device = ebb.cpu({ budget: Math.floor(peak / 2) });
  using run = training(device);
  using swap = ebb.swap(device);
  const { x, y } = run.draw(12);
  for (let i = 0; i < 4; i++) await swap.step(() => run.step());
  await swap.step(() => run.step({ x, y }));
  await swap.step(() => run.step(undefined, false));
  const loss = await swap.step(() => run.step());
  assert(Number.isFinite(loss));
  assert(device.memory().peakBytes <= peak / 2);
  x.dispose();
  y.dispose();
});

Deno.test("a step that throws is not learnt from, and the next one is right", async () => {
  const { losses, peak } = unlimited(4);
  const device = ebb.cpu({ budget: Math.floor(peak / 3) });
  using run = training(device);
  using swap = ebb.swap(device);
  const found = [await swap.step(() => run.step()), await swap.step(() => run.step())];
  const plan = swap.plan();
  let ops = 0;
  const stop = ebb.observeOps({
    before: () => {
      if (++ops === 40) throw new Error("on purpose");
    },
    after: () => {},
  });
  await assertRejects(() => swap.step(() => run.step()), Error, "on purpose");
  stop();
  assertStrictEquals(swap.plan(), plan);
  found.push(await swap.step(() => run.step()), await swap.step(() => run.step()));
  assertEquals(found, losses);
});

Deno.test("a budget that no single op fits in ends in an error that says so, and all can still be read", async () => {
  const device = ebb.cpu({ budget: "2 MiB" });
  {
    using x = ebb.ones([256, 256], { device });
    using swap = ebb.swap(device);
    const grow = () => ebb.scope(() => x.reshape([256, 1, 256]).add(x.reshape([1, 256, 256])).sum().item());
    const error = await assertRejects(() => swap.step(grow), ebb.OutOfMemoryError);
    assert(error.message.includes("2 MiB"), error.message);
    assertEquals(await swap.step(() => ebb.scope(() => x.sum().item())), 65536);
    assertEquals(x.data()[65535], 1);
  }
  assertEmpty(device);
});

Deno.test("the report has what was predicted and measured, and a reason for each tensor", async () => {
  const { peak } = unlimited(1);
  const device = ebb.cpu({ budget: Math.floor(peak / 2) });
  using run = training(device);
  using swap = ebb.swap(device);
  assertThrows(() => swap.report(), Error, "training step");
  for (let i = 0; i < 4; i++) await swap.step(() => run.step());
  const report = swap.report();
  assert(report.neededBytes > report.predictedPeakBytes && report.predictedPeakBytes > 0);
  assert(report.measuredPeakBytes <= report.budgetBytes);
  assert(report.bytesOut > 0 && report.bytesIn > 0 && report.measuredStepMs > 0);
  assertEquals(report.tensors.every(({ why }) => why.length > 0), true);
  assert(report.tensors.some(({ moved }) => moved) && report.tensors.some(({ moved }) => !moved));
  assert(`${report}`.includes("predicted"));
  const shown = (report as unknown as Record<symbol, () => Record<string, string>>)
    [Symbol.for("Jupyter.display")]();
  assert(shown["text/html"].startsWith("<table>"));
  JSON.parse(JSON.stringify(swap.trace()));
});

Deno.test("a device has one swap at a time, and what is away comes back after it", async () => {
  const device = ebb.cpu({ budget: 3 * MIB });
  {
    using x = ebb.ones([512, 512], { device });
    const first = ebb.swap(device);
    assertThrows(() => ebb.swap(device), Error, "observer");
    await first.step(() => ebb.scope(() => void ebb.zeros([640, 1024], { device })));
    assertEquals(x.storage.state, "away");
    first.dispose();
    first.dispose();
    await assertRejects(() => first.step(() => {}), Error, "disposed");
    using y = x.add(1);
    assertEquals(y.data()[5], 2);
    const second = ebb.swap(device);
    assertNotStrictEquals(second, first);
    second.dispose();
  }
  assertEmpty(device);
});

Deno.test("steps do not nest, and what they give comes back", async () => {
  const device = ebb.cpu();
  using swap = ebb.swap(device);
  await assertRejects(() => swap.step(() => swap.step(() => 1)), Error, "one step at a time");
  assertEquals(await swap.step(() => Promise.resolve(7)), 7);
});

Deno.test("long steps are planned for beside the training, which goes on meanwhile", async () => {
  const run = async (device: Device, swap: ebb.Swap | null) => {
    using w = ebb.ones([32, 64], { device, requiresGrad: true });
    const results: number[] = [];
    const step = () =>
      ebb.scope(() => {
        let x = w.mul(1);
        for (let i = 0; i < 1200; i++) x = i % 3 === 0 ? x.sin() : x.add(0.5);
        x.sum().backward();
        results.push(w.grad!.sum().item());
        w.grad!.dispose();
        w.grad = null;
      });
    // As long as it takes a thread to start, and to plan.
    for (let i = 0; i < 200 && (swap === null ? i < 3 : swap.stage !== "Stable"); i++) {
      await (swap === null ? step() : swap.step(step));
    }
    if (swap !== null) { for (let i = 0; i < 2; i++) await swap.step(step); }
    return results;
  };
  const free = ebb.cpu();
  const [expected] = await run(free, null);
  const device = ebb.cpu({ budget: Math.floor(free.memory().peakBytes / 3) });
  {
    using swap = ebb.swap(device);
    const found = await run(device, swap);
    assertEquals(swap.stage, "Stable");
    assertEquals(new Set(found), new Set([expected]));
    assert(swap.plan().moves.length > 0 || swap.plan().recomputed!.length > 0);
    assert(swap.trace().ops.length > 2000, `${swap.trace().ops.length} ops`);
  }
  assertEmpty(device);
});
