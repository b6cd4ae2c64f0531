/**
 * Buckets: parameters that are updated together, and what their optimizer remembers of them, as flat vectors, so that a
 * step is one call for many parameters. Small parameters move into a flat storage of their bucket (their handles stay);
 * large ones stay where they are, very large ones are updated in pieces that fit a cache. Alone, each in a bucket of its
 * own, are also parameters whose bytes somebody else sees, types other than float32, and devices whose memory cannot be
 * carved. A 16-bit parameter is updated in a float32 copy, its master, and rounded from that in each step.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { fromHost, zeros } from "../tensor/create.ts";
import { bytesPerElement, type DType } from "../tensor/dtype.ts";
import { keep } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asVector, gapAfter, join } from "./flat.ts";

/**
 * Elements from which on a parameter gains nothing from company, as joining its gradient costs a copy; beyond which a
 * bucket takes no further one; and beyond which a parameter is updated in pieces, as its vectors would not stay in the
 * cache between the nodes of a step. All are less where a budget is small.
 */
function limits({ pieceBytes }: Device): { large: number; full: number; veryLarge: number; piece: number } {
  const piece = Math.max(16, Math.floor(pieceBytes / 64) * 16);
  return { large: piece / 4, full: piece / 2, veryLarge: 2 * piece, piece };
}

/** A parameter, or a piece of one, and what is remembered of it. */
export interface Entry {
  parameter: Tensor;
  /** The piece's first element. */
  from: number;
  size: number;
  /** Updates so far. */
  steps: number;
  /** The optimizer's vectors of this piece; none before the first update. */
  state: readonly Tensor[];
  /** A 16-bit parameter's float32 copy. */
  master: Tensor | null;
}

/** Where a parameter, or a piece of one, lies in its bucket. */
export interface Slot {
  readonly parameter: Tensor;
  /** The piece's first element in the parameter. */
  readonly from: number;
  readonly size: number;
  /** Its first element in the bucket. */
  readonly start: number;
}

/** Parameters that are updated together. */
export class Bucket {
  readonly slots: readonly Slot[];
  /** Elements between a slot's end and the next slot. */
  readonly gaps: readonly number[];
  /** What is updated: the parameters' own elements, or their masters. */
  readonly values: Tensor;
  /** What the optimizer remembers, in vectors as long as {@link values}. */
  readonly state: readonly Tensor[];
  /** Whether {@link values} is a float32 copy of one 16-bit parameter. */
  readonly master: boolean;
  /** Updates so far. */
  steps: number;

  constructor(
    slots: readonly Slot[],
    values: Tensor,
    state: readonly Tensor[],
    steps: number,
    master: boolean,
  ) {
    this.slots = slots;
    this.gaps = gapsOf(slots);
    this.values = keep(values);
    this.state = state.map(keep);
    this.steps = steps;
    this.master = master;
  }

  /** Whether some parameter went elsewhere: to another device or type, or into another optimizer's bucket. */
  get stale(): boolean {
    const { storage, offset, dtype } = this.values;
    const width = bytesPerElement(dtype);
    return this.slots.some(({ parameter, from, start }) =>
      this.master
        ? parameter.device !== storage.device || !isHalf(parameter.dtype)
        : parameter.storage !== storage || parameter.offset + from * width !== offset + start * width
    );
  }

  /** What is remembered of slot `index`, as views that the caller frees. */
  entry(index: number): Entry {
    const { parameter, from, size, start } = this.slots[index];
    const part = (vector: Tensor) =>
      vector.alias([size], vector.offset + start * bytesPerElement(vector.dtype));
    const master = this.master ? part(this.values) : null;
    return { parameter, from, size, steps: this.steps, state: this.state.map(part), master };
  }

  /** Lets go of its vectors; the parameters stay where they are. */
  dispose(): void {
    this.values.dispose();
    for (const vector of this.state) vector.dispose();
  }
}

/** What is known of a parameter that was never updated, in pieces where it is very large. */
export function newEntries(parameter: Tensor): Entry[] {
  const { size, dtype } = parameter;
  const { veryLarge, piece: most } = limits(parameter.device);
  const piece = size > veryLarge && !isHalf(dtype) && parameter.device.backend.divisible ? most : size;
  return Array.from({ length: Math.ceil(size / piece) }, (_, i) => ({
    parameter,
    from: i * piece,
    size: Math.min(piece, size - i * piece),
    steps: 0,
    state: [],
    master: null,
  }));
}

/**
 * Makes buckets of entries, with `vectors` vectors of state each. Runs without recording, within a scope.
 *
 * @param old buckets that held the entries until now; the caller frees them when this has succeeded
 * @returns buckets whose parameters share a device and a number of steps.
 */
