/**
 * Dropped storages: they come back when they are read, whatever happens to what they are made of.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device, Storage } from "../../lib/device/mod.ts";
import { drop } from "../../lib/device/recipe.ts";
import { Replay } from "../../lib/tensor/replay.ts";
import { cpuBackend } from "../../lib/device/cpu.ts";
import { poison } from "./late_transport.ts";

/** A device whose freed memory is overwritten. */
function poisoned(options: Parameters<typeof ebb.cpu>[0] = {}): Device {
  const device = ebb.cpu(options);
  poison(device.pool, cpuBackend());
  void device.copies; // ops hold their operands
  return device;
}

/** Runs `fn` and gives what it returns, with the recipe of it. */
function recorded(device: Device, fn: () => ebb.Tensor): { tensor: ebb.Tensor; recipe: Replay } {
  const recipe = new Replay(device);
  const stop = ebb.observeOps({ before: () => {}, after: () => {}, ran: (call) => recipe.add(call) });
  let tensor: ebb.Tensor;
  try {
    tensor = fn();
  } finally {
    stop();
  }
  recipe.aim(tensor.storage);
  return { tensor, recipe };
}

/** Runs a test on a device of its own, within a scope, and sees that nothing is left. */
function test(name: string, fn: (device: Device) => void, options: Parameters<typeof ebb.cpu>[0] = {}): void {
  Deno.test(name, () => {
    const device = poisoned(options);
    ebb.withDevice(device, () => ebb.scope(() => fn(device)));
    assertEquals([device.memory().storages, device.memory().liveBytes], [0, 0]);
  });
}

/** `[cos(sin(x)), its recipe, x]`, where x is held by the recipe and by its handle. */
function chain(device: Device) {
  const x = ebb.tensor(Array.from({ length: 1000 }, (_, i) => i / 100));
  const expected = Array.from(x.sin().cos().data() as Float32Array);
  const { tensor, recipe } = recorded(device, () => ebb.scope(() => x.sin().cos()));
  const values = () => Array.from(tensor.data() as Float32Array);
  return { x, y: tensor, recipe, expected, values };
}

test("a dropped storage has no bytes, and is computed again when an op reads it", (device) => {
  const { x, y, recipe, expected } = chain(device);
  const { liveBytes } = device.memory();
  const { bytes } = y.storage.block!; // whole units of memory
  assert(drop(device, y.storage, recipe));
  assertEquals([y.storage.state, device.memory().liveBytes], ["dropped", liveBytes - bytes]);
  const z = y.mul(1);
  assertEquals(Array.from(z.data() as Float32Array), expected);
  assertEquals([y.storage.state, y.storage.recipe, x.storage.holders], ["resident", null, 1]);
});

test("it is computed again when the program reads it, or a copy is to bring it", (device) => {
  for (const how of ["data", "copyIn", "prefetch"] as const) {
    const { y, recipe, expected, values } = chain(device);
    assert(drop(device, y.storage, recipe));
    if (how !== "data") device.copies[how](y.storage);
    assertEquals(values(), expected);
  }
});

test("it is computed from what has left the device, or was dropped itself", (device) => {
  const { x, y, recipe, expected, values } = chain(device);
  const second = recorded(device, () => y.mul(2));
  assert(drop(device, second.tensor.storage, second.recipe));
  assert(drop(device, y.storage, recipe));
  device.copies.wait(device.copies.copyOut(x.storage)!);
  assertEquals(x.storage.state, "away");
  assertEquals(
    Array.from(second.tensor.data() as Float32Array),
    expected.map((value) => Math.fround(2 * value)),
  );
  assertEquals([x.storage.state, y.storage.state], ["resident", "resident"]);
  assertEquals(values(), expected);
});

test("a change in place of what it is made of waits until it is there again", (device) => {
  const { x, y, recipe, expected, values } = chain(device);
  assert(drop(device, y.storage, recipe));
  x.add_(1);
  assertEquals([y.storage.state, values()], ["resident", expected]);
  const again = recorded(device, () => x.sin());
  const before = Array.from(again.tensor.data() as Float32Array);
  assert(drop(device, again.tensor.storage, again.recipe));
  device.write(x.storage, 0, new Uint8Array(4));
  assertEquals(Array.from(again.tensor.data() as Float32Array), before);
});

test("it is not dropped once what it is made of, or itself, has changed in place", (device) => {
  const { x, y, recipe } = chain(device);
  x.add_(1);
  assertEquals([drop(device, y.storage, recipe), y.storage.state], [false, "resident"]);
  recipe.release();
  const other = chain(device);
  other.y.add_(1);
  assertEquals(drop(device, other.y.storage, other.recipe), false);
  other.recipe.release();
});

test("an op that changed something in place cannot be run again", (device) => {
  const x = ebb.ones([10]);
  const { tensor, recipe } = recorded(device, () => ebb.scope(() => x.add_(1).mul(2)));
  assertEquals([recipe.isValid, drop(device, tensor.storage, recipe)], [false, false]);
  recipe.release();
});

test("it is not dropped while an op or a copy is at work on it", (device) => {
  const { y, recipe } = chain(device);
  y.storage.pins++;
  assertEquals(drop(device, y.storage, recipe), false);
  y.storage.pins--;
  device.copies.copyOut(y.storage);
  assertEquals(drop(device, y.storage, recipe), false);
  device.copies.drain();
  recipe.release();
});

test("one that is freed unread lets go of what it is made of", (device) => {
  const { x, y, recipe } = chain(device);
  assert(drop(device, y.storage, recipe));
  assertEquals(x.storage.holders, 2);
  y.dispose();
  assertEquals([x.storage.holders, x.storage.recipes.length], [1, 0]);
});

test("what one op made comes back together", (device) => {
  const x = ebb.tensor(Array.from({ length: 600 }, (_, i) => i % 7), { shape: [2, 300] });
  const recipe = new Replay(device);
  const stop = ebb.observeOps({ before: () => {}, after: () => {}, ran: (call) => recipe.add(call) });
  const [values, indices] = x.topK(20);
  stop();
  const expected = [values.toArray(), indices.toArray()];
  for (const { storage } of [values, indices]) recipe.aim(storage);
  for (const { storage } of [values, indices]) assert(drop(device, storage, recipe));
  assertEquals(values.toArray(), expected[0]);
  assertEquals([indices.storage.state, indices.toArray()], ["resident", expected[1]]);
});

test("views of it are computed again as one", (device) => {
  const x = ebb.ones([4, 8]);
  const { tensor, recipe } = recorded(device, () => x.mul(3));
  const row = tensor.reshape([8, 4]);
  assert(drop(device, tensor.storage, recipe));
  assertEquals(row.sum().item(), 96);
});

test("where there is no room it says so, and can be asked again", (device) => {
  const { y, recipe, expected, values } = chain(device);
  assert(drop(device, y.storage, recipe));
  device.emptyCache();
  const filler: Storage[] = [];
  assertThrows(() => {
    for (;;) filler.push(device.allocate(1024));
  }, ebb.OutOfMemoryError);
  assertThrows(() => y.add(1), ebb.OutOfMemoryError);
  assertEquals([y.storage.state, y.storage.pins], ["dropped", 0]);
  for (const storage of filler) storage.release();
  assertEquals(values(), expected);
}, { budget: "64 KiB" });
