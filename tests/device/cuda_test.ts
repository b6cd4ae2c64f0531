/**
 * CUDA: the device suite on a card where there is one; everywhere, its copies and memory over an imitated driver, and what
 * is looked for and said where parts are missing.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { imitatedCuda, ImitatedDriver } from "./imitated_cuda.ts";
import { testDevice } from "./suite.ts";

const info = ebb.devices().find(({ kind }) => kind === "cuda")!;

testDevice({
  kind: "cuda",
  open: (options) => ebb.cuda(0, options),
  missing: info.available ? undefined : info.reason,
});

testDevice({ kind: "cuda, imitated", open: (options) => imitatedCuda(options) });

Deno.test("a copy on a stream begins after what was computed, and an event is its ticket", () => {
  const driver = new ImitatedDriver();
  const device = imitatedCuda({}, driver);
  leakFree(() => {
    using x = ebb.ones([1000], { device });
    driver.calls.length = 0;
    const ticket = device.copies.copyOut(x.storage)!;
    assertEquals(driver.calls, ["allocateHost", "record", "waitFor", "copy", "record"]);
    assertEquals([device.copies.done(ticket), x.storage.state], [false, "leaving"]);
    x.add_(1); // it stays, then
    device.copies.wait(ticket);
    assertEquals([x.storage.state, x.data()[999]], ["resident", 2]);

    driver.calls.length = 0;
    device.copies.wait(device.copies.copyOut(x.storage)!);
    assertEquals(driver.calls.includes("allocateHost"), false, "pinned memory is used again");
    device.copies.copyIn(x.storage);
    using y = x.add(1); // waits for the copy
    assertEquals(y.data()[0], 3);
  }, device);
});

Deno.test("both directions are under way at once, and events are used again", () => {
  const driver = new ImitatedDriver();
  const device = imitatedCuda({}, driver);
  leakFree(() => {
    const tensors = Array.from({ length: 8 }, (_, i) => ebb.full([512], i, { device }));
    for (let round = 0; round < 5; round++) {
      for (const [i, { storage }] of tensors.entries()) {
        if (i % 2 === round % 2) device.copies.copyOut(storage);
        else device.copies.copyIn(storage);
      }
    }
    device.copies.drain();
    for (const [i, tensor] of tensors.entries()) {
      assertEquals(tensor.data()[100], i);
      tensor.dispose();
    }
  }, device);
});

Deno.test("memory that the card does not have is refused, and the device goes on", () => {
  const driver = new ImitatedDriver(1 << 20);
  const device = imitatedCuda({}, driver);
  leakFree(() => {
    assertThrows(() => ebb.zeros([1 << 20], { device }), ebb.OutOfMemoryError, "within the machine's memory");
    using x = ebb.ones([10], { device });
    assertEquals(x.data()[3], 1);
  }, device);
  device.emptyCache();
  assertEquals(driver.liveBytes, 0);
});
