import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { Link } from "../../lib/device/link.ts";

Deno.test("a link carries one copy after the other, each direction apart", () => {
  const link = new Link({ bytesPerSecond: 1e6, latencyMs: 100 });
  const start = performance.now();
  const after = (due: number) => Math.round((due - start) / 50) * 50;
  assertEquals(after(link.send("out", 500_000)), 600);
  assertEquals(after(link.send("out", 1_000_000)), 1600);
  assertEquals(after(link.send("in", 200_000)), 300);
});

Deno.test("a link refuses what is no speed", () => {
  for (const bytesPerSecond of [0, -1, NaN]) {
    assertThrows(
      () => ebb.cpu({ link: { bytesPerSecond } }),
      RangeError,
      "link: expected bytesPerSecond above 0",
    );
  }
  assertThrows(() => ebb.cpu({ link: { bytesPerSecond: 1, latencyMs: -1 } }), RangeError, "latencyMs");
});

Deno.test("copies of a device with a link end no earlier than it would carry them", () => {
  const device = ebb.cpu({ link: { bytesPerSecond: 20e6, latencyMs: 2 } });
  using x = ebb.ones([1 << 18], { device }); // 1 MiB: 52 ms and 2
  const start = performance.now();
  const out = device.copies.copyOut(x.storage)!;
  assertEquals([device.copies.done(out), x.storage.state], [false, "leaving"]);
  device.copies.wait(out);
  assertEquals(x.storage.state, "away");
  const away = performance.now();
  assert(away - start >= 54, `${away - start} ms out`);
  using y = x.add(1);
  assert(performance.now() - away >= 54, `${performance.now() - away} ms in`);
  assertEquals(y.data()[12], 2);
});
