/**
 * Who watches ops run. Swap's profiler and executor stand on this interface; tensors know nothing of swap. With nobody
 * watching it costs one comparison an op.
 *
 * @module
 */
import type { Storage } from "../device/mod.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** An op as it ran. Handles are valid during the call that tells of it only. */
export interface OpCall {
  readonly op: CompiledOp;
  /** Operands in the layouts in which the kernel read them. */
  readonly inputs: readonly Operand[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
  /** Types and shapes of the outputs. */
  readonly specs: readonly Spec[];
}

/** A part of a training step. */
export type Phase = "forward" | "backward" | "optimizer";

let phase: Phase = "forward";

/** The part of a training step that runs now: backward passes and optimizers say so, all else counts as forward. */
export function stepPhase(): Phase {
  return phase;
}

/** Runs `fn`, which is synchronous, as that part of a step. */
export function inPhase<T>(name: Phase, fn: () => T): T {
  const before = phase;
  phase = name;
  try {
    return fn();
  } finally {
    phase = before;
  }
}

/** Called around every op. */
export interface OpObserver {
  /** The op is about to read these storages. */
  before(op: string, inputs: readonly Storage[]): void;
  /** The op is done. `inputs` and `outputs` are valid during the call only. */
  after(op: string, inputs: readonly Storage[], outputs: readonly Storage[]): void;
  /** The same in full, for those who ask what exactly ran; after {@link after}. */
  ran?(call: OpCall): void;
}

/** The observer, or null. Read by dispatch. */
export let opObserver: OpObserver | null = null;

/**
 * Has `observer` told of every op from now on, after those that watch already.
 *
 * @returns a function that ends it; the one who came last is to end first.
 */
export function observeOps(observer: OpObserver): () => void {
  const before = opObserver;
  opObserver = before === null ? observer : inTurn(before, observer);
  return () => {
    opObserver = before;
  };
}

function inTurn(first: OpObserver, second: OpObserver): OpObserver {
  return {
    before(op, inputs) {
      first.before(op, inputs);
      second.before(op, inputs);
    },
    after(op, inputs, outputs) {
      first.after(op, inputs, outputs);
      second.after(op, inputs, outputs);
    },
    ran(call) {
      first.ran?.(call);
      second.ran?.(call);
    },
  };
}
