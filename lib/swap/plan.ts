/**
 * What policies decide: which storages leave the device, when, and when they come back. Plain data, like the trace.
 *
 * @module
 */
import type { Trace } from "./trace.ts";

/** A time in which nobody uses a storage, so that it could be elsewhere. Positions are those of ops. */
export interface Candidate {
  /** Index into the trace's storages: who leaves. */
  readonly storage: number;
  /** Its size. */
  readonly bytes: number;
  /** The last op that uses it before; it may leave after that. */
  readonly out: number;
  /**
   * The op that uses it next. From the number of ops on: an op of the next step, counted on (number of ops + position).
   * Infinity: nobody will, it only waits to be freed.
   */
  readonly back: number;
  /** The position after which it is freed if `back` is Infinity (counted on likewise); else the same as `back`. */
  readonly until: number;
  /** How much is gained by moving it; larger is better. Set by `rank`. */
  readonly score: number;
}

/** A storage that leaves and comes back. */
export interface Move extends Candidate {
  /** Before this op its way back begins, if there is room then; `back` where it is fetched when it is needed. */
  readonly prefetch: number;
}

/**
 * Storages that are dropped when they become idle, and computed again by the ops that made them. From then on each counts
 * as another storage: those of a plan's recomputations, in their order, come behind the trace's own.
 */
export interface Recomputation {
  /** Who is dropped, and after which op; all are made by the last of {@linkcode calls}. */
  readonly storages: readonly { readonly storage: number; readonly out: number }[];
  /** Before this op they are computed again. */
  readonly back: number;
  /** The ops that run again, ascending. */
  readonly calls: readonly number[];
  /** The storages that these read. */
  readonly sources: readonly number[];
  /** Milliseconds that it takes. */
  readonly ms: number;
  /** Bytes that it takes beside what it makes: what lies between the ops, and their temporaries. */
  readonly temporaryBytes: number;
}

/** Bytes per second in each direction, and milliseconds that each copy takes on top. */
export interface Bandwidth {
  /** From the device to the far side. */
  readonly out: number;
  /** Back. */
  readonly in: number;
  /** Milliseconds; default 0. */
  readonly latencyMs?: number;
}

/** What a plan is made for. */
export interface PolicyInput {
  /** Bytes that a plan may fill. */
  budget: number;
  /** Speed of the link, as measured. */
  bandwidth: Bandwidth;
  /** The most bytes that may be away at once, of host memory and disk together; default: any number. */
  far?: number;
}

/** A plan in the making: what policy functions hand on to each other. */
export interface Draft {
  /** The step, as it goes with what is computed again. */
  readonly trace: Trace;
  /** What could move. */
  readonly candidates: readonly Candidate[];
  /** What will. */
  readonly moves: readonly Move[];
  /** What is dropped and computed again. */
  readonly recomputed: readonly Recomputation[];
  /** The most bytes that may lie on the device; Infinity until a function sets it. */
  readonly budgetBytes: number;
  /** Speed of the link. */
  readonly bandwidth: Bandwidth;
  /** By index of a storage: why it moves or does not, in words. */
  readonly reasons: Readonly<Record<number, string>>;
}

/** A policy function: a step towards a plan. Any function of this type may stand in for any other. */
export type PolicyFunction = (draft: Draft) => Draft;

/** What is to be done in a step like the trace's. */
export interface Plan {
  /** What leaves, and comes back. */
  readonly moves: readonly Move[];
  /** What is dropped and computed again; absent: nothing. */
  readonly recomputed?: readonly Recomputation[];
  /** The most bytes that may lie on the device. */
  readonly budgetBytes: number;
  /** Speed of the link. */
  readonly bandwidth: Bandwidth;
  /** By index of a storage: why it moves or does not, in words. */
  readonly reasons: Readonly<Record<number, string>>;
  /** By simulation: the most bytes on the device, and milliseconds of the step, of which waiting. */
  readonly predicted: { readonly peakBytes: number; readonly stepMs: number; readonly stallMs: number };
}

/** A step as it will go under a plan, op by op. */
export interface Simulation {
  /** The most bytes on the device while each op runs: storages, copies under way, temporaries. */
  readonly residentBytes: readonly number[];
  /** When each op starts, in milliseconds from the step's beginning. */
  readonly startMs: readonly number[];
  /** Milliseconds of waiting for copies before each op. */
  readonly stallMs: readonly number[];
  /** Milliseconds of the whole step. */
  readonly stepMs: number;
  /** Every copy: which move, which way, from when to when. */
  readonly copies: readonly {
    readonly storage: number;
    readonly direction: "out" | "in";
    readonly startMs: number;
    readonly endMs: number;
    readonly bytes: number;
  }[];
}
