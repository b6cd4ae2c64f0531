/**
 * Entries of a safetensors file and the arrays that they stand for.
 *
 * @module
 */
import { type DType, dtypeOf, type HostArray, hostArray } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { SafetensorsEntry, SafetensorsType } from "./safetensors.ts";

const TYPES: Record<DType, SafetensorsType> = {
  float32: "F32",
  float16: "F16",
  float64: "F64",
  bfloat16: "BF16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  bool: "BOOL",
};
const DTYPES = new Map(Object.entries(TYPES).map(([dtype, type]) => [type, dtype as DType]));

/** A tensor's contents as an entry. */
export function tensorEntry(name: string, tensor: Tensor): SafetensorsEntry {
  return { name, dtype: TYPES[tensor.dtype], shape: tensor.shape, bytes: bytesOf(tensor.data()) };
}

/** An array as an entry; the array is not copied. */
export function arrayEntry(name: string, array: HostArray): SafetensorsEntry {
  return { name, dtype: TYPES[dtypeOf(array)], shape: [array.length], bytes: bytesOf(array) };
}

function bytesOf(array: HostArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * An entry's elements, copied.
 *
 * @param file what errors call the file
 * @throws {Error} when they are of a type that there is not here.
 */
export function arrayOf(
  file: string,
  { name, dtype: type, shape, bytes }: SafetensorsEntry,
): { array: HostArray; shape: readonly number[]; dtype: DType } {
  const dtype = DTYPES.get(type);
  if (dtype === undefined) {
    throw new Error(
      `${file}: expected "${name}" to be of a type among ${[...DTYPES.keys()]} but found ${type}`,
    );
  }
  // A copy is aligned, as a typed array must be and a foreign file need not.
  return { array: hostArray(dtype, new Uint8Array(bytes).buffer), shape, dtype };
}
