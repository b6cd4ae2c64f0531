/**
 * Writes down which ops run with which operands, so that a forward pass can be exported as one graph. While tracing
 * everything is in the plain layout, as other runtimes do not know the blocked one.
 *
 * @module
 */
import { withPlainLayout } from "./layout.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** One op that ran. */
export interface TracedOp {
  op: CompiledOp;
  inputs: readonly Operand[];
  attributes: Attributes;
  outputs: readonly Tensor[];
  outputSpecs: readonly Spec[];
}

let listener: ((op: TracedOp) => void) | null = null;

/** Tells the tracer, if there is one. Called by dispatch. */
export function traced(op: TracedOp): void {
  listener?.(op);
}

/** Runs `fn` and calls `each` after every op, while its operands are alive. */
export function traceOps<T>(fn: () => T, each: (op: TracedOp) => void): T {
  if (listener !== null) throw new Error("trace: expected no trace inside of another but found one");
  listener = each;
  try {
    return withPlainLayout(fn);
  } finally {
    listener = null;
  }
}
