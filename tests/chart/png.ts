/**
 * Reads back the pictures that charts hold.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { crc32, inflateSync } from "node:zlib";

/** A PNG of 8 bits a sample and without filters, as a data URL: its size, and its samples row by row. */
export function readPng(url: string): { width: number; height: number; channels: number; samples: number[] } {
  const [head, body] = url.split(",");
  assertEquals(head, "data:image/png;base64");
  const file = Uint8Array.fromBase64(body);
  assertEquals(String.fromCharCode(...file.subarray(1, 4)), "PNG");
  const view = new DataView(file.buffer);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < file.length;) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    assertEquals(view.getUint32(end), crc32(file.subarray(at + 4, end)));
    chunks.push([String.fromCharCode(...file.subarray(at + 4, at + 8)), file.subarray(at + 8, end)]);
    at = end + 4;
  }
  assertEquals(chunks.map(([name]) => name), ["IHDR", "IDAT", "IEND"]);
  const [header, data] = chunks.map(([, bytes]) => bytes);
  const [width, height] = [16, 20].map((at) => view.getUint32(at));
  assertEquals(header[8], 8);
  const channels = header[9] === 0 ? 1 : 3;
  const lines = [...inflateSync(data)];
  const line = 1 + channels * width;
  assertEquals(lines.length, line * height);
  assertEquals(lines.filter((value, at) => at % line === 0 && value !== 0), [], "no filter");
  return { width, height, channels, samples: lines.filter((_, at) => at % line !== 0) };
}
