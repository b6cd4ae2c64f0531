/**
 * What a step of training did, as plain data: which ops ran, which storages they used, and how large those are. Policy
 * functions read it, charts show it, and it can be saved as JSON or sent to a worker.
 *
 * @module
 */

import type { Phase } from "../tensor/observe.ts";

export type { Phase };

/**
 * The parts of a step, in the numbers that {@linkcode Trace.phases} holds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu();
 * using w = ebb.ones([4], { device, requiresGrad: true });
 * using optimizer = new ebb.optim.SGD([w], { lr: 0.1 });
 * using swap = ebb.swap(device);
 * await swap.step(() =>
 *   ebb.scope(() => {
 *     w.square().sum().backward();
 *     optimizer.step();
 *   })
 * );
 * const phases = swap.trace().phases.map((phase) => ebb.PHASES[phase]);
 * assertEquals([...new Set(phases)], ["forward", "backward", "optimizer"]);
 * ```
 */
export const PHASES: readonly Phase[] = ["forward", "backward", "optimizer"];

/** A storage as a step saw it. Positions are those of ops: 0 is the first. */
export interface TracedStorage {
  /** Its size. */
  readonly bytes: number;
  /** The op that made it (or before which the program did); -1: it was there before the step. */
  readonly born: number;
  /** Whether the program made it before {@linkcode born}, and not that op; absent: it did not. */
  readonly given?: boolean;
  /** The op after which it was freed; the number of ops: it outlives the step; -1: it was freed before the first op. */
  readonly died: number;
  /** The ops that read or wrote it, ascending. */
  readonly uses: readonly number[];
  /** Those of them that changed it in place; absent: none did. */
  readonly writes?: readonly number[];
  /**
   * Of one that was there before the step: which storage of the step before it was, as an index into a like step's
   * storages. A parameter is itself; a gradient that waits to be forgotten is the one made a step ago. -1: unknown, or
   * made within the step.
   */
  readonly origin: number;
}

/** A step. */
export interface Trace {
  /** Names of ops. */
  readonly names: readonly string[];
  /** The op at each position, as an index into {@linkcode names}. */
  readonly ops: readonly number[];
  /** The phase of each position: 0 forward, 1 backward, 2 optimizer. */
  readonly phases: readonly number[];
  /** Bytes that each op took for its own temporaries, at their height. */
  readonly temporaries: readonly number[];
  /** Whether each op made new storages alone, so that it can be run again; absent: none can. */
  readonly pure?: readonly boolean[];
  /** Milliseconds of each op, if they were measured; else null: the step's time is spread evenly. */
  readonly opMs: readonly number[] | null;
  /** Milliseconds of the step, waiting for copies not counted where {@linkcode opMs} is there. */
  readonly stepMs: number;
  /** Every storage of the device that was alive in the step. */
  readonly storages: readonly TracedStorage[];
}

/** Milliseconds of each op: as measured, or an even share of the step. */
export function durations(trace: Trace): readonly number[] {
  return trace.opMs ?? trace.ops.map(() => trace.stepMs / trace.ops.length);
}

/** For each storage the one that it is in the next step, where it outlives this one; -1: none known. */
export function successors(trace: Trace): number[] {
  const next = new Array<number>(trace.storages.length).fill(-1);
  trace.storages.forEach(({ origin }, index) => {
    if (origin >= 0 && origin < next.length) next[origin] = index;
  });
  return next;
}
