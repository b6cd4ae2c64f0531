/**
 * The copy engine under copies that end in any order: contents are always those of a model that moves nothing.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Storage } from "../../lib/device/mod.ts";
import { leakFree } from "../leak.ts";
import { BYTES, contents, late, moveAtRandom, store } from "./random_moves.ts";

/** Sends a storage away, if it is here and can go. */
function leaves(storage: Storage): boolean {
  return storage.state === "resident" && storage.device.copies.copyOut(storage) !== null;
}

Deno.test("a storage goes through resident, leaving, away, returning, and is readable in each", () => {
  const { device, copies, transport } = late();
  leakFree(() => {
    const storage = store(device, 7);
    const seen: unknown[] = [];
    const look = () =>
      seen.push([storage.state, contents(storage), device.memory().liveBytes, copies.far.liveBytes]);
    look();
    const out = copies.copyOut(storage)!;
    assertEquals(copies.done(out), false);
    look();
    transport.end(transport.pending[0]);
    assertEquals(copies.done(out), true);
    look();
    const back = copies.copyIn(storage);
    assertEquals(copies.done(back), false);
    look();
    copies.wait(back);
    look();
    assertEquals(seen, [
      ["resident", 7, BYTES, 0],
      ["leaving", 7, BYTES, BYTES],
      ["away", 7, 0, BYTES],
      ["returning", 7, BYTES, BYTES],
      ["resident", 7, BYTES, 0],
    ]);
    storage.release();
  }, device);
  assertEquals(copies.far.liveBytes, 0);
});

Deno.test("a copy that is asked for twice is made once", () => {
  const { device, copies, transport } = late();
  const storage = store(device, 1);
  assertEquals(copies.copyOut(storage), copies.copyOut(storage));
  assertEquals(transport.pending.length, 1);
  copies.drain();
  assertEquals(copies.copyIn(storage), copies.copyIn(storage));
  assertEquals([transport.pending.length, copies.bytesUnderWay("in"), copies.bytesUnderWay("out")], [
    1,
    BYTES,
    0,
  ]);
  copies.drain();
  const here = copies.copyIn(storage);
  assertEquals([here.settled, transport.pending.length], [true, 0]);
  assertThrows(() => copies.copyOut((storage.release(), storage)), Error, "copyOut: expected a live storage");
});

Deno.test("a write in place while leaving drops the copy on the host", () => {
  const { device, copies, transport } = late();
  leakFree(() => {
    const storage = store(device, 1);
    const out = copies.copyOut(storage)!;
    device.write(storage, 0, new Uint8Array(BYTES).fill(2));
    copies.wait(out);
    assertEquals([storage.state, contents(storage), copies.far.liveBytes], ["resident", 2, 0]);

    const stale = copies.copyOut(storage)!;
    device.write(storage, 0, new Uint8Array(BYTES).fill(3));
    const fresh = copies.copyOut(storage)!; // the first is of no use
    assert(stale !== fresh);
    transport.end(transport.pending[1]);
    assertEquals([copies.done(stale), copies.done(fresh), storage.state], [false, true, "away"]);
    assertEquals(contents(storage), 3);
    assertEquals(device.memory().liveBytes, BYTES, "the first copy still reads the block");
    copies.drain();
    assertEquals([device.memory().liveBytes, copies.far.liveBytes], [0, BYTES]);
    storage.release();
  }, device);
});

Deno.test("a storage that is wanted again while it leaves stays", () => {
  const { device, copies } = late();
  leakFree(() => {
    const storage = store(device, 5);
    const out = copies.copyOut(storage)!;
    assertEquals(copies.copyIn(storage).settled, true);
    assertEquals(storage.state, "resident");
    copies.wait(out);
    assertEquals([storage.state, contents(storage), copies.far.liveBytes], ["resident", 5, 0]);
    storage.release();
  }, device);
});

Deno.test("blocks of a storage that is freed in flight are kept until the copy ends", () => {
  for (const direction of ["out", "in"]) {
    const { device, copies } = late();
    const storage = store(device, 9);
    copies.copyOut(storage);
    if (direction === "in") {
      copies.drain();
      copies.copyIn(storage);
    }
    storage.release();
    assertEquals([device.memory().storages, device.memory().liveBytes, copies.far.liveBytes], [
      0,
      BYTES,
      BYTES,
    ]);
    copies.drain();
    assertEquals([device.memory().liveBytes, copies.far.liveBytes], [0, 0], direction);
  }
});

