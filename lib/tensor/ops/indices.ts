/**
 * Checks of whole numbers that name elements: labels, rows, places along an axis. Where they lie in host memory they are
 * read, which costs less than a call; elsewhere reading would wait for the device, so there the graphs see to it
 * that a wrong one shows (a loss of NaN) or follow the provider.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";

/** Which whole numbers are right. */
export interface IndexRange {
  /** What they are, in the plural, as in `labels`. */
  what: string;
  /** They lie from 0 to before this. */
  limit: number;
  /** One more that is right. */
  ignored?: number;
}

/** Refuses anything but int64 and int32. */
export function checkIndexType(op: string, what: string, index: Tensor): void {
  if (index.dtype !== "int64" && index.dtype !== "int32") {
    throw new TypeError(`${op}: expected ${what} of int64 (or int32) but found ${index.dtype}; use to()`);
  }
}

/** Whether the elements of `index` can be read without waiting for a device. */
export function isReadable(index: Tensor): boolean {
  return index.device.provider === "cpu";
}

/**
 * Refuses whole numbers out of range, naming the first, where they can be read.
 *
 * @returns whether some are `range.ignored`; true where nobody looked.
 * @throws {TypeError | RangeError} when the type is no whole number's, or one is out of range.
 */
export function checkIndices(op: string, index: Tensor, range: IndexRange): boolean {
  checkIndexType(op, range.what, index);
  if (!isReadable(index)) return true;
  const { limit, ignored } = range;
  const wide = index.dtype === "int64";
  // Halves of 32 bits: a BigInt for each element would take ten times as long.
  const words = new Int32Array(index.data().buffer);
  const step = wide ? 2 : 1;
  // An ignored number may itself lie within the range.
  const inside = ignored !== undefined && ignored >= 0 && ignored < limit ? ignored : -1;
  let some = false;
  for (let i = 0; i < words.length; i += step) {
    const low = words[i];
    if (low >= 0 && low < limit && (!wide || words[i + 1] === 0) && low !== inside) continue;
    const value = wide ? words[i + 1] * 2 ** 32 + (low >>> 0) : low;
    if (value !== ignored) throw outOfRange(op, range, value, i / step);
    some = true;
  }
  return some;
}

function outOfRange(
  op: string,
  { what, limit, ignored }: IndexRange,
  value: number,
  place: number,
): RangeError {
  const allowed = limit === 0 ? "of an empty range" : `from 0 to ${limit - 1}`;
  const others = ignored === undefined ? "" : ` (or ${ignored}, which is ignored)`;
  return new RangeError(
    `${op}: expected ${what} ${allowed}${others} but found ${value} at position ${place}`,
  );
}
