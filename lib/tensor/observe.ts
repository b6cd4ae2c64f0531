/**
 * Who watches ops run. Swap's profiler and executor stand on this interface; tensors know nothing of swap. With nobody
 * watching it costs one comparison an op.
 *
 * @module
 */
import type { Storage } from "../device/mod.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/**
 * An op as it ran. Handles are valid during the call that tells of it only.
 *
 * @internal
 */
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
  /**
   * The same in full, for those who ask what exactly ran; after {@link after}.
   *
   * @internal
   */
  ran?(call: OpCall): void;
}

/** The observer, or null. Read by dispatch. */
export let opObserver: OpObserver | null = null;

/** Who watches, in the order in which they came. */
const watching: OpObserver[] = [];

/**
 * Has `observer` told of every op from now on. Of several the one who came last is nearest to the op: told last before
 * it and first after it.
 *
 * @returns a function that ends it, whoever came or went since.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const names: string[] = [];
 * const stop = ebb.observeOps({ before: (op) => void names.push(op), after: () => {} });
 * ebb.scope(() => ebb.tensor([1, 2]).square().sum().item());
 * stop();
 * assertEquals(names, ["square", "sum"]);
 * ```
 */
export function observeOps(observer: OpObserver): () => void {
  watching.push(observer);
  opObserver = watching.reduce(around);
  return () => {
    const index = watching.indexOf(observer);
    if (index >= 0) watching.splice(index, 1);
    opObserver = watching.length === 0 ? null : watching.reduce(around);
  };
}

function around(outer: OpObserver, inner: OpObserver): OpObserver {
  return {
    before(op, inputs) {
      outer.before(op, inputs);
      inner.before(op, inputs);
    },
    after(op, inputs, outputs) {
      inner.after(op, inputs, outputs);
      outer.after(op, inputs, outputs);
    },
    ran(call) {
      inner.ran?.(call);
      outer.ran?.(call);
    },
  };
}
