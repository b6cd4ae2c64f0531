/**
 * How anything here is run: told of its progress, through a swap or as it stands, on the device that the model is on.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import type { Module } from "../nn/module.ts";
import type { PredictOptions } from "../nn/predict.ts";
import type { Progress } from "../notebook/mod.ts";

/** What runs steps; an `ebb.swap(device)` is such, and trains in a part of the memory that they need. */
export interface Runner {
  /** Runs a step of training. */
  step<T>(fn: () => T): Promise<Awaited<T>>;
  /** Runs a forward pass. */
  evaluate<T>(fn: () => T): Promise<Awaited<T>>;
}

/** What everything that trains or measures here can be told. */
export interface RunOptions {
  /** Where progress is told; default: a bar in a notebook, a line on standard output elsewhere. */
  readonly progress?: Progress;
  /** Ends the work at its next step, with the signal's reason; what was made until then is freed. */
  readonly signal?: AbortSignal;
  /** What runs the steps, such as `ebb.swap(device)`; default: they run as they stand. */
  readonly swap?: Runner;
}

/** Runs a step that has gradients. */
export async function runStep<T>(swap: Runner | undefined, fn: () => T): Promise<Awaited<T>> {
  return await (swap === undefined ? fn() : swap.step(fn));
}

/** Runs a forward pass. */
export async function runPass<T>(swap: Runner | undefined, fn: () => T): Promise<Awaited<T>> {
  return await (swap === undefined ? fn() : swap.evaluate(fn));
}

/** The same as `predict` and `accuracy` ask for it. */
export function passes({ swap, progress, signal }: RunOptions): PredictOptions {
  return { run: (pass) => runPass(swap, pass), progress, signal };
}

/** What a part of something is told: not to speak of its own progress. */
export function quietly({ swap, signal }: RunOptions): RunOptions {
  return { swap, signal, progress: false };
}

/** Where a model is; undefined: nowhere, as it has no parameters. */
export function deviceOf(model: Module): Device | undefined {
  return model.parameters()[0]?.device;
}

/** @throws {RangeError} when one of the values is no whole number above 0. */
export function checkCounts(op: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`${op}: expected ${name} to be a whole number above 0 but found ${value}`);
  }
}
