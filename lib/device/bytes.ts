/**
 * Amounts of memory: read from what a person writes, and written so that a person reads them.
 *
 * @module
 */

/** A number of bytes, or a text such as `"256 MiB"`, `"1.5 GB"`, `"4096"`. */
export type Bytes = number | string;

const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * Bytes as a whole number.
 *
 * @param amount number of bytes, or a text with a unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)
 * @param name what the amount is, for the error
 * @throws {RangeError} when it is no positive amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(ebb.parseBytes("1.5 MiB"), 1572864);
 * ```
 */
export function parseBytes(amount: Bytes, name = "bytes"): number {
  const [, digits, unit] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(String(amount)) ?? [];
  const bytes = Math.floor(Number(digits) * UNITS[unit?.toLowerCase()]);
  if (!(bytes > 0)) {
    throw new RangeError(
      `${name}: expected an amount of memory such as 1048576 or "256 MiB" but found "${amount}"`,
    );
  }
  return bytes;
}

/**
 * Bytes as a short text, such as `1.5 MiB`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals([900, 1536, 150.4 * 2 ** 20].map(ebb.formatBytes), ["900 B", "1.5 KiB", "150 MiB"]);
 * ```
 */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${
    units[unit]
  }`;
}
