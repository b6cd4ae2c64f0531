/**
 * A tensor as the tape keeps it: a hold on the bytes, not on the user's handle, so the handle may be freed before the
 * backward pass. A change in place in between is noticed. Others may keep less (`checkpoint.ts`).
 *
 * @module
 */
import { newestStorage, type Storage } from "../device/mod.ts";
import type { DType } from "./dtype.ts";
import { type Shape, showShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** What the tape keeps of a tensor. */
export abstract class Saved {
  /** The tensor again, as a new handle. `op` is the one whose gradient asks, for errors. */
  abstract restore(op: string): Tensor;
  /** It is not needed any more. */
  abstract release(): void;
}

/** Decides what is kept of a tensor, in place of a hold on its bytes. */
export interface Saver {
  save(tensor: Tensor): Saved;
  /** An op has been recorded, with all that it saves. */
  recorded(): void;
}

let saver: Saver | null = null;

/** Who decides now; null: all is held. */
export function currentSaver(): Saver | null {
  return saver;
}

/** What the tape keeps of `tensor`. */
export function save(tensor: Tensor): Saved {
  return saver === null ? new SavedTensor(tensor) : saver.save(tensor);
}

/** Called by the tape after every op that it recorded. */
export function recorded(): void {
  saver?.recorded();
}

/** Runs `fn`, which is synchronous, with another way to save. */
export function withSaver<T>(other: Saver | null, fn: () => T): T {
  const before = saver;
  saver = other;
  try {
    return fn();
  } finally {
    saver = before;
  }
}

/** The newest storage that was there before the run under way that repeats an earlier one; 0: none is under way. */
let oldest = 0;

/** Runs `fn`, which is synchronous, as the repetition of an earlier run. */
export function repeat<T>(fn: () => T): T {
  const before = oldest;
  oldest = newestStorage();
  try {
    return fn();
  } finally {
    oldest = before;
  }
}

/** Whether what runs now repeats an earlier run, to compute again what that did not keep: it must not count twice. */
export function isRepeated(): boolean {
  return oldest > 0;
}

/**
 * Whether a change in place of these storages has happened in the run that this one repeats, so that it must not happen
 * again: running statistics, for example. What the repetition made itself it changes as the first run did.
 */
export function hasHappened(storages: readonly Storage[]): boolean {
  return oldest > 0 && storages.length > 0 && storages.every(({ id }) => id <= oldest);
}

/** A hold on a tensor's bytes as they were. */
export class SavedTensor extends Saved {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly offset: number;
  readonly blocked: boolean;
  readonly #version: number;

  constructor(tensor: Tensor) {
    super();
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
