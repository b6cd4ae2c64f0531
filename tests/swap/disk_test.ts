/**
 * Training whose memory goes to a file: losses are those of a run without swap, budgets are kept, nothing is left.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { inDirectory, namelessFiles, program, SEEN } from "../device/disk_files.ts";

const HOST = 1 << 16;

/** Trains a small GPT for five steps; the losses. Its text is run in another process too, so that it imports nothing. */
async function train(
  device: ebb.Device,
  step: (fn: () => number) => number | Promise<number>,
): Promise<number[]> {
  return await ebb.withDevice(device, async () => {
    ebb.seed(5);
    const model = ebb.models.gpt({ vocab: 65, layers: 3, heads: 4, width: 64, context: 64 });
    const optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-3 });
    const [x, y] = [1, 2].map(() => ebb.randint(0, 65, [8, 64], { dtype: "int64" }));
    const update = () =>
      ebb.scope(() => {
        const loss = ebb.crossEntropy(model.forward(x), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item();
      });
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await step(update));
    for (const made of [model, optimizer, x, y]) made.dispose();
    return losses;
  });
}

/** The losses without a budget, and the most bytes reserved. */
async function unlimited(): Promise<{ losses: number[]; peakBytes: number }> {
  const device = ebb.cpu();
  const losses = await train(device, (fn) => fn());
  return { losses, peakBytes: device.memory().peakBytes };
}

Deno.test("a quarter of the memory, hardly any host memory and a file train with the same losses", async () => {
  await inDirectory(async (disk) => {
    const { losses, peakBytes } = await unlimited();
    const device = ebb.cpu({ budget: Math.floor(peakBytes / 4) });
    {
      using swap = ebb.swap(device, { host: HOST, disk });
      const found = await train(device, (fn) =>
        swap.step(() => {
          assertEquals([...Deno.readDirSync(disk)], []);
          return fn();
        }));
      assertEquals(found, losses);
      assert(device.memory().peakBytes <= peakBytes / 4);
      const report = swap.report();
      assert(report.hostPeakBytes <= HOST, `${report.hostPeakBytes} bytes`);
      const onDisk = report.diskPeakBytes!;
      assert(onDisk > 16 * HOST && onDisk < peakBytes, `${onDisk} bytes on disk, ${peakBytes} without swap`);
      assert(
        /^what left took at most .* of host memory and .* of disk$/m.test(String(report)),
        String(report),
      );
    }
    assertEquals([device.memory().storages, device.memory().liveBytes, device.copies.far.liveBytes], [
      0,
      0,
      0,
    ]);
    if (SEEN) assertEquals(namelessFiles(disk), []);
  });
});

Deno.test("what is in the file when swap ends can still be read and computed with", async () => {
  await inDirectory((directory) => {
    const device = ebb.cpu({ budget: "1 MiB" });
    const swap = ebb.swap(device, { host: 1, disk: { directory, budget: "8 MiB" } });
    const parts = Array.from({ length: 6 }, (_, i) => ebb.full([1 << 16], i, { device })); // 1.5 MiB
    swap.dispose();
    assert(parts.filter(({ storage }) => storage.state === "away").length >= 2);
    assertEquals(parts.map((part) => part.data()[99]), [0, 1, 2, 3, 4, 5]);
    for (const part of parts.splice(3)) part.dispose();
    assertEquals(ebb.scope(() => parts.map((part) => part.sum().item())), [0, 1 << 16, 2 << 16]);
    for (const part of parts) part.dispose();
    assertEquals(device.memory().storages, 0);
    if (SEEN) assertEquals(namelessFiles(directory), []);
  });
});

Deno.test({
  name: "a disk that is full does not end a training that has room on the device",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inDirectory(async (directory) => {
      const { losses, peakBytes } = await unlimited();
      // Everything is sent away before each step. The system lets a file grow to 256 or 512 KiB.
      const { stdout, stderr } = await program(
        `
        const device = ebb.cpu({ budget: ${peakBytes} });
        const swap = ebb.swap(device, { host: "256 KiB", disk: ${JSON.stringify(directory)} });
        const failures = [];
        device.copies.observers.add({
          copied: ({ failure }) => void (failure !== null && failures.push(failure.message)),
          waited: () => {},
        });
        const losses = await (${train})(device, (fn) => {
          for (const storage of device.storages()) device.copies.copyOut(storage);
          return swap.step(fn);
        });
        console.log(JSON.stringify({ losses, failures }));
        `,
        "trap '' XFSZ; ulimit -f 512;",
      ).output();
      const said = new TextDecoder().decode(stdout);
      assert(said !== "", new TextDecoder().decode(stderr));
      const found = JSON.parse(said);
      assertEquals(found.losses, losses);
      assert(/^disk: expected to write .* but found: File too large/.test(found.failures[0]), said);
    }),
});
