/**
 * Element types: their sizes, the typed arrays that hold them on the host, and what counts as floating.
 *
 * @module
 */
import { type ElementType, encodeValues } from "../ort/mod.ts";

/** Name of an element type, as in PyTorch. */
export type DType = ElementType;

/** A typed array of any element type. */
export type HostArray =
  | Float32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

interface HostArrayType {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): HostArray;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

const HOST_ARRAYS: Record<DType, HostArrayType> = {
  float32: Float32Array,
  float16: Float16Array,
  float64: Float64Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * All element types.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const typeOf = (name: string) => ebb.DTYPES.find((dtype) => dtype === name); // such as a file names it
 * assertEquals([typeOf("bfloat16"), typeOf("half")], ["bfloat16", undefined]);
 * ```
 */
export const DTYPES: readonly DType[] = Object.keys(HOST_ARRAYS) as DType[];

/** Position in {@link DTYPES}, as a short key. */
export const DTYPE_CODES: Record<DType, number> = Object.fromEntries(
  DTYPES.map((dtype, index) => [dtype, index]),
) as Record<DType, number>;

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return HOST_ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/**
 * Whether a type has fractions, and so gradients.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const floating = ebb.DTYPES.filter((dtype) => ebb.isFloating(dtype));
 * assertEquals(floating, ["float32", "float16", "float64", "bfloat16"]);
 * ```
 */
export function isFloating(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float16" || dtype === "float64" || dtype === "bfloat16";
}

/** The typed array that holds elements of `dtype` on the host. */
export function hostArrayType(dtype: DType): HostArrayType {
  return HOST_ARRAYS[dtype];
}

/** A typed array for elements of `dtype` over a buffer, or a new one of `length` elements. */
export function hostArray(dtype: DType, source: ArrayBuffer | number): HostArray {
  const type = HOST_ARRAYS[dtype];
  return typeof source === "number"
    ? new type(new ArrayBuffer(source * type.BYTES_PER_ELEMENT))
    : new type(source);
}

/** The element type that a typed array stands for when none is named. */
export function dtypeOf(array: ArrayBufferView): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Uint8Array) return "uint8";
  if (array instanceof Float16Array) return "float16";
  throw new TypeError(`tensor: expected a typed array of a known type but found ${array.constructor.name}`);
}

/** The least and the greatest number of types without fractions. */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1],
  uint8: [0, 255],
};

/** Asks for numbers that lie in the range of `dtype`, where it has one; fractions may be cut off. */
export function checkValues(name: string, values: Iterable<number>, dtype: DType): void {
  const range = RANGES[dtype];
  if (range === undefined) return;
  const [least, greatest] = range;
  for (const value of values) {
    if (value >= least && value <= greatest) continue;
    throw new RangeError(
      `${name}: expected numbers from ${least} to ${greatest} for ${dtype} but found ${value}`,
    );
  }
}

/** Numbers as a typed array of `dtype`; rounds, truncates or wraps as that array does. */
export function fromNumbers(values: readonly number[], dtype: DType): HostArray {
  if (dtype === "int64") return BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)));
  if (dtype === "bool") return Uint8Array.from(values, (value) => value ? 1 : 0);
  const bytes = encodeValues(values, dtype);
  return hostArray(dtype, bytes.slice().buffer);
}

/** Elements of a typed array as numbers (booleans as 0 and 1). */
export function toNumbers(array: HostArray, dtype: DType): number[] {
  if (dtype === "int64") return Array.from(array as BigInt64Array, Number);
  if (dtype === "bfloat16") {
    return Array.from(new Float32Array(Uint32Array.from(array as Uint16Array, (half) => half << 16).buffer));
  }
  return Array.from(array as Float32Array);
}
