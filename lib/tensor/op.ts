/**
 * What an operation is: one record with its shape rule, its ONNX graph and its gradient. Everything an op does is said
 * there; dispatch, sessions, tape and layouts are made once, in the files beside this one.
 *
 * @module
 */
import type { GraphBuilder, Provider, Value } from "../ort/mod.ts";
import { dispatch } from "./dispatch.ts";
import type { DType } from "./dtype.ts";
import type { Kernel } from "./kernel.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** What an op takes: tensors, numbers (scalars of the tensors' type), lists (int64 vectors), or nothing (optional). */
export type Operand = Tensor | number | readonly number[] | null;

/** Settings of an op that are part of its compiled graph. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Type and shape of a value. */
export interface Spec {
  dtype: DType;
  shape: Shape;
  /** In the blocked layout of the CPU's convolutions. */
  blocked?: boolean;
  /** Of a view: where its elements start, in bytes from the operand's. */
  offset?: number;
  /** Of an output: the shape that the graph gives it where that differs (a Reshape at the end would copy). */
  graphShape?: Shape;
}

/** What a graph is built for. Sizes are NaN unless the op is `shaped`, as the graph serves every size. */
export interface GraphContext<A> {
  attributes: A;
  inputs: readonly Spec[];
  outputs: readonly Spec[];
  provider: Provider;
}

/** What a gradient is computed from. */
export interface GradientContext<I extends readonly Operand[], A> {
  /** The operands; tensors only where `saves.inputs` names them. */
  inputs: I;
  /** The outputs that `saves.outputs` names. */
  outputs: Tensor[];
  /** Types and shapes of all operands (of numbers: a scalar's). */
  specs: readonly Spec[];
  attributes: A;
  /** Which operands want a gradient. */
  needs: readonly boolean[];
}

/** Indices of the operands and outputs that a gradient reads. */
export interface Saves {
  inputs?: readonly number[];
  outputs?: readonly number[];
}

/** How rows of an op can be cut. */
export interface Rows {
  /** So many rows of the operands make one of the first output. */
  each: number;
  /** So many rows of the first output are in a piece at least. */
  least: number;
}

/** An operation. */
export interface OpRecord<
  I extends readonly Operand[] = readonly Operand[],
  A extends Attributes = Attributes,
> {
  /** Name, as in errors and profiles. */
  name: string;
  /** Types and shapes of the outputs. Throws a sentence when the operands do not fit. */
  infer(inputs: I, attributes: A): Spec[];
  /** The output is another view of the first operand's elements: nothing runs. */
  view?: boolean;
  /** The outputs' values, in terms of the operands' (an empty name for an operand left out). */
  graph(g: GraphBuilder, inputs: Value[], context: GraphContext<A>): Value[];
  /** Gradients of the operands from those of the outputs (null where an output was not used). */
  gradient?(context: GradientContext<I, A>, gradients: Tensor[]): (Tensor | null)[];
  /** What the gradient reads: indices of operands and outputs. The tape saves that and nothing more. */
  saves?: Saves | ((attributes: A) => Saves);
  /** Which outputs are written over which operands, as `[output, operand]`; they are the operand's own handle. */
  inPlace?: readonly (readonly [number, number])[];
  /** The best graph depends on sizes: they are part of the session's key. */
  shaped?: boolean;
  /**
   * Rows (axis 0 of the outputs and of operands as long) are independent, always or of these operands: large ones are
   * processed piece by piece.
   */
  rows?: boolean | ((inputs: I, attributes: A) => boolean | Rows);
  /** Operands that every piece reads in whole, whatever their length. */
  whole?: readonly number[];
  /** The graph moves elements and computes nothing: half precision is left as it is instead of computed in float32. */
  moves?: boolean;
  /**
   * Half precision between the nodes of the graph loses no more than in its results, as of products and the sums that
   * follow them: the graph may be computed in it where there are kernels.
   */
  halves?: boolean;
  /** Runs on one thread: a kernel in the graph is wrong with several (ScatterND that adds races). */
  sequential?: boolean;
  /**
   * How blocked operands are met: made plain (default), passed through where shapes agree, left to the record, or left
   * to it if it says so of these operands.
   */
  layout?: "plain" | "elementwise" | "own" | ((inputs: I, attributes: A) => boolean);
}

/** An operation ready to be called. */
export interface Op<I extends readonly Operand[], A extends Attributes = Attributes> {
  /** Runs it; the first output. The others are freed unless the tape saved them. */
  (inputs: I, attributes?: A): Tensor;
  /** Runs it; all outputs. */
  all(inputs: I, attributes?: A): Tensor[];
  /**
   * Runs it with the first `count` outputs (default 1) written over the operands of the same places, in the operands'
   * own handles. Sound where the graph reads an overwritten operand no later than in the node that writes it.
   */
  into(inputs: I, attributes?: A, count?: number): Tensor;
  /**
   * Runs it with the first output in the bytes of the first operand, which the caller gives up: nobody may read it any
   * more, nor may anything have saved it. Unlike {@link into} it is recorded like any other.
   */
  over(inputs: I, attributes?: A): Tensor;
  /** Its record. */
  readonly record: CompiledOp<I, A>;
}

/** A record with the sessions made for it, by engine and key. */
export interface CompiledOp<
  I extends readonly Operand[] = readonly Operand[],
  A extends Attributes = Attributes,
> extends OpRecord<I, A> {
  kernels: Map<string, Map<number | string, Kernel>>;
}

/** Every op, by name: what the table of types in the README is made from. */
export const ops: Map<string, CompiledOp> = new Map();

const NONE = {};

/** Makes an op of its record. */
export function defineOp<I extends readonly Operand[], A extends Attributes = Attributes>(
  record: OpRecord<I, A>,
): Op<I, A> {
  const compiled: CompiledOp<I, A> = { ...record, kernels: new Map() };
  ops.set(record.name, compiled as unknown as CompiledOp);
  const any = compiled as unknown as CompiledOp;
  const op = (inputs: I, attributes?: A) => first(dispatch(any, inputs, attributes ?? NONE, 0), inputs);
  return Object.assign(op, {
    all: (inputs: I, attributes?: A) => dispatch(any, inputs, attributes ?? NONE, 0),
    into: (inputs: I, attributes?: A, count = 1) => dispatch(any, inputs, attributes ?? NONE, count)[0],
    over: (inputs: I, attributes?: A) => first(dispatch(any, inputs, attributes ?? NONE, "given up"), inputs),
    record: compiled,
  });
}

/** The first output; the others (what a gradient reads) are the tape's, except operands written in place. */
function first(outputs: Tensor[], operands: readonly Operand[]): Tensor {
  for (let j = 1; j < outputs.length; j++) if (!operands.includes(outputs[j])) outputs[j].dispose();
  return outputs[0];
}
