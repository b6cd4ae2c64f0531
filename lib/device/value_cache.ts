/**
 * The values (`OrtValue`) that ONNX Runtime was given over one segment, kept by place, type and shape: a training loop
 * meets the same block with the same shape again in each step, and making a value costs as much as running a small op.
 *
 * @module
 */
import { type Address, type ElementType, makeValue, releaseValue } from "../ort/mod.ts";

interface Entry {
  type: ElementType;
  shape: readonly number[];
  value: Address;
}

/** Values kept of one place before the oldest goes. */
const KEPT = 8;

/**
 * Values that went. The op that is being called may have been given one of them for another operand at the same place,
 * so each is released only after many others have gone: far more than an op has operands.
 */
const gone = new Array<Address>(4096).fill(0);
let turn = 0;

function retire(value: Address): void {
  if (gone[turn] !== 0) releaseValue(gone[turn]);
  gone[turn] = value;
  turn = (turn + 1) % gone.length;
}

/** Values over one segment. */
export class ValueCache {
  readonly #entries = new Map<number, Entry[]>();

  /** The value of `type` and `shape` at `offset` of the memory at `address`; made if it is not there. */
  at(
    memory: Address,
    address: Address,
    offset: number,
    bytes: number,
    type: ElementType,
    shape: readonly number[],
  ): Address {
    let entries = this.#entries.get(offset);
    if (entries === undefined) this.#entries.set(offset, entries = []);
    for (const entry of entries) {
      if (entry.type === type && sameShape(entry.shape, shape)) return entry.value;
    }
    const value = makeValue(memory, address + offset, bytes, type, shape);
    if (entries.length === KEPT) retire(entries.shift()!.value);
    entries.push({ type, shape, value });
    return value;
  }

  /** Releases all values; the memory is about to go. */
  clear(): void {
    for (const entries of this.#entries.values()) for (const entry of entries) releaseValue(entry.value);
    this.#entries.clear();
  }
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
