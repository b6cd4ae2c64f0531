/**
 * A tensor as the tape keeps it: a hold on the bytes, not on the user's handle, so the handle may be freed before the
 * backward pass. A change in place in between is noticed.
 *
 * @module
 */
import type { Storage } from "../device/mod.ts";
import type { DType } from "./dtype.ts";
import { type Shape, showShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** A hold on a tensor's bytes as they were. */
export class SavedTensor {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly offset: number;
  readonly blocked: boolean;
  readonly #version: number;

  constructor(tensor: Tensor) {
    this.storage = tensor.storage.retain();
    this.dtype = tensor.dtype;
    this.shape = tensor.shape;
    this.offset = tensor.offset;
    this.blocked = tensor.blocked;
    this.#version = this.storage.version;
  }

  /** The tensor again, as a new handle. Throws when it was changed in place since it was saved. */
  restore(op: string): Tensor {
    if (this.storage.version !== this.#version) {
      throw new Error(
        `backward of ${op}: expected the saved tensor of shape ${
          showShape(this.shape)
        } as it was but found it ` +
          "changed in place since; change a copy, or call backward first",
      );
    }
    return new Tensor(this.storage.retain(), this.dtype, this.shape, this.offset, this.blocked);
  }

  release(): void {
    this.storage.release();
  }
}
