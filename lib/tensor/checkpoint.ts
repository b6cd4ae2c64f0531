/**
 * Checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174): of a part of a forward
 * pass the tape keeps the inputs alone; what gradients read is computed again when the backward pass asks for it.
 *
 * @module
 */
import { defaultDevice, type Device, newestStorage, type Storage, withDevice } from "../device/mod.ts";
import { defaultGenerator } from "./random.ts";
import { currentSaver, repeat, save, Saved, SavedTensor, type Saver, withSaver } from "./saved.ts";
import { scope } from "./scope.ts";
import { enableGrad, gradEnabled } from "./tape.ts";
import { Tensor } from "./tensor.ts";

/** Ends a second run when everything has been saved that a gradient will read. */
class Enough extends Error {}

/** A part of a forward pass. */
class Segment implements Saver {
  readonly #fn: (...inputs: never[]) => unknown;
  /** Operands as they were given, tensors as the tape keeps them, and whether these want a gradient. */
  readonly #inputs: { value: unknown; needsGrad: boolean }[];
  readonly #random: number[] = defaultGenerator().state();
  readonly #device: Device = defaultDevice();
  /** The newest storage before the first run. */
  readonly #oldest: number;
  /** Who saves around this part. */
  readonly #outer: Saver | null = currentSaver();
  /** The inputs' bytes, in the run under way. */
  #given: readonly Storage[];
  /** What was saved and not released yet; the run itself counts as one. */
  #waiting = 1;
  #count = 0;
  #found: (SavedTensor | null)[] | null = null;

  constructor(fn: (...inputs: never[]) => unknown, inputs: readonly unknown[], oldest: number) {
    this.#fn = fn;
    this.#oldest = oldest;
    this.#inputs = inputs.map((input) =>
      input instanceof Tensor
        ? { value: save(input), needsGrad: input.requiresGrad }
        : { value: input, needsGrad: false }
    );
    this.#given = storagesOf(inputs);
  }

  save(tensor: Tensor): Saved {
    // Inputs of the part and what is older are there anyway, or another part's to compute again.
    if (this.#isOlder(tensor)) {
      return this.#outer === null ? new SavedTensor(tensor) : this.#outer.save(tensor);
    }
    this.#waiting++;
    return new Recomputed(this, this.#count++);
  }

  recorded(): void {}

  /** The tensor that was saved as number `index`. */
  restore(index: number, op: string): Tensor {
    this.#found ??= this.#run(op);
    return this.#found[index]!.restore(op);
  }

  /** Number `index` is not needed any more; undefined: the first run is over. */
  release(index?: number): void {
    if (index !== undefined && this.#found !== null) {
      this.#found[index]?.release();
      this.#found[index] = null;
    }
    if (--this.#waiting > 0) return;
    for (const { value } of this.#inputs) if (value instanceof Saved) value.release();
  }

  /** Runs the function again, as far as it saves something. */
  #run(op: string): SavedTensor[] {
    const found: SavedTensor[] = [];
    const count = this.#count;
    const saver: Saver = {
      save: (tensor) => {
        if (!this.#isOlder(tensor) && found.length < count) found.push(new SavedTensor(tensor));
        return new SavedTensor(tensor);
      },
      recorded: () => {
        if (found.length === count) throw new Enough();
      },
    };
    const generator = defaultGenerator();
    const random = generator.state();
    generator.restore(this.#random);
    try {
      const again = () => scope(() => void withSaver(saver, () => this.#call(op)));
      repeat(() => withDevice(this.#device, () => enableGrad(again)));
    } catch (error) {
      if (!(error instanceof Enough)) {
        for (const one of found) one.release();
        throw error;
      }
    } finally {
      generator.restore(random);
    }
    if (found.length === count) return found;
    for (const one of found) one.release();
    throw new Error(
      `checkpoint: expected the function to do the same again but found ${found.length} tensors saved for the ` +
        `backward pass where the first run saved ${count}; it must not depend on what changes in between`,
    );
  }

  #call(op: string): unknown {
    const inputs = this.#inputs.map(({ value, needsGrad }) => {
      if (!(value instanceof Saved)) return value;
      const tensor = value.restore(op);
      if (needsGrad) tensor.requiresGrad = true;
      return tensor;
    });
    this.#given = storagesOf(inputs);
    return this.#fn(...inputs as never[]);
  }

  /** Whether a tensor was there before the part was run. */
  #isOlder({ storage }: Tensor): boolean {
    return storage.id <= this.#oldest || this.#given.some((own) => own === storage || own.plain === storage);
  }
}

function storagesOf(inputs: readonly unknown[]): Storage[] {
  return inputs.filter((input) => input instanceof Tensor).map(({ storage }) => storage);
}

/** What is to be computed again. */
class Recomputed extends Saved {
  readonly #segment: Segment;
  readonly #index: number;

  constructor(segment: Segment, index: number) {
    super();
    this.#segment = segment;
    this.#index = index;
  }

  restore(op: string): Tensor {
    return this.#segment.restore(this.#index, op);
  }

  release(): void {
    this.#segment.release(this.#index);
  }
}

/**
 * Runs `fn` and keeps for the backward pass its inputs alone; what gradients read is computed again when it is needed
 * (PyTorch's `torch.utils.checkpoint.checkpoint`). Costs about one more forward pass of `fn`, and saves what it would
 * have kept. Values and gradients are the same, bit for bit.
 *
 * Random numbers are drawn again as they were; changes in place of what was there before, as of running statistics, are
 * made in the first run alone. Without recording it is a plain call.
 *
 * @param fn reads its inputs, parameters, and nothing that is freed before the backward pass; synchronous. What it makes
 * is freed at its end unless it returns it, as in `scope`
 * @returns what `fn` gives.
 * @throws {Error} in the backward pass, when `fn` does not do the same again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Linear(8, 8);
 * using x = ebb.randn([4, 8]);
 * ebb.scope(() => {
 *   const y = ebb.checkpoint((x) => layer.forward(layer.forward(x).gelu()).gelu(), x);
 *   y.sum().backward();
 * });
 * assertEquals(layer.weight.grad!.shape, [8, 8]);
 * ```
 */
export function checkpoint<I extends readonly unknown[], T>(fn: (...inputs: I) => T, ...inputs: I): T {
  if (!gradEnabled()) return fn(...inputs);
  const segment = new Segment(fn as (...inputs: never[]) => unknown, inputs, newestStorage());
  try {
    return scope(() => withSaver(segment, () => fn(...inputs)));
  } finally {
    segment.release();
  }
}
