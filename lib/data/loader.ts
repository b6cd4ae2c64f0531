/**
 * The loader: a data set as batches on a device, shuffled, varied and counted as training wants them. PyTorch's
 * `DataLoader` without its processes: batches are put together as fast as memory allows, by one worker ahead of time
 * where that pays.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { defaultDevice, type Device } from "../device/mod.ts";
import { defaultGenerator } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Augmentation } from "./augment.ts";
import { allocateRows, type HostData } from "./column.ts";
import { ColumnDataset, type Dataset, type HostTensor } from "./dataset.ts";
import { toTensor } from "./from_tensors.ts";
import { Prefetcher } from "./prefetch.ts";
import { assemble, type BatchPlan, type LoaderState, Schedule } from "./schedule.ts";

/** How a data set becomes batches. */
export interface LoaderOptions {
  /** Rows in a batch; default 32. */
  readonly batchSize?: number;
  /** Whether every epoch takes the rows in another order; default: no. */
  readonly shuffle?: boolean;
  /** Decides orders and variations; by default the library's generator does (`ebb.seed`). */
  readonly seed?: number;
  /** Batches in a pass, however many epochs that takes; default: those of `epochs`. */
  readonly steps?: number;
  /** How often a pass takes every row; default 1. */
  readonly epochs?: number;
  /** Whether an epoch leaves out the rows that do not fill a batch; default: no. */
  readonly dropLast?: boolean;
  /** Whether a worker puts batches together ahead of time; default: where it was measured to pay. Never changes them. */
  readonly prefetch?: boolean;
  /** How the first field, float32 images `[N, C, H, W]`, is varied. */
  readonly augment?: Augmentation | readonly Augmentation[];
  /** Where the batches lie; default: the default device at the time of the call. */
  readonly device?: Device;
}

/**
 * The batches of a data set; see {@linkcode loader}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([0, 1, 2, 3, 4, 5]);
 * const data = ebb.data.fromTensors([x]);
 * const options = { batchSize: 2, shuffle: true, seed: 1 };
 * const [whole, first] = [ebb.data.loader(data, options), ebb.data.loader(data, options)];
 * const batches = [];
 * for await (const [batch] of whole) batches.push(batch.toArray());
 *
 * for await (const _ of first) break; // a run that ends after a batch …
 * const second = ebb.data.loader(data, { ...options, seed: 2 });
 * second.load(first.state()); // … goes on in another
 * const rest = [];
 * for await (const [batch] of second) rest.push(batch.toArray());
 * assertEquals(rest, batches.slice(1));
 * ```
 */
export class Loader implements AsyncIterable<Tensor[]> {
  /** Batches in a pass. */
  readonly length: number;
  readonly #dataset: Dataset;
  readonly #schedule: Schedule;
  readonly #batchSize: number;
  readonly #augmentations: readonly Augmentation[];
  readonly #device: Device;
  readonly #prefetch: boolean;
  #state: LoaderState;
  /** Whether the next pass begins where the state stands, not after it. */
  #resume = true;

