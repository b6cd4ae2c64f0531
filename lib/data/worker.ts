/**
 * The other side of {@linkcode Prefetcher}: a worker that puts batches together in memory it shares with the main thread.
 *
 * @module
 */
import type { Augmentation } from "./augment.ts";
import type { Column, HostData } from "./column.ts";
import { ColumnDataset, type HostTensor } from "./dataset.ts";
import { assemble, type BatchPlan } from "./schedule.ts";

/** The first message: what all batches have in common. */
export interface PrefetchSetup {
  /** The rows, in shared memory where they are large. */
  readonly columns: readonly Column[];
  /** How to vary them. */
  readonly augmentations: readonly Augmentation[];
}

/** A later message: a batch, and the shared memory to put it into. */
export interface PrefetchRequest {
  /** The batch. */
  readonly plan: BatchPlan;
  /** The memory, one array a field. */
  readonly into: readonly HostData[];
}

/** The answer to a request, in the order of the requests. */
export type PrefetchReply = { readonly batch: HostTensor[] } | { readonly error: string };

let dataset: ColumnDataset | undefined;
let augmentations: readonly Augmentation[] = [];

self.onmessage = ({ data }: MessageEvent<PrefetchSetup | PrefetchRequest>) => {
  if ("columns" in data) {
    dataset = new ColumnDataset(data.columns);
    augmentations = data.augmentations;
    return;
  }
  let reply: PrefetchReply;
  try {
    reply = { batch: assemble(dataset!, data.plan, augmentations, data.into) };
  } catch (error) {
    reply = { error: (error as Error).message };
  }
  self.postMessage(reply);
};
