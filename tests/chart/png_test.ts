/**
 * Charts as PNG files: of the size that was asked for, and with text in them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { deviceMemory } from "../../lib/chart/mod.ts";

Deno.test("png() draws the chart, its words too, in the size that was asked for", async () => {
  const chart = deviceMemory([{ at: 0, liveBytes: 0 }, { at: 1, liveBytes: 4096 }], {
    title: "Words in bold",
  });
  const [width, height] = [...chart.svg.matchAll(/(?:width|height)="(\d+)"/g)].map(([, size]) => Number(size))
    .sort((a, b) => b - a);
  const view = (file: Uint8Array) => new DataView(file.buffer, file.byteOffset);
  const [single, double] = [await chart.png({ scale: 1 }), await chart.png()];
  assertEquals([view(single).getUint32(16), view(double).getUint32(16)], [width, 2 * width]);
  assert(view(single).getUint32(20) <= height);
  const wordless = deviceMemory([{ at: 0, liveBytes: 0 }, { at: 1, liveBytes: 4096 }], { title: " " });
  assert((await wordless.png({ scale: 1 })).length < single.length, "the title takes bytes");
  await assertRejects(
    () => chart.png({ scale: 0 }),
    RangeError,
    "png: expected a scale above 0 and of at most 16 but found 0",
  );
});
