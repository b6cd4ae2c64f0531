/**
 * `OrtValue`s over memory that is ours, and copies between kinds of memory.
 *
 * @module
 */
import type { Address } from "./api.ts";
import { ELEMENT_TYPES, type ElementType } from "./graph.ts";
import { runtime } from "./runtime.ts";

type Make = (
  memory: Address,
  data: Address,
  bytes: number,
  shape: BigInt64Array,
  rank: number,
  type: number,
) => Address;

let make: Make | undefined;
let release: (value: Address) => void;
let copy: (env: Address, from: BigUint64Array, to: BigUint64Array, stream: Address, count: number) => void;

function prepare(): void {
  const { api } = runtime();
  make = api.maker(49, ["address", "address", "size", "buffer", "size", "i32"]);
  release = api.release(96);
  copy = api.method(386, ["address", "buffer", "buffer", "address", "size"]);
}

const dims = new BigInt64Array(32);

/**
 * A value of shape `shape` over the `bytes` bytes at `data`, which lie in memory of kind `memory`. Nothing is copied;
 * the memory must outlive the value.
 */
export function makeValue(
  memory: Address,
  data: Address,
  bytes: number,
  type: ElementType,
  shape: readonly number[],
): Address {
  if (make === undefined) prepare();
  for (let i = 0; i < shape.length; i++) dims[i] = BigInt(shape[i]);
  return make!(memory, data, bytes, dims, shape.length, ELEMENT_TYPES[type]);
}

/** Releases a value; the memory under it stays. */
export function releaseValue(value: Address): void {
  release(value);
}

const source = new BigUint64Array(1);
const target = new BigUint64Array(1);

/** Copies the contents of one value to another of the same type and shape, on any device each (`CopyTensors`). */
export function copyValue(from: Address, to: Address): void {
  source[0] = BigInt(from);
  target[0] = BigInt(to);
  copy(runtime().env, source, target, 0, 1);
}

/** A piece of memory of some kind. */
export interface Place {
  /** `OrtMemoryInfo`. */
  readonly memory: Address;
  /** Pointer, or handle. */
  readonly address: Address;
}

/** Copies `bytes` bytes between memory of any kinds (`CopyTensors`); returns when they are there. */
export function copyBytes(from: Place, to: Place, bytes: number): void {
  const shape = [bytes];
  const source = makeValue(from.memory, from.address, bytes, "uint8", shape);
  const target = makeValue(to.memory, to.address, bytes, "uint8", shape);
  try {
    copyValue(source, target);
  } finally {
    releaseValue(source);
    releaseValue(target);
  }
}