  /** Use {@linkcode loader}. */
  constructor(dataset: Dataset, options: LoaderOptions = {}) {
    const { batchSize = 32, shuffle = false, dropLast = false, steps, epochs = 1, augment = [] } = options;
    for (const [name, value] of Object.entries({ batchSize, epochs, steps: steps ?? 1 })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`loader: expected ${name} to be a whole number above 0 but found ${value}`);
      }
    }
    const { length } = dataset;
    this.#schedule = new Schedule({ length, batchSize, shuffle, dropLast });
    if (this.#schedule.stepsPerEpoch === 0) {
      const rows = dropLast && length > 0 ? `${length} rows, fewer than a batch of ${batchSize}` : "no rows";
      throw new RangeError(`loader: expected a data set with at least one batch but found ${rows}`);
    }
    this.length = steps ?? epochs * this.#schedule.stepsPerEpoch;
    this.#dataset = dataset;
    this.#batchSize = Math.min(batchSize, length);
    this.#augmentations = Array.isArray(augment) ? augment : [augment as Augmentation];
    this.#device = options.device ?? defaultDevice();
    this.#prefetch = prefetches(dataset, this.#augmentations, options.prefetch);
    // What nothing depends on draws no number, so that looking at a test set changes no training.
    const random = shuffle || this.#augmentations.length > 0;
    const seed = options.seed ?? (random ? defaultGenerator().uint32() : 0);
    this.#state = { seed, pass: 0, step: 0 };
  }

  /** Where the loader stands; to be kept with a checkpoint. In a loop's body: after the batch of this turn. */
  state(): LoaderState {
    return { ...this.#state };
  }

  /** Makes the next loop go on where the loader that gave `state` stood, bit-identically. */
  load(state: LoaderState): void {
    for (const [name, value] of Object.entries(state)) {
      if (!Number.isSafeInteger(value) || (name !== "seed" && value < 0)) {
        throw new RangeError(`loader: expected a state's ${name} to be a whole number but found ${value}`);
      }
    }
    this.#state = { seed: state.seed, pass: state.pass, step: state.step };
    this.#resume = true;
  }

  /**
   * One pass. A batch's tensors are freed when the next one is asked for and at the end, unless `keep` was called on
   * them.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Tensor[], void, undefined> {
    const { seed, pass, step } = this.#state;
    const done = !this.#resume || step >= this.length;
    this.#state = done ? { seed, pass: pass + 1, step: 0 } : { seed, pass, step };
    this.#resume = false;
    const begin = this.#state;
    using batches = this.#prefetch ? this.#ahead(begin) : this.#inTime(begin);
    for (let step = begin.step; step < this.length; step++) {
      const tensors = await batches.next((batch) => batch.map((part) => toTensor(part, this.#device)));
      this.#state = { ...begin, step: step + 1 };
      try {
        yield tensors;
      } finally {
        for (const tensor of tensors) if (!tensor.kept) tensor.dispose();
      }
    }
  }

  *#plans(begin: LoaderState): Generator<BatchPlan> {
    for (let step = begin.step; step < this.length; step++) yield this.#schedule.plan({ ...begin, step });
  }

  #ahead(begin: LoaderState): Batches {
    const dataset = this.#dataset as ColumnDataset;
    return new Prefetcher(dataset, this.#augmentations, this.#batchSize, this.#plans(begin));
  }

  #inTime(begin: LoaderState): Batches {
    const plans = this.#plans(begin);
    let memory: HostData[] | undefined;
    if (this.#dataset instanceof ColumnDataset) {
      memory = this.#dataset.columns.map((column) => allocateRows(column, this.#batchSize));
    }
    return {
      next: async (use) => {
        // Lets timers, a progress line and an interrupt have their turn in a loop that otherwise only computes.
        await new Promise<void>((resolve) => setImmediate(resolve));
        return use(assemble(this.#dataset, plans.next().value!, this.#augmentations, memory));
      },
      [Symbol.dispose]: () => {},
    };
  }
}

/** Where batches come from. */
interface Batches extends Disposable {
  next<T>(use: (batch: HostTensor[]) => T): Promise<T>;
}

/**
 * A data set as batches: `for await (const [images, labels] of loader(train, { batchSize: 64, shuffle: true }))`. Each
 * batch is an array of tensors, one a field, `[batchSize, ...]` each. Its tensors are freed when the next batch is asked
 * for and when the loop ends or is left; `keep` one to have it for longer. Going through the loader again is another
 * pass, with other orders and variations.
 *
 * @param options see {@linkcode LoaderOptions}
 * @throws {RangeError} when the data set has no row, or not one batch with `dropLast`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4], [5, 6]]);
 * const shapes = [];
 * for await (const [batch] of ebb.data.loader(ebb.data.fromTensors([x]), { batchSize: 2 })) shapes.push(batch.shape);
 * assertEquals(shapes, [[2, 2], [1, 2]]);
 * ```
 */
export function loader(dataset: Dataset, options: LoaderOptions = {}): Loader {
  return new Loader(dataset, options);
}

/**
 * Whether a worker is to help. A batch of 128 photographs takes 0.7 ms with crop and flip, less than a worker costs; with
 * rotations 4 ms, which a core that is free hides but for 0.6 ms. Of two cores none is free while the CPU computes.
 */
function prefetches(dataset: Dataset, augmentations: readonly Augmentation[], wanted?: boolean): boolean {
  const possible = dataset instanceof ColumnDataset &&
    augmentations.every((item) => typeof item !== "function");
  if (wanted && !possible) {
    throw new TypeError(
      "loader: expected columns and plain augmentations, which a worker can be given, " +
        "but found a data set or an augmentation of functions; leave out prefetch",
    );
  }
  const slow = augmentations.some((item) => typeof item !== "function" && item.kind === "randomRotate");
  return possible && (wanted ?? (slow && navigator.hardwareConcurrency > 2));
}
