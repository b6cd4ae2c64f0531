/**
 * The hardest tests of swap, 6 to 8: storages that are freed, written to or seen through views while they are on their
 * way. The newest bytes count, wherever they are, and no block is used again before its copy has ended.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Storage } from "../../lib/device/mod.ts";
import type { Block } from "../../lib/device/pool.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { learner } from "./learner.ts";
import { assertEmpty, assertSame, hostile, type World } from "./worlds.ts";

const STATES = ["resident", "leaving", "away", "returning"] as const;

/** Brings a storage to a state; its copy does not end by itself. */
function bringTo(state: typeof STATES[number], storage: Storage): void {
  const { copies } = storage.device;
  if (state === "resident") return;
  const out = copies.copyOut(storage)!;
  if (state === "leaving") return;
  copies.wait(out);
  if (state === "returning") copies.copyIn(storage);
}

function placeOf({ segment: { address }, offset }: Block): number {
  return Number(address) + offset;
}

/** After each op does something to a storage at random: sends it, calls it back, changes its mind. */
function meddle({ device, swap }: World, seed: number): Disposable {
  const generator = new Generator(seed);
  const { copies } = device;
  const actions = [
    (storage: Storage) => copies.copyOut(storage),
    (storage: Storage) => copies.copyOut(storage),
    (storage: Storage) => copies.prefetch(storage),
    (storage: Storage) => copies.cancel(storage),
  ];
  const stop = ebb.observeOps({
    before() {},
    after() {
      if (swap === null) return;
      const storages = [...device.storages()];
      actions[generator.int(actions.length)](storages[generator.int(storages.length)]);
    },
  });
  return { [Symbol.dispose]: stop };
}

Deno.test("6. to 8. training is the same when storages are sent and called back at random", async () => {
  for (let seed = 0; seed < 5; seed++) {
    await assertSame(async (world) => {
      using learn = learner(2);
      const batch = learn.draw(8);
      const losses: number[] = [];
      for (let i = 0; i < 5; i++) {
        losses.push(
          await world.step(() => {
            using _ = meddle(world, seed * 10 + i);
            return learn.update(batch);
          }),
        );
      }
      return [...losses, ...learn.parameters()];
    });
  }
});

Deno.test("6. a storage freed while it is copied gives back neither block before the copy has ended", () => {
  for (const state of ["leaving", "returning"] as const) {
    const { device, transport } = hostile("late", {});
    const bytes = 1 << 16;
    const storage = device.allocate(bytes);
    bringTo(state, storage);
    const [here, there] = [placeOf(storage.block!), placeOf(storage.far!.block)];
    storage.release();
    assertEquals([transport.pending.length, device.memory().storages], [1, 0]);
    // Whoever asks for memory of that size now, on either side, gets other blocks.
    const others = Array.from({ length: 20 }, () => device.allocate(bytes));
    assert(others.every(({ block }) => placeOf(block!) !== here), state);
    for (const other of others.slice(0, 10)) {
      device.copies.copyOut(other);
      assertNotEquals(placeOf(other.far!.block), there);
    }
    device.copies.drain();
    // Then the blocks are used again, or this test could not fail.
    const later = Array.from({ length: 20 }, () => device.allocate(bytes));
    assert(later.some(({ block }) => placeOf(block!) === here), state);
    for (const other of [...others, ...later]) other.release();
    assertEmpty(device);
  }
});

Deno.test("6. what an op reads while it leaves, and is freed right after, is read in whole", async () => {
  await assertSame(async (world) => {
    const numbers: number[] = [];
    for (let i = 0; i < 4; i++) {
      numbers.push(
        await world.step(() =>
          ebb.scope(() => {
            let sum = 0;
            for (let j = 0; j < 12; j++) {
              const x = ebb.full([1 << 14], i + j);
              if (world.swap !== null) world.device.copies.copyOut(x.storage);
              const y = x.mul(2);
              x.dispose(); // its copy is under way
              const z = ebb.full([1 << 14], -1); // would take its place
              if (world.swap !== null) world.device.copies.copyOut(y.storage);
              sum += y.add(z).sum().item();
              y.dispose();
              z.dispose();
            }
            return sum;
          })
        ),
      );
    }
    return numbers;
  }, { share: 1 });
});

Deno.test("7. written in place while it is leaving, away or returning, the newest value wins for good", () => {
  const writes: Record<string, (x: ebb.Tensor) => void> = {
    "by an op": (x) => void x.add_(1),
    "by the program": (x) => void x.copy_(ebb.full(x.shape, 8)),
    "through a view": (x) => void x.reshape([4, -1]).add_(1),
    "of a part": (x) => void (x.narrow(0, 0, 512).add_(1), x.narrow(0, 512, 512).add_(1)),
  };
  for (const state of STATES) {
    for (const [how, write] of Object.entries(writes)) {
      const { device } = hostile("late", {});
      ebb.withDevice(device, () =>
        ebb.noGrad(() =>
          ebb.scope(() => {
            const x = ebb.full([1024], 7);
            const { copies } = device;
            const isNew = () =>
              assertEquals([...new Set<unknown>(x.data())], [8], `${state}, written ${how}`);
            bringTo(state, x.storage);
            write(x);
            isNew();
            copies.drain(); // the copy that was under way has ended: its bytes are old
            isNew();
            // Nor do old bytes come back later.
            for (const next of STATES) {
              bringTo(next, x.storage);
              isNew();
              copies.drain();
              isNew();
              assertEquals(x.add(1).data()[1023], 9);
            }
          })
        ));
      assertEmpty(device);
    }
  }
});

