import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import * as ebb from "../../mod.ts";
import { opObserver } from "../../lib/tensor/observe.ts";
import { leakFree } from "../leak.ts";
import { presentDevices } from "../tensor/devices.ts";
import { convTraining, gptTraining, moveEverything, type Training } from "./trainings.ts";

const FILE = fileURLToPath(import.meta.url);

/** The place that follows the line of its caller. */
function nextLine(): string {
  const [, line] = /_test\.ts:(\d+):\d+/.exec(new Error().stack!.split("\n")[2])!;
  return `${FILE}:${Number(line) + 1}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

Deno.test("profile() gives each op with shapes, types, bytes, phase and the user's line", () =>
  leakFree(async () => {
    using x = ebb.ones([2, 3], { requiresGrad: true });
    using w = ebb.ones([3, 4]);
    const sites: string[] = [];
    const profile = await ebb.profile(() =>
      ebb.scope(() => {
        sites.push(nextLine());
        const y = x.matmul(w);
        const flat = y.reshape([8]); // a view runs nothing
        sites.push(nextLine());
        const found = flat.argmax(0);
        sites.push(nextLine());
        flat.sum().backward();
        return found.item();
      })
    );
    assertEquals(profile.result, 0);
    const [matmul, argmax, total, ...backward] = profile.ops;
    assertEquals([matmul.name, argmax.name, total.name], ["matmul", "argmax", "sum"]);
    assertEquals(matmul.inputs, [{ dtype: "float32", shape: [2, 3] }, { dtype: "float32", shape: [3, 4] }]);
    assertEquals(matmul.outputs, [{ dtype: "float32", shape: [2, 4] }]);
    assertEquals(argmax.outputs, [{ dtype: "int64", shape: [] }]);
    assertEquals([matmul.bytes, argmax.bytes], [4 * (6 + 12 + 8), 4 * 8 + 8]);
    assertEquals([matmul.site, argmax.site, total.site], sites);
    assertEquals(new Set(profile.ops.map(({ device }) => device)), new Set(["cpu"]));
    assert(backward.length > 0);
    assert(backward.every(({ phase, site }) => phase === "backward" && site === sites[2]));
    assert(profile.ops.every(({ liveBytes }) => liveBytes >= 4 * (6 + 12)));
    x.grad!.dispose();
    x.grad = null;
  }));

Deno.test("every op that observers see is in the profile: a GPT, a convolutional network, their updates", async () => {
  for (const make of [gptTraining, convTraining]) {
    const device = ebb.cpu();
    using training: Training = make(device);
    training.step();
    const seen: string[] = [];
    const end = ebb.observeOps({ before: () => {}, after: (op) => seen.push(op) });
    const { ops, wallMs } = await ebb.profile(() => training.step());
    end();
    assertEquals(ops.map(({ name }) => name), seen);
    assertEquals([...new Set(ops.map(({ phase }) => phase))], ["forward", "backward", "optimizer"]);
    assert(ops.every(({ ms, waitMs }) => ms >= 0 && waitMs === 0));
    ops.reduce((end, { startMs, ms }) => {
      assert(startMs >= end && startMs + ms <= wallMs);
      return startMs + ms;
    }, 0);
    const update = ops.find(({ phase }) => phase === "optimizer")!;
    assert(update.outputs.length > 0 && update.site!.includes("trainings.ts:"), update.site!);
  }
});

Deno.test("an op knows the modules that called it, the user's own among them", () =>
  leakFree(async () => {
    const sites: string[] = [];
    class Net extends ebb.nn.Module {
      layer = new ebb.nn.Linear(4, 2);
      override forward(x: ebb.Tensor): ebb.Tensor {
        sites.push(nextLine());
        return this.layer.forward(x);
      }
    }
    using net = new Net();
    using x = ebb.ones([1, 4]);
    const { ops } = await ebb.profile(() => ebb.scope(() => void net.forward(x)));
    assertEquals(ops.map(({ name, module, site }) => [name, module, site]), [
      ["linear", "Net/Linear", sites[0]],
    ]);
  }));

Deno.test("code without a file, as a notebook's cell, is named by its line", () =>
  leakFree(async () => {
    const cell = new Function("x", "\n\nx.add(1).dispose();") as (x: ebb.Tensor) => void;
    using x = ebb.ones([2]);
    const { ops } = await ebb.profile(() => cell(x));
    assert(/^<anonymous>:\d+$/.test(ops[0].site!), ops[0].site!);
  }));

Deno.test("callSites: false leaves lines and modules out", async () => {
  const device = ebb.cpu();
  using training = gptTraining(device);
  const { ops } = await ebb.profile(() => training.step(), { callSites: false });
  assert(ops.length > 40 && ops.every(({ site, module }) => site === null && module === null));
});

Deno.test("averages add up to the ops, however they are put together", async () => {
  const device = ebb.cpu();
  using training = gptTraining(device);
  const profile = await ebb.profile(() => training.step());
  const all = sum(profile.ops.map(({ ms }) => ms));
  for (const by of ["op", "site", "phase", "module"] as const) {
    const rows = profile.keyAverages(by);
    assertAlmostEquals(sum(rows.map(({ totalMs }) => totalMs)), all, 1e-9);
    assertAlmostEquals(sum(rows.map(({ share }) => share)), 1, 1e-9);
    assertEquals(sum(rows.map(({ calls }) => calls)), profile.ops.length);
    assertEquals(sum(rows.map(({ bytes }) => bytes)), sum(profile.ops.map(({ bytes }) => bytes)));
    for (const { calls, totalMs, meanMs } of rows) assertAlmostEquals(calls * meanMs, totalMs, 1e-9);
    assertEquals(rows, rows.toSorted((a, b) => b.totalMs - a.totalMs));
  }
  const lines = profile.table({ by: "phase" }).split("\n");
  assertEquals(new Set(lines.map((line) => line.length)).size, 1);
  assertEquals(lines.slice(1).map((line) => line.split(" ")[0]).sort(), ["backward", "forward", "optimizer"]);
  const short = profile.table({ top: 2 }).split("\n");
  assertEquals(short.length, 4);
  assert(/^\(\d+ others\) /.test(short[3]), short[3]);
  assert(profile.table({ by: "site" }).includes("trainings.ts:"));
});

Deno.test("a profile shows itself as text and in a notebook", async () => {
  const device = ebb.cpu();
  using training = gptTraining(device);
  const profile = await ebb.profile(() => training.step());
  const shown = (profile as unknown as Record<symbol, () => Record<string, string>>)
    [Symbol.for("Jupyter.display")]();
  assert(
    shown["text/html"].includes(">linearBackward</td>") && shown["text/html"].includes("trainings.ts:"),
  );
  assertEquals(shown["text/plain"], `${profile}`);
  assertEquals(Deno.inspect(profile), `${profile}`);
  assert(`${profile}`.startsWith(`${profile.ops.length} ops took `), `${profile}`);
});

Deno.test("inside a step of swap copies and waits are recorded, and the losses stay", async () => {
  const losses: number[] = [];
  {
    using training = gptTraining(ebb.cpu());
    for (let i = 0; i < 4; i++) losses.push(training.step());
  }
  const bytesPerMs = 2e4; // so slow that ops must wait
  const device = ebb.cpu({ link: { bytesPerSecond: bytesPerMs * 1000 } });
  {
    using training = gptTraining(device);
    using swap = ebb.swap(device, { policy: moveEverything });
    const found: number[] = [];
    const { copies: engine } = device;
    for (let i = 0; i < losses.length; i++) {
      const before = { ...engine.sentBytes, waited: engine.waitedMs };
      const profiled = () =>
        ebb.profile(() => {
          const loss = training.step();
          engine.drain();
          return { loss, after: { ...engine.sentBytes, waited: engine.waitedMs } };
        });
      const { result: { loss, after }, ops, copies, waits, wallMs } = await swap.step(profiled);
      found.push(loss);
      for (const direction of ["out", "in"] as const) {
        const lane = copies.filter((copy) => copy.direction === direction);
        assertEquals(sum(lane.map(({ bytes }) => bytes)), after[direction] - before[direction]);
        lane.reduce((end, { bytes, askedMs, startMs, endMs }) => {
          assert(startMs >= end && startMs >= askedMs && endMs <= wallMs);
          assert(askedMs === 0 || endMs - askedMs >= bytes / bytesPerMs - 1e-6);
          return endMs;
        }, 0);
      }
      assertEquals([copies.length > 0, waits.length > 0], [i > 0, i > 0]); // the first step has no plan
      const waited = sum(waits.map(({ startMs, endMs }) => endMs - startMs));
      assertAlmostEquals(waited, after.waited - before.waited, 1e-6);
      assert(sum(ops.map(({ waitMs }) => waitMs)) <= waited + 1e-6);
      assertEquals(ops.some(({ waitMs }) => waitMs > 0), i > 0);
      engine.drain();
    }
    assertEquals(found, losses);
    assertEquals(engine.observers.size, 0);
  }
  assertEquals(device.memory().storages, 0);
});

Deno.test("steps of swap inside of a profile are recorded, and swap sees them as ever", async () => {
  const device = ebb.cpu();
  using training = gptTraining(device);
  using swap = ebb.swap(device);
  await swap.step(() => training.step());
  const { ops, result } = await ebb.profile(async () => {
    const losses = [await swap.step(() => training.step()), await swap.step(() => training.step())];
    return losses;
  });
  const { names, ops: traced } = swap.trace();
  const twice = [...traced, ...traced].map((op) => names[op]);
  assertEquals(ops.map(({ name }) => name), twice);
  assertEquals(result.length, 2);
  assertEquals(opObserver, null);
});

Deno.test("what fails is thrown on, nothing stays behind, and later profiles are right", () =>
  leakFree(async () => {
    const device = ebb.cpu({ budget: "1 MiB" });
    using swap = ebb.swap(device);
    const failure = new Error("on purpose");
    const thrown = await assertRejects(() =>
      ebb.profile(() =>
        ebb.scope(() => {
          ebb.ones([4], { device }).add(1);
          throw failure;
        })
      )
    );
    assertStrictEquals(thrown, failure);
    assertEquals(opObserver, null);
    assertEquals(device.copies.observers.size, 0);
    // An op that finds no memory is not in the profile, and the next one is not mixed up with it.
    const { ops } = await ebb.profile(() =>
      ebb.scope(() => {
        const column = ebb.ones([1 << 10, 1], { device });
        const row = ebb.ones([1, 1 << 10], { device });
        try {
          column.add(row);
        } catch (error) {
          assert(error instanceof ebb.OutOfMemoryError);
        }
        row.mul(2);
      })
    );
    assertEquals(ops.map(({ name, outputs }) => [name, outputs[0].shape]), [["mul", [1, 1 << 10]]]);
    assertEquals(swap.device.memory().storages, 0);
  }));

Deno.test("profiles nest, and those that overlap end in any order", () =>
  leakFree(async () => {
    const add = () => ebb.scope(() => void ebb.ones([2]).add(1));
    const outer = await ebb.profile(async () => {
      add();
      const inner = await ebb.profile(add);
      return inner.ops.length;
    });
    assertEquals([outer.ops.length, outer.result], [2, 1]);
    const [early, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = ebb.profile(() => early.promise);
    const second = ebb.profile(() => late.promise);
    early.resolve();
    assertEquals((await first).ops.length, 0);
    add();
    late.resolve();
    assertEquals((await second).ops.length, 1);
    assertEquals(opObserver, null);
  }));

Deno.test("a profile is of all devices, which it tells apart, or of one", () => {
  const devices = [ebb.cpu(), ebb.cpu()];
  return leakFree(async () => {
    const add = () => {
      for (const device of devices) ebb.scope(() => void ebb.ones([2], { device }).add(1));
    };
    const all = await ebb.profile(add);
    assertEquals(all.ops.map(({ device }) => device), ["cpu", "cpu #2"]);
    const one = await ebb.profile(add, { device: devices[1] });
    assertEquals(one.ops.map(({ device }) => device), ["cpu"]);
  }, ...devices);
});

Deno.test("on every device an op's time is that of the device's work", async () => {
  for (const { kind, open } of presentDevices()) {
    const device = open();
    await leakFree(async () => {
      using large = ebb.ones([256, 256], { device });
      using small = ebb.ones([8, 8], { device });
      const multiply = (x: ebb.Tensor) => ebb.scope(() => void x.matmul(x));
      for (const x of [large, small]) multiply(x);
      const best = { large: Infinity, small: Infinity };
      for (let i = 0; i < 4; i++) {
        const { ops } = await ebb.profile(() => [large, small].forEach(multiply));
        best.large = Math.min(best.large, ops[0].ms);
        best.small = Math.min(best.small, ops[1].ms);
      }
      assert(best.large > 3 * best.small, `${kind}: ${JSON.stringify(best)}`);
    }, device);
  }
});
