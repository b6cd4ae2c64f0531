/**
 * Pruning as far as clean accuracy lasts, on images that were held out. BackdoorBench decides this on the test set, ANP's
 * threshold even by the attack success on it, which no defender has.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { accuracy } from "../../nn/accuracy.ts";
import type { Module } from "../../nn/module.ts";
import { Task } from "../../notebook/mod.ts";
import { passes, quietly, type RunOptions } from "../run.ts";

/** How it is decided how much is pruned. */
export interface HeldOutOptions {
  /** Share of the clean images that decide how much is pruned, of each class alike; default 0.2. */
  readonly heldOut?: number;
  /** Share of the accuracy on them that pruning must not cost, 0 to 1; default 0.1, as in BackdoorBench. */
  readonly maxDrop?: number;
}

/** What {@linkcode HeldOutOptions} are unless told otherwise. */
export const HELD_OUT = { heldOut: 0.2, maxDrop: 0.1 };

/** Splits clean images into those that decide and the rest. */
export function splitOff(
  op: string,
  clean: Dataset,
  { heldOut, maxDrop, seed }: Required<HeldOutOptions> & { seed?: number },
): [held: Dataset, rest: Dataset] {
  for (const [name, value] of Object.entries({ heldOut, maxDrop })) {
    if (value > 0 && value < 1) continue;
    throw new RangeError(`${op}: expected ${name} to be a share between 0 and 1 but found ${value}`);
  }
  return clean.split({ share: heldOut, stratified: true, seed });
}

/** Pruning in stages. */
export interface Stages extends RunOptions {
  /** How many there are. */
  readonly count: number;
  /** Puts the model into the state that it has after a number of stages; 0: nothing is pruned. */
  readonly apply: (stage: number) => void;
  /** See {@linkcode HeldOutOptions}. */
  readonly maxDrop: number;
}

/** Prunes stage by stage and ends with the last one before the first that costs too much accuracy. */
export async function pruneWhile(
  op: string,
  model: Module,
  held: Dataset,
  stages: Stages,
): Promise<void> {
  const { count, apply, maxDrop } = stages;
  const look = () => accuracy(model, held, passes(quietly(stages)));
  const least = (1 - maxDrop) * await look();
  using task = new Task(`${op}: pruning`, count, stages);
  let kept = 0;
  for (let stage = 1; stage <= count; stage++) {
    apply(stage);
    const found = await look();
    if (found <= least) break;
    kept = stage;
    task.advance(() => `accuracy ${(100 * found).toFixed(1)} %`);
  }
  apply(kept);
  task.finish(() => `${kept} of ${count} stages`);
}
