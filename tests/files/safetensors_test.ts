/**
 * The bytes of safetensors, against what the Python library writes, and every file that is refused.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  concat,
  parseSafetensors,
  type SafetensorsEntry,
  serializeSafetensors,
} from "../../lib/files/safetensors.ts";

/**
 * What safetensors 0.8.0 for Python writes for
 * `save({"w": float32 [[1, -2], [3, .5]], "id": int64 [7], "h": float16 [1.5], "mask": bool [True, False, True],
 * "b": float32 .25}, {"step": "7"})`.
 */
const written = Uint8Array.fromBase64(
  "OAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJzdGVwIjoiNyJ9LCJpZCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0" +
    "cyI6WzAsOF19LCJiIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls4LDEyXX0sInciOnsiZHR5cGUiOiJG" +
    "MzIiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzEyLDI4XX0sImgiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzFdLCJkYXRh" +
    "X29mZnNldHMiOlsyOCwzMF19LCJtYXNrIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzMwLDMzXX19" +
    "ICAgICAHAAAAAAAAAAAAgD4AAIA/AAAAwAAAQEAAAAA/AD4BAAE=",
);

const bytes = (array: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const entries: SafetensorsEntry[] = [
  { name: "w", dtype: "F32", shape: [2, 2], bytes: bytes(Float32Array.of(1, -2, 3, 0.5)) },
  { name: "id", dtype: "I64", shape: [1], bytes: bytes(BigInt64Array.of(7n)) },
  { name: "h", dtype: "F16", shape: [1], bytes: bytes(Float16Array.of(1.5)) },
  { name: "mask", dtype: "BOOL", shape: [3], bytes: Uint8Array.of(1, 0, 1) },
  { name: "b", dtype: "F32", shape: [], bytes: bytes(Float32Array.of(0.25)) },
];

/** A file with the given header and `size` bytes of tensors. */
function fileOf(header: unknown, size: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = bytes(BigUint64Array.of(BigInt(text.length)));
  return concat([length, text, new Uint8Array(size)]);
}

const place = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });

Deno.test("serializeSafetensors() writes what the Python library writes, byte for byte", () => {
  assertEquals(concat(serializeSafetensors(entries, { step: "7" })), written);
});

Deno.test("parseSafetensors() reads what the Python library wrote", () => {
  const file = parseSafetensors(written, "fixture");
  assertEquals(file.metadata, { step: "7" });
  assertEquals(file.entries.map((entry) => entry.name), ["id", "b", "w", "h", "mask"]);
  for (const entry of file.entries) assertEquals(entry, entries.find(({ name }) => name === entry.name));
});

Deno.test("safetensors keep empty tensors, odd names and no tensors at all", () => {
  const odd: SafetensorsEntry[] = [
    { name: '"é"\n', dtype: "F64", shape: [0, 4], bytes: new Uint8Array(0) },
    { name: "7", dtype: "U8", shape: [1], bytes: Uint8Array.of(7) },
    { name: "__proto__", dtype: "U8", shape: [1], bytes: Uint8Array.of(8) },
  ];
  assertEquals(parseSafetensors(concat(serializeSafetensors(odd)), "odd").entries, odd);
  assertEquals(parseSafetensors(concat(serializeSafetensors([])), "none"), { entries: [], metadata: {} });
});

Deno.test("serializeSafetensors() sorts by element size, then by the bytes of the name", () => {
  const names = ["b", "ab", "a", "\u{1F600}", "\uFFFD"];
  const parts = serializeSafetensors(
    names.map((name): SafetensorsEntry => ({ name, dtype: "U8", shape: [], bytes: new Uint8Array(1) })),
  );
  const sorted = parseSafetensors(concat(parts), "sorted").entries.map((entry) => entry.name);
  assertEquals(sorted, ["a", "ab", "b", "\uFFFD", "\u{1F600}"]);
  assertEquals(parts[0].length % 8, 0);
});

Deno.test("parseSafetensors() refuses every file cut short", () => {
  for (let length = 0; length < written.length; length++) {
    const error = assertThrows(() => parseSafetensors(written.subarray(0, length), "cut.safetensors"), Error);
    assert(/^cut\.safetensors: expected .*\d.* but found .*\d/.test(error.message), error.message);
  }
});

Deno.test("parseSafetensors() says what is wrong with a file, with its name and the numbers", () => {
  const u8 = place("U8", [2], [0, 2]);
  const cases: [Uint8Array, string][] = [
    [Uint8Array.of(1, 2), "expected a safetensors file of at least 8 bytes but found 2 bytes"],
    [
      new TextEncoder().encode("\x89PNG\r\n\x1a\n and more"),
      "expected a safetensors header of at most 100000000 bytes but found a length of",
    ],
    [
      written.subarray(0, 100),
      "expected a safetensors header of 312 bytes but found 92 bytes, the file is cut short",
    ],
    [concat([written, new Uint8Array(3)]), "expected 33 bytes of tensors but found 36, the file has more"],
    [written.subarray(0, 350), "expected 33 bytes of tensors but found 30, the file is cut short"],
    [fileOf("{nonsense", 0), "expected a safetensors header in JSON but found 9 other bytes"],
    [fileOf([1], 0), "expected the safetensors header to be a JSON object but found [1]"],
    [fileOf({ x: 3 }, 0), 'expected "x" to be described by an object but found 3'],
    [fileOf({ x: place("Q4", [2], [0, 2]) }, 2), 'expected "x" to be of a type among U64, I64'],
    [fileOf({ x: place("toString", [2], [0, 2]) }, 2), 'but found "toString"'],
    [
      fileOf({ x: place("U8", [-2], [0, 2]) }, 2),
      'expected "x" to have a shape of whole numbers but found [-2]',
    ],
    [
      fileOf({ x: place("U8", [2], [2, 0]) }, 2),
      'expected "x" to have two ascending byte offsets but found [2,0]',
    ],
    [fileOf({ x: place("F32", [2], [0, 2]) }, 2), 'expected "x" to have 8 bytes for F32 [2] but found 2'],
    [fileOf({ x: u8, y: place("U8", [2], [4, 6]) }, 6), 'expected "y" to begin at byte 2 but found 4'],
    [fileOf({ x: u8, y: place("U8", [2], [1, 3]) }, 3), 'expected "y" to begin at byte 2 but found 1'],
    [fileOf({ __metadata__: { step: 7 }, x: u8 }, 2), "expected the metadata to be an object of strings"],
  ];
  for (const [file, message] of cases) {
    const error = assertThrows(() => parseSafetensors(file, "model.safetensors"), Error, message);
    assert(error.message.startsWith("model.safetensors: "), error.message);
  }
});

Deno.test("serializeSafetensors() refuses a name used twice and bytes that do not fit the shape", () => {
  const x: SafetensorsEntry = { name: "x", dtype: "U8", shape: [1], bytes: new Uint8Array(1) };
  assertThrows(() => serializeSafetensors([x, x]), Error, 'but found "x" taken');
  assertThrows(
    () => serializeSafetensors([{ ...x, dtype: "F32" }]),
    Error,
    'safetensors: expected "x" to have 4 bytes for F32 [1] but found 1',
  );
});
