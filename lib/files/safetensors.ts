/**
 * The safetensors format as bytes: a little-endian length, a JSON header that names every tensor's type, shape and
 * place, then the tensors themselves without a gap. What is written is what the Python library writes for the same
 * tensors, byte for byte; what is read is checked whole before anything is believed. Knows nothing of tensors.
 *
 * @module
 */

/** An element type as the format spells it. */
export type SafetensorsType =
  | "U64"
  | "I64"
  | "F64"
  | "C64"
  | "F32"
  | "U32"
  | "I32"
  | "BF16"
  | "F16"
  | "U16"
  | "I16"
  | "F8_E8M0"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I8"
  | "U8"
  | "BOOL";

/** Bytes of an element, in the order in which the format's reference library sorts the types of a file. */
const BYTES: Record<SafetensorsType, number> = {
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  F8_E8M0: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
};
const ORDER = Object.keys(BYTES);

/** The reference library refuses longer headers; so a foreign file's first bytes are never taken for a length. */
const LONGEST_HEADER = 100_000_000;

/** One tensor of a file. */
export interface SafetensorsEntry {
  /** Its key, such as `layers.0.weight`. */
  readonly name: string;
  /** Its element type. */
  readonly dtype: SafetensorsType;
  /** Its shape; `[]` for a scalar. */
  readonly shape: readonly number[];
  /** Its elements, row by row, little-endian; not aligned to their size in a foreign file. */
  readonly bytes: Uint8Array;
}

/** What a file holds. */
export interface SafetensorsFile {
  /** The tensors in the order of their bytes. */
  readonly entries: SafetensorsEntry[];
  /** The writer's notes; `{}` if it left none. */
  readonly metadata: Record<string, string>;
}

/**
 * Reads a file's bytes. The entries are views into `file`, not copies.
 *
 * @param file The whole file.
 * @param name What errors call it, such as its path.
 * @throws {Error} If the file is cut short, longer than its header says, foreign, or its header contradicts itself:
 * a sentence with `name` and the numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { concat, parseSafetensors, serializeSafetensors } from "./safetensors.ts";
 *
 * const entry = { name: "x", dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) } as const;
 * assertEquals(parseSafetensors(concat(serializeSafetensors([entry])), "memory").entries, [entry]);
 * ```
 */
export function parseSafetensors(file: Uint8Array, name: string): SafetensorsFile {
  const fail: Fail = (message) => {
    throw new Error(`${name}: ${message}`);
  };
  if (file.length < 8) fail(`expected a safetensors file of at least 8 bytes but found ${file.length} bytes`);
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (length > LONGEST_HEADER) {
    fail(`expected a safetensors header of at most ${LONGEST_HEADER} bytes but found a length of ${length}`);
  }
  if (length > file.length - 8) {
    fail(
      `expected a safetensors header of ${length} bytes but found ${
        file.length - 8
      } bytes, the file is cut short`,
    );
  }
  const header = parseHeader(file.subarray(8, 8 + length), fail);
  const data = file.subarray(8 + length);
  const { __metadata__: metadata, ...tensors } = header;
  const places = Object.entries(tensors).map(([key, value]) => parsePlace(key, value, fail));
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const place of places) {
    if (place.begin !== end) {
      fail(`expected "${place.name}" to begin at byte ${end} but found ${place.begin}`);
    }
    end = place.end;
  }
  if (end !== data.length) {
    const state = end > data.length ? "the file is cut short" : "the file has more than its header tells";
    fail(`expected ${end} bytes of tensors but found ${data.length}, ${state}`);
  }
  const entries = places.map(({ name, dtype, shape, begin, end }) => (
    { name, dtype, shape, bytes: data.subarray(begin, end) }
  ));
  return { entries, metadata: parseMetadata(metadata, fail) };
}

/**
 * The file for the given tensors: its parts in order, the header first, then the entries' own bytes uncopied. The
 * tensors are sorted as the Python library sorts them, by element size and name, so that each is aligned.
 *
 * @param entries The tensors.
 * @param metadata Notes to keep with them.
 * @throws {Error} If two entries share a name, or an entry's bytes are not as many as its shape needs.
 */
export function serializeSafetensors(
  entries: readonly SafetensorsEntry[],
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const sorted = [...entries].sort((a, b) =>
    ORDER.indexOf(a.dtype) - ORDER.indexOf(b.dtype) || compareBytes(utf8(a.name), utf8(b.name))
  );
  const header: [string, unknown][] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => compareBytes(utf8(a), utf8(b)));
  if (notes.length > 0) header.push(["__metadata__", Object.fromEntries(notes)]);
  let end = 0;
  for (const [index, { name, dtype, shape, bytes }] of sorted.entries()) {
    if (name === "__metadata__" || name === sorted[index - 1]?.name) {
      throw new Error(
        `safetensors: expected each tensor to have a name of its own but found "${name}" taken`,
      );
    }
    const expected = sizeOf(dtype, shape);
    if (bytes.length !== expected) {
      const needs = `${expected} bytes for ${dtype} [${shape.join(", ")}]`;
      throw new Error(`safetensors: expected "${name}" to have ${needs} but found ${bytes.length}`);
    }
    header.push([name, { dtype, shape, data_offsets: [end, end += bytes.length] }]);
  }
  const json = `{${
    header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")
  }}`;
  // Spaces bring the first tensor to a multiple of eight bytes.
  const text = utf8(json);
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  return [head, ...sorted.map((entry) => entry.bytes)];
}

/** The parts of a file in one piece. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

type Fail = (message: string) => never;
type Place = Omit<SafetensorsEntry, "bytes"> & { begin: number; end: number };

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    fail(
      `expected a safetensors header in JSON but found ${bytes.length} other bytes (${
        (error as Error).message
      })`,
    );
  }
  if (!isRecord(header)) {
    fail(`expected the safetensors header to be a JSON object but found ${show(header)}`);
  }
  return header;
}

function parsePlace(name: string, value: unknown, fail: Fail): Place {
  if (!isRecord(value)) fail(`expected "${name}" to be described by an object but found ${show(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isType(dtype)) {
    fail(`expected "${name}" to be of a type among ${ORDER.join(", ")} but found ${show(dtype)}`);
  }
  if (!isCounts(shape)) fail(`expected "${name}" to have a shape of whole numbers but found ${show(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    fail(`expected "${name}" to have two ascending byte offsets but found ${show(offsets)}`);
  }
  const [begin, end] = offsets;
  const expected = sizeOf(dtype, shape);
  if (end - begin !== expected) {
    const needs = `${expected} bytes for ${dtype} [${shape.join(", ")}]`;
    fail(`expected "${name}" to have ${needs} but found ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value) || !Object.values(value).every((note) => typeof note === "string")) {
    fail(`expected the metadata to be an object of strings but found ${show(value)}`);
  }
  return value as Record<string, string>;
}

function sizeOf(dtype: SafetensorsType, shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, BYTES[dtype]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isType(value: unknown): value is SafetensorsType {
  return typeof value === "string" && Object.hasOwn(BYTES, value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}
