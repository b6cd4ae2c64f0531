/**
 * What is known of one sequence of ops: its last trace, its plan, and how far the plan has come. Swap keeps one for each
 * kind of step that it has met, so that training, evaluation, a long batch or a skipped update find theirs again.
 *
 * @module
 */
import type { StepOps } from "./change.ts";
import type { Executor } from "./executor.ts";
import type { Identities } from "./recorder.ts";
import type { Trace } from "./trace.ts";

/**
 * How far a plan has come, in the paper's names: made after the first step without times (`WarmUp` is that step), made
 * again with measured times after the second (`GenPolicy`), kept (`Stable`).
 */
export type Stage = "WarmUp" | "GenPolicy" | "Stable";

/** What a step is for: evaluation never disturbs what is known of training. */
export type Kind = "training" | "evaluation";

/** A kind of step and its plan. */
export interface Entry {
  readonly kind: Kind;
  sequence: StepOps;
  /** Hashes of the sequence's beginnings, from that of one op on. */
  hashes: Int32Array;
  stage: Stage;
  trace: Trace;
  /** How the trace's storages are found in a like step. */
  identities: Identities;
  executor: Executor;
  /** Whether a plan for it is being made. */
  isPlanned: boolean;
  /** Share of the budget that plans may fill. */
  share: number;
  /** Steps under the plan so far: how many, the least milliseconds of one, and allocations that found no room. */
  served: { steps: number; leastMs: number; evictions: number };
  /** Least milliseconds of each op of the trace, once they were measured again. */
  opMs: Float64Array | null;
  /** The plan before, to go back to where the new one is no faster; null: there is none to compare with. */
  rival: Pick<Entry, "share" | "trace" | "executor"> & { leastMs: number } | null;
  /** Whether no better plan is looked for. */
  isSettled: boolean;
  /** Number of the step that it last served. */
  used: number;
  /** How often a step of which kind came next. */
  readonly followers: Map<Entry, number>;
}

/** The hash of a sequence one op longer. */
export function extended(hash: number, op: number): number {
  return (Math.imul(hash, 31) + op) | 0;
}

/** Hashes of a sequence's beginnings, by which it is recognised while it runs. */
export function hashesOf({ ops }: StepOps): Int32Array {
  let hash = 0;
  return Int32Array.from(ops, (op) => hash = extended(hash, op));
}

/** What most often came after a step of this kind; itself where nothing has yet. */
export function expectedAfter(entry: Entry): Entry {
  let [most, expected] = [0, entry];
  for (const [follower, count] of entry.followers) if (count >= most) [most, expected] = [count, follower];
  return expected;
}
