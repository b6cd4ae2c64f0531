/**
 * Reverse-mode automatic differentiation. Each op whose result needs a gradient leaves a node: its record, its operands'
 * nodes, and what its gradient reads. Nodes and what they save are counted, so a graph that nobody can reach any more is
 * freed at once, with or without a backward pass. Gradients are ordinary ops.
 *
 * @module
 */
import { isFloating } from "./dtype.ts";
import { isTensor, numberTypeOf, specOf } from "./kernel.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import { recorded, save, Saved } from "./saved.ts";
import { guardNode } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/** What an operand's gradient flows to: a node's output, or a leaf; null: nothing. */
export type Edge = TapeNode | Tensor | null;

let made = 0;

/** One op that ran. */
export class TapeNode {
  /** Grows with time, so that descending order is a topological one. */
  readonly id: number = ++made;
  readonly op: CompiledOp;
  readonly attributes: Attributes;
  /** Types and shapes of the operands. */
  readonly specs: Spec[];
  /** Types and shapes of the outputs. */
  readonly outputSpecs: readonly Spec[];
  /** Where each operand's gradient flows. */
  readonly edges: Edge[];
  /** Which output of the node in `edges` the operand is. */
  readonly edgeIndex: number[];
  /** Operands as the gradient needs them. */
  inputs: (Saved | number | readonly number[] | null)[];
  /** Outputs that the gradient needs. */
  outputs: (Saved | null)[];
  /** Gradients that have arrived, during a backward pass. */
  arrived: (Tensor | null)[] = [];
  /** What was saved is gone. */
  freed = false;
  #holders = 0;

  constructor(
    op: CompiledOp,
    operands: readonly Operand[],
    sources: readonly Operand[],
    attributes: Attributes,
    outputs: readonly Tensor[],
    outputSpecs: readonly Spec[],
  ) {
    this.op = op;
    this.attributes = attributes;
    this.outputSpecs = outputSpecs;
    const numberType = numberTypeOf(operands);
    this.specs = operands.map((operand) => {
      const { dtype, shape } = specOf(operand, numberType);
      return { dtype, shape };
    });
    this.edges = [];
    this.edgeIndex = [];
    for (const source of sources) {
      const tensor = isTensor(source) && source.requiresGrad && isFloating(source.dtype) ? source : null;
      this.edges.push(tensor === null ? null : tensor.node?.retain() ?? tensor.leaf ?? tensor);
      this.edgeIndex.push(tensor?.outputIndex ?? 0);
    }
    const saves = typeof op.saves === "function" ? op.saves(attributes) : op.saves;
    this.inputs = operands.map((operand, i) => {
      if (!isTensor(operand)) return operand;
      return saves?.inputs?.includes(i) ? save(operand) : null;
    });
    this.outputs = outputs.map((output, i) => saves?.outputs?.includes(i) ? save(output) : null);
  }

  /** One more holder: an output's handle, or an op that read it. */
  retain(): this {
    this.#holders++;
    return this;
  }

  /** One holder less. The last one frees what was saved and lets go of the operands' nodes. */
  release(): void {
    // Iterative: a chain of a hundred thousand ops must not overflow the stack.
    const pending: TapeNode[] = [this];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (--node.#holders > 0) continue;
      node.freeSaved();
      for (const edge of node.edges) if (edge instanceof TapeNode) pending.push(edge);
      node.edges.fill(null);
    }
  }

  /** Frees what was saved; the node can no longer be differentiated. */
  freeSaved(): void {
    this.freed = true;
    for (const input of this.inputs) if (input instanceof Saved) input.release();
    for (const output of this.outputs) output?.release();
    this.inputs = [];
    this.outputs = [];
  }
}

let enabled = true;

/**
 * Whether ops are recorded now.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(ebb.gradEnabled(), true);
 * assertEquals(ebb.noGrad(() => ebb.gradEnabled()), false);
 * ```
 */
export function gradEnabled(): boolean {
  return enabled;
}

/**
 * Whether a gradient that has arrived may be written over: nobody else sees its elements, and the pass is not recorded.
 */
export function isOverwritable(gradient: Tensor): boolean {
  return !enabled && gradient.storage.holders === 1;
}

function withGrad<T>(value: boolean, fn: () => T): T {
  const before = enabled;
  enabled = value;
  const restore = () => {
    enabled = before;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

/**
 * Runs `fn` without recording: no gradients, and no memory held for them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.ones([2], { requiresGrad: true });
 * using y = ebb.noGrad(() => x.mul(2));
 * assertEquals(y.requiresGrad, false);
 * ```
 */
export function noGrad<T>(fn: () => T): T {
  return withGrad(false, fn);
}

/**
 * Runs `fn` with recording, inside of {@link noGrad} too.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.ones([2], { requiresGrad: true });
 * using y = ebb.noGrad(() => ebb.enableGrad(() => x.mul(2)));
 * assertEquals(y.requiresGrad, true);
 * ```
 */
export function enableGrad<T>(fn: () => T): T {
  return withGrad(true, fn);
}

/**
 * Leaves a node for an op that ran. `operands` are what it read, `sources` the same before layouts were settled, which
 * know their place on the tape.
 */
export function record(
  op: CompiledOp,
  operands: readonly Operand[],
  sources: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Tensor[],
  specs: readonly Spec[],
): void {
  const node = new TapeNode(op, operands, sources, attributes, outputs, specs);
  for (let j = 0; j < outputs.length; j++) {
    if (!isFloating(outputs[j].dtype) || sources.includes(outputs[j])) continue; // the latter: changed in place
    outputs[j].node = node.retain();
    outputs[j].outputIndex = j;
    guardNode(outputs[j]);
  }
  recorded();
}
