import { assertEquals, assertThrows } from "@std/assert";
import { formatBytes, parseBytes } from "../../lib/device/bytes.ts";

Deno.test("parseBytes() reads numbers and every unit", () => {
  assertEquals(parseBytes(4096), 4096);
  assertEquals(parseBytes("4096"), 4096);
  assertEquals(parseBytes("1 kB"), 1000);
  assertEquals(parseBytes("1 KiB"), 1024);
  assertEquals(parseBytes("1.5MiB"), 1572864);
  assertEquals(parseBytes("2 gb"), 2e9);
  assertEquals(parseBytes(" 1 TiB "), 2 ** 40);
});

Deno.test("parseBytes() refuses what is no amount of memory, and names what it was for", () => {
  for (const amount of ["", "much", "1 MiB of memory", "-1 MiB", 0, -5, NaN, Infinity, "1..5 MB", "5 XB"]) {
    assertThrows(
      () => parseBytes(amount, "cpu budget"),
      RangeError,
      `cpu budget: expected an amount of memory`,
    );
  }
});

Deno.test("formatBytes() writes what a person reads", () => {
  const written = [0, 1023, 1024, 1536, 10 * 2 ** 20, 150.4 * 2 ** 20, 2 ** 40, -2048].map(formatBytes);
  assertEquals(written, ["0 B", "1023 B", "1 KiB", "1.5 KiB", "10 MiB", "150 MiB", "1 TiB", "-2 KiB"]);
});
