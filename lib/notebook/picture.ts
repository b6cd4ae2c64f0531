/**
 * Images as data URLs of PNG files, so that a page or a chart holds them without a file beside it.
 *
 * The file is the plainest that the PNG specification (ISO/IEC 15948) knows: 8 bits a sample, grey or red, green, blue,
 * no filter, no palette. Node's zlib deflates and sums.
 *
 * @module
 */
import defer * as zlib from "node:zlib";

/** The first bytes of every PNG file. */
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** How a file's header names its colours. */
const [GREY, RGB] = [0, 2];

/**
 * An image as the data URL of a PNG.
 *
 * @param values `[channels, height, width]`, 0 to 1, of any typed array; what is outside is clipped
 * @param shape of `values`: 1 channel is grey, 3 are red, green, blue
 * @throws {RangeError} when the shape is no such one, or `values` has another number of elements.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const checks = ebb.chart.pictureUrl([0, 1, 1, 0], [1, 2, 2]);
 * assert(checks.startsWith("data:image/png;base64,"));
 * ```
 */
export function pictureUrl(values: ArrayLike<number | bigint>, shape: readonly number[]): string {
  checkPicture("pictureUrl", values, shape);
  const [channels, height, width] = shape;
  const line = 1 + channels * width; // the first byte names the filter: none
  const samples = new Uint8Array(line * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = Number(values[(channel * height + row) * width + column]);
        samples[row * line + 1 + column * channels + channel] = 255 * Math.min(1, Math.max(0, value)) + 0.5;
      }
    }
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits a sample
  header.setUint8(9, channels === 1 ? GREY : RGB);
  const file = new Uint8Array([
    ...SIGNATURE,
    ...chunk("IHDR", new Uint8Array(header.buffer)),
    ...chunk("IDAT", zlib.deflateSync(samples)),
    ...chunk("IEND", new Uint8Array()),
  ]);
  return `data:image/png;base64,${file.toBase64()}`;
}

/** Refuses what is no picture. `name` is who asks. */
export function checkPicture(
  name: string,
  { length }: ArrayLike<number | bigint>,
  shape: readonly number[],
): void {
  const isPicture = shape.length === 3 && [1, 3].includes(shape[0]) &&
    shape.every((size) => Number.isInteger(size) && size > 0);
  if (!isPicture) {
    throw new RangeError(
      `${name}: expected an image of shape [1 or 3, height, width] but found [${shape.join(", ")}]`,
    );
  }
  const expected = shape.reduce((a, b) => a * b);
  if (length !== expected) {
    throw new RangeError(
      `${name}: expected ${expected} values for an image of shape [${shape.join(", ")}] but found ${length}`,
    );
  }
}

/** A part of a PNG file: its length, its name, its data, and a sum over the last two. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, zlib.crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
