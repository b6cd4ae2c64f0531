/**
 * The counts against the machine's: what a device says it reserved explains what the process grew by, temporaries
 * within kernels included, and what it gives back the process gives back.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

const MOD = new URL("../../mod.ts", import.meta.url).href;
const MIB = 2 ** 20;

/** A process of its own, as other tests leave free memory in this one's heap. Large tensors are made on the device. */
const PROGRAM = `
  import * as ebb from ${JSON.stringify(MOD)};
  const device = ebb.cpu();
  const step = (batch) => ebb.scope(() => {
    const x = ebb.expand(ebb.ones([1, 1, 1, 1], { device }), [batch, 16, 64, 64]);
    const w = ebb.ones([16, 16, 3, 3], { device, requiresGrad: true });
    for (let i = 0; i < 3; i++) {
      ebb.scope(() => {
        let y = x;
        for (let layer = 0; layer < 3; layer++) y = ebb.conv2d(y, w, null, { padding: 1 }).relu();
        ebb.maxPool2d(y, 2).sum().backward();
        w.grad.dispose();
        w.grad = null;
      });
    }
  });
  step(1);
  device.emptyCache();
  gc();
  const before = Deno.memoryUsage().rss;
  step(32);
  gc();
  const grown = Deno.memoryUsage().rss - before;
  const { reservedBytes, peakBytes, storages } = device.memory();
  device.emptyCache();
  const left = Deno.memoryUsage().rss - before;
  console.log(JSON.stringify({ grown, reservedBytes, peakBytes, storages, left, after: device.memory().reservedBytes }));
`;

Deno.test("what a device reserved explains what the process grew by, and is given back", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", "--v8-flags=--expose-gc", PROGRAM],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  const { grown, reservedBytes, peakBytes, storages, left, after } = JSON.parse(text);
  assert(reservedBytes > 64 * MIB, text);
  // Besides the pool: the sessions of these shapes and what the compiler of JavaScript makes.
  assert(grown > 0.9 * reservedBytes && grown < 1.1 * peakBytes + 24 * MIB, text);
  assertEquals([storages, after], [0, 0]);
  assert(left < 32 * MIB, text);
});
