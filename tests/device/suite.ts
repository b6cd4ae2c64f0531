/**
 * What every kind of device must do: the same tests for each, on small tensors, as a device may be a slow one. Each test
 * has devices of its own and ends with nothing left on them.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device, DeviceOptions, Storage } from "../../lib/device/mod.ts";
import { DTYPES, hostArray } from "../../lib/tensor/dtype.ts";
import { defineOp } from "../../lib/tensor/op.ts";
import { leakFree } from "../leak.ts";
import { inDirectory } from "./disk_files.ts";
import { type Program, randomProgram, runProgram } from "./program.ts";

/** exp(x) · √exp(x): two of its values are needed at once, besides operand and result. */
const twoTemporaries = defineOp<[ebb.Tensor]>({
  name: "twoTemporaries",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x]) => {
    const y = g.node("Exp", [x]);
    return [g.node("Mul", [y, g.node("Sqrt", [y])])];
  },
});

/** A kind of device under test. */
export interface Subject {
  kind: string;
  open(options?: DeviceOptions): Device;
  /** Why it cannot be tested here. */
  missing?: string;
}

/** Registers the tests of one kind of device. */
export function testDevice({ kind, open, missing }: Subject): void {
  const test = (name: string, fn: (device: Device) => void, options?: DeviceOptions) => {
    const title = missing === undefined ? `${kind}: ${name}` : `${kind}: ${name} (${missing})`;
    Deno.test({
      name: title,
      ignore: missing !== undefined,
      fn: () => {
        const device = open(options);
        leakFree(() => ebb.withDevice(device, () => ebb.scope(() => fn(device))), device);
        device.copies.drain();
        assertEquals(device.copies.far.liveBytes, 0, "nothing is left on the host");
      },
    });
  };

  test("tensors of every type and awkward sizes come back as they went", (device) => {
    for (const dtype of DTYPES) {
      for (const size of [0, 1, 2, 3, 5, 16, 17, 1001]) {
        const values = hostArray(dtype, size);
        const bytes = new Uint8Array(values.buffer);
        for (let i = 0; i < bytes.length; i++) bytes[i] = dtype === "bool" ? i % 3 % 2 : i * 37;
        using x = ebb.tensor(values, { dtype, device });
        assertEquals(new Uint8Array(x.data().buffer), bytes, `${dtype} of ${size}`);
      }
    }
  });

  test("a network's gradients are those that PyTorch's rules give", () => {
    const x = ebb.tensor([[1, -2], [3, 4]], { requiresGrad: true });
    const w = ebb.tensor([[0.5, 1], [-1, 2]], { requiresGrad: true });
    const y = x.matmul(w).relu().square().sum();
    y.backward();
    assertEquals(y.item(), 127.25);
    assertEquals(x.grad!.toArray(), [[2.5, -5], [22, 44]]);
    assertEquals(w.grad!.toArray(), [[5, 66], [-10, 88]]);
  });

  test("every type is computed in, if need be on the CPU in passing", () => {
    for (const dtype of DTYPES.filter((dtype) => dtype !== "bool")) {
      const x = ebb.tensor([[1, 0, 3], [4, 5, 6]], { dtype });
      assertEquals(x.add(x).toArray(), [[2, 0, 6], [8, 10, 12]], dtype);
      assertEquals(x.sum(0).toArray(), [5, 5, 9], dtype);
      assertEquals(x.reshape([3, 2]).expand([2, 3, 2]).shape, [2, 3, 2], dtype);
    }
  });

  test("tensors without elements are computed with", () => {
    const none = ebb.zeros([0, 3]);
    assertEquals(none.add(1).shape, [0, 3]);
    assertEquals(none.sum(0).toArray(), [0, 0, 0]);
    assertEquals(ebb.ones([2, 0]).matmul(none).toArray(), [[0, 0, 0], [0, 0, 0]]);
  });

  test("a part of a tensor is one, whatever memory it lies in", () => {
    const x = ebb.arange(0, 12, 1, { dtype: "float32" }).reshape([4, 3]);
    assertEquals(x.slice([1, 3]).add(1).toArray(), [[4, 5, 6], [7, 8, 9]]);
    const bits = ebb.tensor([true, false, true, true, false]);
    assertEquals(bits.slice([1, 4]).toArray(), [false, true, true]);
  });

  test("past its budget it says so, and goes on", (device) => {
    const kept = ebb.ones([1 << 16]);
    const error = assertThrows(() => ebb.zeros([1 << 18]), ebb.OutOfMemoryError);
    assert(
      /expected room for 1 MiB within a budget of 512 KiB but found 256 KiB live/.test(error.message),
      error.message,
    );
    assertEquals(kept.sum().item(), 1 << 16);
    assert(device.memory().peakBytes <= 1 << 19);
  }, { budget: "512 KiB" });

  test("memory that no machine has is refused", (device) => {
    assertThrows(() => device.allocate(2 ** 46), ebb.OutOfMemoryError, "within the machine's memory");
    assertEquals(ebb.ones([5]).sum().item(), 5);
  });

  test("what a kernel needs in between counts towards the peak, and past the budget fails the op", () => {
    const bytes = 4 << 16;
    const shape = [1 << 16];
    const [free, tight] = [open(), open({ budget: 3.5 * bytes })];
    using x = ebb.ones(shape, { device: free });
    using result = twoTemporaries([x]);
    assertAlmostEquals(result.data()[9] as number, Math.exp(1.5), 1e-5);
    const { peakBytes } = free.memory();
    assert(
      peakBytes >= 4 * bytes && peakBytes < 4.5 * bytes,
      `operand, result and two temporaries: ${peakBytes}`,
    );

    using y = ebb.ones(shape, { device: tight });
    assertThrows(() => twoTemporaries([y]), ebb.OutOfMemoryError, "twoTemporaries (temporaries)");
    assertEquals(y.data()[7], 1);
    assertEquals(tight.memory().storages, 1);
    assert(tight.memory().peakBytes <= tight.memory().budgetBytes);
  });

  test("writes in place are seen by every view, and raise the version", () => {
    const x = ebb.ones([2, 3]);
    const view = x.reshape([3, 2]);
    const before = x.storage.version;
    x.add_(2);
    assertEquals(view.toArray(), [[3, 3], [3, 3], [3, 3]]);
    assert(x.storage.version > before);

    const w = ebb.ones([3], { requiresGrad: true });
    const saved = ebb.ones([3]);
    const product = w.mul(saved).sum();
    saved.add_(1);
    assertThrows(() => product.backward(), Error, "changed in place");
  });

  test("views survive a move to the host and back", (device) => {
    const x = ebb.arange(0, 6, 1, { dtype: "float32" });
    const view = x.reshape([2, 3]);
    const ticket = device.copies.copyOut(x.storage)!;
    device.copies.wait(ticket);
    assertEquals([view.storage.state, device.memory().liveBytes], ["away", 0]);
    assertEquals(view.toArray(), [[0, 1, 2], [3, 4, 5]]); // read where it is
    assertEquals(view.storage.state, "away");
    assertEquals(view.add(1).toArray(), [[1, 2, 3], [4, 5, 6]]); // brought back for an op
    assertEquals(x.storage.state, "resident");
    x.mul_(2);
    assertEquals(view.toArray(), [[0, 2, 4], [6, 8, 10]]);
  });

  test("a storage may be written to or freed while it leaves and while it returns", (device) => {
    const { copies } = device;
    const make = () => ebb.full([1 << 14], 3);
    const written = make();
    copies.copyOut(written.storage);
    written.add_(1);
    copies.drain();
    assertEquals([written.storage.state, written.data()[99]], ["resident", 4]);

    const away = make();
    copies.wait(copies.copyOut(away.storage)!);
    copies.copyIn(away.storage);
    away.add_(2);
    assertEquals([away.storage.state, away.data()[99]], ["resident", 5]);

    const [leaving, returning] = [make(), make()];
    copies.wait(copies.copyOut(returning.storage)!);
    copies.copyOut(leaving.storage);
    copies.copyIn(returning.storage);
    leaving.dispose();
    returning.dispose();
    const fresh = make(); // may get their blocks, but not while a copy uses them
    copies.drain();
    assertEquals(fresh.data().every((value) => value === 3), true);
  });

  Deno.test({
    name: `${kind}: what finds no room in host memory goes to a file and comes back${
      missing ? ` (${missing})` : ""
    }`,
    ignore: missing !== undefined,
    fn: () =>
      inDirectory((directory) => {
        const device = open({ hostBudget: 1 });
        device.copies.useDisk(directory);
        const check = () => {
          const x = ebb.arange(0, 1001, 1, { dtype: "float32", device });
          device.copies.wait(device.copies.copyOut(x.storage)!);
          assertEquals([x.storage.state, device.memory().liveBytes], ["away", 0]);
          assertEquals(device.copies.memory().disk!.liveBytes, 4096);
          assertEquals(x.data()[500], 500); // read where it is
          assertEquals([x.storage.state, x.sum().item()], ["away", 500500]); // brought back for an op
          assertEquals(x.storage.state, "resident");
        };
        leakFree(() => ebb.scope(check), device);
        device.copies.drain();
        assertEquals(device.copies.far.liveBytes, 0);
      }),
  });

  test("more than fits is computed with when an observer makes room", (device) => {
    const order: Storage[] = [];
    device.observer = {
      created: (storage) => void order.push(storage),
      freed: (storage) => void order.splice(order.indexOf(storage), 1),
      makeRoom: () =>
        order.some((storage) => storage.state === "resident" && device.copies.copyOut(storage) !== null),
    };
    const parts = Array.from({ length: 12 }, (_, i) => ebb.full([1 << 14], i)); // 768 KiB
    const sum = parts.reduce((a, b) => a.add(b));
    assertEquals(sum.data()[5], 66);
    assert(device.memory().peakBytes <= 1 << 18);
    for (const [i, part] of parts.entries()) assertEquals(part.data()[77], i);
    device.observer = null;
  }, { budget: "256 KiB" });

  test("swapping everything between every two ops changes no bit", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const program: Program = randomProgram(seed, 40);
      const plain = runProgram(program, open());
      const moved = runProgram(program, open(), (tensors, device) => {
        for (const { storage } of tensors) device.copies.copyOut(storage);
        device.copies.drain();
        for (const { storage } of tensors) assertEquals(storage.state, "away");
      });
      const racing = runProgram(program, open(), (tensors, device, generator) => {
        for (const { storage } of tensors) {
          if (generator.int(2) === 0) device.copies.copyOut(storage);
          else device.copies.copyIn(storage);
        }
      });
      assertEquals(moved, plain, `seed ${seed}, everything away`);
      assertEquals(racing, plain, `seed ${seed}, copies under way`);
    }
  });
}