export function makeBuckets(entries: readonly Entry[], vectors: number, old: readonly Bucket[]): Bucket[] {
  const known = new Map<Storage, number>();
  const count = ({ storage }: Tensor) => known.set(storage, (known.get(storage) ?? 0) + 1);
  new Set(entries.map(({ parameter }) => parameter)).forEach(count);
  for (const { values } of old) count(values);
  // Where others see the bytes, moving the parameter would part it from them.
  const movable = ({ parameter, size }: Entry) =>
    parameter.dtype === "float32" && size < limits(parameter.device).large && size === parameter.size &&
    parameter.device.backend.divisible && parameter.storage.holders === known.get(parameter.storage);

  const alone = entries.filter((entry) => !movable(entry));
  const company = packs(entries.filter(movable));
  const made: Bucket[] = [];
  try {
    for (const entry of alone) made.push(placed(entry, vectors));
    for (const pack of company) made.push(moved(pack, vectors));
  } catch (error) {
    for (const bucket of made) bucket.dispose();
    throw error;
  }
  return made;
}

/** Whether a type is updated by way of a float32 copy. */
export function isHalf(dtype: DType): boolean {
  return dtype === "float16" || dtype === "bfloat16";
}

/** Groups of entries that go into one bucket each: on one device, updated as often, all with a gradient or none. */
function packs(entries: readonly Entry[]): Entry[][] {
  const open = new Map<Device, Map<string, Entry[]>>();
  const all: Entry[][] = [];
  for (const entry of entries) {
    const { parameter: { device, grad }, steps } = entry;
    const onDevice = open.get(device) ?? new Map<string, Entry[]>();
    open.set(device, onDevice);
    const key = `${steps} ${grad !== null}`;
    let pack = onDevice.get(key);
    if (pack === undefined || pack.reduce((sum, { size }) => sum + size, entry.size) > limits(device).full) {
      onDevice.set(key, pack = []);
      all.push(pack);
    }
    pack.push(entry);
  }
  return all;
}

/** A bucket of one entry, over the parameter's own bytes or its master. */
function placed(entry: Entry, vectors: number): Bucket {
  const { parameter, from, size, steps } = entry;
  const half = isHalf(parameter.dtype);
  const values = !half
    ? parameter.alias([size], parameter.offset + from * bytesPerElement(parameter.dtype))
    : entry.master === null
    ? join([asVector(parameter)], [0], "float32")
    : join([onDevice(entry.master, parameter.device)], [0]);
  return new Bucket(
    [{ parameter, from, size, start: 0 }],
    values,
    stateOf([entry], [0], vectors),
    steps,
    half,
  );
}

/** A bucket into which the parameters of `pack` move. */
function moved(pack: readonly Entry[], vectors: number): Bucket {
  let start = 0;
  const slots = pack.map(({ parameter, size }): Slot => {
    const slot = { parameter, from: 0, size, start };
    start += size + gapAfter(size);
    return slot;
  });
  const gaps = gapsOf(slots);
  const values = join(pack.map(({ parameter }) => asVector(parameter)), gaps);
  const state = stateOf(pack, gaps, vectors);
  for (const { parameter, start } of slots) {
    parameter.rehome(values.storage.retain(), start * bytesPerElement(values.dtype));
  }
  return new Bucket(slots, values, state, pack[0].steps, false);
}

/** The last slot needs no gap behind it. */
function gapsOf(slots: readonly Slot[]): number[] {
  return slots.map(({ size, start }, i) => i + 1 < slots.length ? slots[i + 1].start - start - size : 0);
}

/** The vectors of state of a new bucket: copies of what is known, zeros where nothing is. */
function stateOf(pack: readonly Entry[], gaps: readonly number[], vectors: number): Tensor[] {
  const { parameter: { device, dtype } } = pack[0];
  const type = isHalf(dtype) ? "float32" : dtype;
  const total = pack.reduce((sum, { size }, i) => sum + size + gaps[i], 0);
  return Array.from({ length: vectors }, (_, i) => {
    if (pack.every(({ state }) => state.length === 0)) return zeros([total], { dtype: type, device });
    return join(
      pack.map(({ state, size }) => onDevice(state[i] ?? zeros([size], { dtype: type, device }), device)),
      gaps,
      type,
    );
  });
}

function onDevice(vector: Tensor, device: Device): Tensor {
  if (vector.device === device) return vector;
  return fromHost(vector.data(), vector.shape, { dtype: vector.dtype, device });
}