Deno.test("an allocation waits for storages on their way out before it fails", () => {
  const { device, copies, transport } = late({ budget: 1 << 20 });
  const first = device.allocate(1 << 19);
  const second = device.allocate(1 << 19);
  copies.copyOut(first);
  assertEquals(transport.pending.length, 1);
  const third = device.allocate(1 << 19);
  assertEquals([first.state, transport.pending.length], ["away", 0]);
  assertThrows(() => copies.copyIn(first), ebb.OutOfMemoryError);
  assertEquals(first.state, "away");
  for (const storage of [first, second, third]) storage.release();
});

Deno.test("where the host has no room a storage stays, and can be read", () => {
  const { device, copies } = late({ hostBudget: 1 << 16 });
  const small = store(device, 3);
  const large = device.allocate(1 << 17);
  assertEquals([copies.copyOut(large), large.state], [null, "resident"]);
  assert(copies.copyOut(small) !== null);
  copies.drain();
  assertEquals([small.state, contents(small)], ["away", 3]);
  for (const storage of [small, large]) storage.release();
});

Deno.test("a prefetch takes free memory only, and asks nobody", () => {
  const { device, copies, transport } = late({ budget: 1 << 20 });
  const large = device.allocate(1 << 19);
  const small = store(device, 8);
  copies.wait(copies.copyOut(large)!);
  const other = device.allocate(1 << 19);
  device.observer = {
    makeRoom: () => {
      throw new Error("was asked");
    },
  };
  assertEquals([copies.prefetch(large), large.state], [null, "away"]);
  copies.wait(copies.copyOut(small)!);
  const ticket = copies.prefetch(small)!;
  assertEquals([copies.prefetch(small), transport.pending.length, small.state], [ticket, 1, "returning"]);
  copies.wait(ticket);
  assertEquals(contents(small), 8);
  for (const storage of [large, small, other]) storage.release();
});

Deno.test("an observer is told when an op misses what it reads", () => {
  const { device, copies } = late();
  const x = ebb.keep(ebb.ones([64], { device }));
  copies.wait(copies.copyOut(x.storage)!);
  assertEquals(copies.memory().liveBytes, 256);
  const missed: unknown[] = [];
  device.observer = { missed: ({ id, state }) => void missed.push([id, state]) };
  for (let i = 0; i < 2; i++) x.add(1).dispose();
  assertEquals(missed, [[x.storage.id, "away"]]);
  x.dispose();
});

Deno.test("operands of a running op are not taken from it, nor its outputs before they are written", () => {
  const { device, copies } = late({ budget: 3 << 20 });
  const make = (value: number) => ebb.full([1 << 18], value, { device }); // 1 MiB each
  const [a, b] = [make(1), make(2)];
  const idle = ebb.keep(make(3));
  device.observer = {
    // Gives away whatever it can, operands and new outputs first.
    makeRoom: () => [...device.storages()].reverse().some(leaves),
  };
  const sum = ebb.noGrad(() => a.add(b));
  assertEquals([a, b, sum, idle].map(({ storage }) => storage.state), [
    "resident",
    "resident",
    "resident",
    "away",
  ]);
  assertEquals(sum.data().every((x) => x === 3), true);
  const more = ebb.noGrad(() => idle.mul(sum)); // one must leave, one must come back
  assertEquals(more.data().every((x) => x === 9), true);
  assertEquals(device.memory().peakBytes <= 3 << 20, true);
  for (const tensor of [a, b, idle, sum, more]) tensor.dispose();
  copies.drain();
  assertEquals([device.memory().liveBytes, copies.far.liveBytes], [0, 0]);
});

Deno.test("too small a budget for one op ends in a clear error, and every storage is readable after it", () => {
  const { device, copies } = late({ budget: 2 << 20 });
  const tensors = [1, 2].map((value) => ebb.full([1 << 18], value, { device }));
  device.observer = {
    makeRoom: () => [...device.storages()].some(leaves),
  };
  assertThrows(
    () => tensors[0].add(tensors[1]),
    ebb.OutOfMemoryError,
    "expected room for 1 MiB within a budget",
  );
  tensors.forEach((tensor, i) => assertEquals(tensor.data()[1000], i + 1));
  for (const tensor of tensors) tensor.dispose();
  copies.drain();
  assertEquals(device.memory().liveBytes, 0);
});

Deno.test("an observer that says it made room and did not is not asked for ever", () => {
  const { device } = late({ budget: 1 << 20 });
  let asked = 0;
  device.observer = { makeRoom: () => ++asked > 0 };
  assertThrows(() => device.allocate(1 << 21), ebb.OutOfMemoryError);
  assertEquals(asked, 2);
});

Deno.test("contents are those of a model under random moves, writes and ends of copies", () => {
  for (let seed = 0; seed < 60; seed++) moveAtRandom(seed, { hostBudget: 1 << 16 });
});
