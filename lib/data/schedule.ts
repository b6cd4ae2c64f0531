/**
 * Which rows are in which batch, and what random numbers vary it, as a function of the loader's seed, the pass and the
 * step alone. So a batch is the same whoever puts it together and whenever, and a run goes on from three numbers.
 *
 * @module
 */
import { Generator } from "../tensor/random.ts";
import { augment, type Augmentation } from "./augment.ts";
import type { HostData } from "./column.ts";
import type { Dataset, HostTensor } from "./dataset.ts";

/** Where a loader stands: all that a run needs to go on bit-identically. Survives `JSON.stringify`. */
export interface LoaderState {
  /** Decides every order and every variation. */
  readonly seed: number;
  /** How many times the loader was gone through before. */
  readonly pass: number;
  /** Batches handed out in this pass. */
  readonly step: number;
}

/** A batch before it is put together. */
export interface BatchPlan {
  /** The rows of the data set. */
  readonly rows: Uint32Array;
  /** Names the generator's stream that varies them. */
  readonly stream: [number, ...number[]];
}

/** How rows become batches. */
export interface ScheduleOptions {
  /** Rows in the data set. */
  readonly length: number;
  /** Rows in a batch. */
  readonly batchSize: number;
  /** Whether every epoch has an order of its own. */
  readonly shuffle: boolean;
  /** Whether an epoch leaves out what does not fill a batch. */
  readonly dropLast: boolean;
}

/** Streams of one seed that must not meet. */
const [ORDER, VARIATION] = [0, 1];

/** The batches of a loader, by number. */
export class Schedule {
  /** Batches until every row was had once. */
  readonly stepsPerEpoch: number;
  readonly #options: ScheduleOptions;
  #order = new Uint32Array(0);
  #orderOf = "";

  /** The schedule of the given options. */
  constructor(options: ScheduleOptions) {
    const { length, batchSize, dropLast } = options;
    this.stepsPerEpoch = dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
    this.#options = options;
  }

  /** What is in the batch that comes next in `state`. */
  plan({ seed, pass, step }: LoaderState): BatchPlan {
    const { length, batchSize } = this.#options;
    const epoch = Math.floor(step / this.stepsPerEpoch);
    const begin = (step % this.stepsPerEpoch) * batchSize;
    const rows = this.#epoch(seed, pass, epoch).slice(begin, Math.min(begin + batchSize, length));
    return { rows, stream: [seed, VARIATION, pass, step] };
  }

  #epoch(seed: number, pass: number, epoch: number): Uint32Array {
    const { length, shuffle } = this.#options;
    const name = shuffle ? `${seed} ${pass} ${epoch}` : "as it stands";
    if (this.#orderOf !== name) {
      this.#order = Uint32Array.from({ length }, (_, row) => row);
      if (shuffle) new Generator(seed, ORDER, pass, epoch).shuffle(this.#order);
      this.#orderOf = name;
    }
    return this.#order;
  }
}

/** Puts a batch together in host memory; its first field is what augmentations vary. */
export function assemble(
  dataset: Dataset,
  { rows, stream }: BatchPlan,
  augmentations: readonly Augmentation[],
  into?: readonly HostData[],
): HostTensor[] {
  const batch = dataset.gather(rows, into);
  if (augmentations.length > 0) {
    augment(batch[0].data as Float32Array, batch[0].shape, augmentations, new Generator(...stream));
  }
  return batch;
}
