/**
 * The tensor: a view (element type, shape, offset) of a storage on a device, and its place on the tape. Elements lie in
 * row-major order without gaps. The operations are in `ops/`; `methods.ts` hangs them onto this class.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { DISPLAY } from "../notebook/mod.ts";
import { bytesPerElement, type DType, type HostArray, hostArray, toNumbers } from "./dtype.ts";
import { displayOf, textOf } from "./display.ts";
import type { TensorMethods } from "./methods.ts";
import { plainStorage } from "./layout.ts";
import { guardStorage, TENSOR, track, unguard } from "./scope.ts";
import { type Shape, showShape, sizeOf } from "./shape.ts";
import type { TapeNode } from "./tape.ts";

/** Nested arrays of numbers (or booleans), as `toArray` gives them. */
export type NestedArray = number | boolean | NestedArray[];

/** What every function of a tensor is as its method. */
export interface Tensor extends TensorMethods {}

/**
 * An array of numbers on a device. Made by `tensor`, `zeros`, `randn`, …; computed by functions that are methods too. Its
 * memory is freed by `dispose()`, at the end of a `using` or of a `scope`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * ebb.scope(() => x.square().sum().backward());
 * assertEquals(x.grad!.toArray(), [[2, 4], [6, 8]]);
 * assertEquals(`${x.dtype}[${x.shape}] on ${x.device.name}`, "float32[2,2] on cpu");
 * x.grad!.dispose();
 * ```
 */
export class Tensor {
  /** Element type. */
  readonly dtype: DType;
  /** Sizes along each axis. */
  readonly shape: Shape;
  /** Byte offset into the storage. */
  readonly offset: number;
  /** Whether contents are in the blocked layout of the CPU's convolutions; a user never sees it. */
  readonly blocked: boolean;
  /** Where `backward` gathers the gradient with respect to this tensor, if it is a leaf. */
  grad: Tensor | null = null;
  /**
   * The op that made this tensor, if a gradient is wanted; null for leaves.
   *
   * @internal
   */
  node: TapeNode | null = null;
  /** The leaf that this handle stands for, while a backward pass is recorded. */
  leaf: Tensor | null = null;
  /** Which output of {@link node} this is. */
  outputIndex = 0;
  /** Taken out of all scopes by `keep`. */
  kept = false;
  /** Marks tensors for those who may not import this class. */
  readonly [TENSOR] = true;
  #storage: Storage | null;
  #requiresGrad = false;

  /** Takes over one hold of `storage`. Users call `tensor(…)`. */
  constructor(storage: Storage, dtype: DType, shape: Shape, offset = 0, blocked = false) {
    this.#storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.offset = offset;
    this.blocked = blocked;
    track(this);
  }

  /** The bytes. Throws when the tensor was freed. */
  get storage(): Storage {
    if (this.#storage === null) {
      throw new Error(
        `tensor: expected a live tensor but found one of shape ${showShape(this.shape)} that was freed ` +
          "(by dispose, using, or the end of its scope; return it from the scope or keep() it)",
      );
    }
    return this.#storage;
  }

  /** Whether the tensor was freed. */
  get disposed(): boolean {
    return this.#storage === null;
  }

  /** The device that holds the elements. */
  get device(): Device {
    return this.storage.device;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Bytes of the elements. */
  get bytes(): number {
    return sizeOf(this.shape) * bytesPerElement(this.dtype);
  }

  /** Whether gradients flow to or through this tensor. */
  get requiresGrad(): boolean {
    return this.#requiresGrad || this.node !== null;
  }

  /** Makes a leaf gather gradients (or stop to). */
  set requiresGrad(value: boolean) {
    if (this.node !== null && !value) {
      throw new Error("requiresGrad: expected a leaf but found a computed tensor; use detach()");
    }
    this.#requiresGrad = value;
  }

  /** Another tensor over the same bytes, not on the tape. */
  alias(shape: Shape = this.shape, offset: number = this.offset): Tensor {
    return new Tensor(this.storage.retain(), this.dtype, shape, offset, this.blocked);
  }

  /**
   * Goes over to other bytes, which must hold the same elements: how parameters move to another device or type, or into
   * an optimizer's buckets, while every holder keeps its handle. Takes over one hold of `storage`. What the tape saved of
   * the old bytes counts as changed, as later updates are not seen there.
   */
  rehome(storage: Storage, offset = 0, dtype: DType = this.dtype): void {
    if (this.node !== null) throw new Error("rehome: expected a leaf but found a computed tensor");
    const old = this.storage;
    this.#storage = storage;
    (this as { offset: number }).offset = offset;
    (this as { dtype: DType }).dtype = dtype;
    guardStorage(this);
    old.written();
    old.release();
  }

  /** The elements in row-major order, copied to the host. */
  data(): HostArray {
    const bytes = new Uint8Array(this.bytes);
    if (this.blocked) this.device.read(plainStorage(this), 0, bytes);
    else this.device.read(this.storage, this.offset, bytes);
    return hostArray(this.dtype, bytes.buffer);
  }

  /** The one element as a number. Throws when there is not exactly one. */
  item(): number {
    if (this.size !== 1) {
      throw new RangeError(`item: expected a tensor of one element but found shape ${showShape(this.shape)}`);
    }
    return toNumbers(this.data(), this.dtype)[0];
  }

  /** The elements as nested arrays; a scalar as a number, booleans as booleans. */
  toArray(): NestedArray {
    const flat: NestedArray[] = toNumbers(this.data(), this.dtype);
    const values = this.dtype === "bool" ? flat.map(Boolean) : flat;
    const nest = (axis: number, start: number, stride: number): NestedArray => {
      if (axis === this.rank) return values[start];
      const step = stride / this.shape[axis];
      return Array.from({ length: this.shape[axis] }, (_, i) => nest(axis + 1, start + i * step, step));
    };
    return nest(0, 0, values.length);
  }

  /** Frees the elements unless another tensor or the tape holds them. Doing it twice is harmless. */
  dispose(): void {
    const storage = this.#storage;
    if (storage === null) return;
    this.#storage = null;
    unguard(this);
    this.grad?.dispose();
    this.grad = null;
    this.node?.release();
    this.node = null;
    storage.release();
  }

  /** `using x = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Shape, type and device in a line. */
  toString(): string {
    return `Tensor(${this.dtype}${showShape(this.shape)}${
      this.disposed ? ", freed" : `, ${this.device.name}`
    })`;
  }

  /** What `console.log` shows: the line, and values, those in the middle of long axes left out. */
  [Symbol.for("Deno.customInspect")](): string {
    return textOf(this);
  }

  /** What a notebook shows: the same, and pictures of what has the shape and the values of images. */
  [DISPLAY](): Record<string, string> {
    return displayOf(this);
  }
}