Deno.test("7. a copy asked for after a write is the one that counts, though the one before ends later", () => {
  const { device, transport } = hostile("late", {});
  const x = ebb.full([1024], 1, { device });
  device.copies.copyOut(x.storage);
  ebb.noGrad(() => x.add_(1));
  device.copies.copyOut(x.storage);
  transport.end(transport.pending[1]);
  device.copies.settle();
  assertEquals([x.storage.state, x.data()[0]], ["away", 2]);
  device.copies.drain();
  assertEquals([x.storage.state, x.data()[0]], ["away", 2]);
  x.dispose();
  assertEmpty(device);
});

Deno.test("7. what is saved for backward and written to meanwhile is noticed wherever it is", () => {
  for (const state of STATES) {
    const { device } = hostile("late", {});
    ebb.withDevice(device, () =>
      ebb.scope(() => {
        const x = ebb.full([1024], 2, { requiresGrad: true });
        const h = x.mul(3);
        const y = h.square().sum(); // keeps h
        bringTo(state, h.storage);
        ebb.noGrad(() => h.detach().add_(1));
        assertThrows(() => y.backward(), Error, "changed in place");
      }));
    assertEmpty(device);
  }
});

/** A loss over views of one storage, two of them saved twice; its value and the gradient of the storage. */
function overViews(between: (storage: Storage) => void): number[] {
  return ebb.scope(() => {
    const base = ebb.arange(0, 4096, 1, { dtype: "float32" }).reshape([64, 64]).div(4096);
    base.requiresGrad = true;
    const [a, b] = [base.narrow(0, 0, 32), base.narrow(0, 32, 32)];
    const wide = base.slice([0, 1]).expand([32, 64]);
    const turned = base.transpose().narrow(0, 0, 32);
    const y = a.mul(b).mul(a).add(b.mul(wide)).mul(turned.reshape([32, 64])).sum();
    between(base.storage);
    y.backward();
    return [y.item(), ...Array.from(base.grad!.data(), Number)];
  });
}

Deno.test("8. a storage seen through views that are saved twice moves once, and all views with it", () => {
  const free = ebb.cpu();
  const expected = ebb.withDevice(free, () => overViews(() => {}));
  for (const state of STATES) {
    const { device } = hostile("late", {});
    const found = ebb.withDevice(device, () =>
      overViews((storage) => {
        const { sentBytes } = device.copies;
        bringTo(state, storage);
        assertEquals(sentBytes.out, state === "resident" ? 0 : storage.bytes);
      }));
    assertEquals(found, expected);
    assertEmpty(device);
  }
});

Deno.test("8. a parameter and its view stay one, whichever is written to and wherever they are", () => {
  for (const state of STATES) {
    const { device } = hostile("late", {});
    ebb.withDevice(device, () =>
      ebb.noGrad(() =>
        ebb.scope(() => {
          const parameter = ebb.zeros([32, 32]);
          const row = parameter.narrow(0, 5, 1);
          bringTo(state, parameter.storage);
          row.add_(3);
          device.copies.drain();
          bringTo(state, row.storage);
          parameter.mul_(2);
          assertEquals([parameter.sum().item(), row.sum().item()], [6 * 32, 6 * 32]);
          assertEquals(row.storage, parameter.storage);
        })
      ));
    assertEmpty(device);
  }
});

Deno.test("8. a new storage at the address of one that left is not taken for it", () => {
  const { device } = hostile("late", { budget: 3 << 16 });
  const { copies } = device;
  ebb.withDevice(device, () =>
    ebb.scope(() => {
      const old = ebb.full([1 << 14], 1);
      const place = placeOf(old.storage.block!);
      copies.wait(copies.copyOut(old.storage)!);
      const young = ebb.full([1 << 14], 2);
      assertEquals(placeOf(young.storage.block!), place);
      copies.copyOut(young.storage);
      const back = old.add(young); // the old one has to come back elsewhere
      assertEquals([old.data()[0], young.data()[0], back.data()[0]], [1, 2, 3]);
      back.dispose();
      copies.drain();
      old.dispose(); // frees its own blocks, not those of the young one
      assertEquals([young.data()[1], young.add(1).data()[1]], [2, 3]);
    }));
  assertEmpty(device);
});

Deno.test("8. tensors of one shape that follow each other at one address keep their contents over steps", async () => {
  await assertSame(async (world: World) => {
    const kept: ebb.Tensor[] = [];
    const sums: number[] = [];
    for (let i = 0; i < 6; i++) {
      sums.push(
        await world.step(() =>
          ebb.scope(() => {
            kept.push(ebb.keep(ebb.full([1 << 14], i)));
            if (i % 2 === 1) kept.shift()!.dispose(); // its place is the next one's
            const all = kept.map((tensor) => tensor.mul(2).sum().item());
            return all.reduce((a, b) => a + b, 0);
          })
        ),
      );
    }
    for (const tensor of kept) tensor.dispose();
    return sums;
  }, { share: 0.6 });
});
