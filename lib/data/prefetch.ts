/**
 * Batches put together ahead of time by a worker, while the main thread computes. Two sets of buffers in shared memory
 * take turns: one is being filled while the other is read.
 *
 * @module
 */
import type { Augmentation } from "./augment.ts";
import { allocateRows, type HostData } from "./column.ts";
import type { ColumnDataset, HostTensor } from "./dataset.ts";
import type { BatchPlan } from "./schedule.ts";
import type { PrefetchReply, PrefetchRequest, PrefetchSetup } from "./worker.ts";

/** Sets of buffers. */
const AHEAD = 2;

/** A worker that is one batch ahead. */
export class Prefetcher implements Disposable {
  readonly #worker: Worker;
  readonly #plans: Iterator<BatchPlan>;
  readonly #dataset: ColumnDataset;
  readonly #buffers: HostData[][];
  readonly #replies: PrefetchReply[] = [];
  #requests = 0;
  #arrived: () => void = () => {};

  /** Starts a worker on the batches that `plans` gives, in its order. */
  constructor(
    dataset: ColumnDataset,
    augmentations: readonly Augmentation[],
    batchSize: number,
    plans: Iterable<BatchPlan>,
  ) {
    this.#dataset = dataset;
    this.#plans = plans[Symbol.iterator]();
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<PrefetchReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#receive({ error: event.message });
    };
    this.#worker.postMessage({ columns: dataset.columns, augmentations } satisfies PrefetchSetup);
    this.#buffers = Array.from(
      { length: AHEAD },
      () => dataset.columns.map((column) => allocateRows(column, batchSize, true)),
    );
    for (let i = 0; i < AHEAD; i++) this.#request();
  }

  /**
   * The next batch, as `use` makes it: its memory belongs to a later batch when `use` has returned.
   *
   * @throws {Error} If the worker failed.
   */
  async next<T>(use: (batch: HostTensor[]) => T): Promise<T> {
    while (this.#replies.length === 0) await new Promise<void>((resolve) => this.#arrived = resolve);
    const reply = this.#replies.shift()!;
    if ("error" in reply) {
      throw new Error(`loader: expected a batch from the worker but found: ${reply.error}`);
    }
    const used = use(reply.batch);
    this.#request();
    return used;
  }

  /** Ends the worker. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  /** Asks for the batch after the last one asked for, in the buffers that were read longest ago. */
  #request(): void {
    const next = this.#plans.next();
    if (next.done) return;
    const into = this.#buffers[this.#requests++ % AHEAD];
    const rows = this.#dataset.rows(next.value.rows);
    this.#worker.postMessage({ plan: { ...next.value, rows }, into } satisfies PrefetchRequest);
  }

  #receive(reply: PrefetchReply): void {
    this.#replies.push(reply);
    this.#arrived();
  }
}
