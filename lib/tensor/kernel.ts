/**
 * A kernel is an op's graph compiled for certain types and ranks. Kernels are kept by key; those that were not used for
 * long go when there are too many.
 *
 * @module
 */
import {
  addressOf,
  type Engine,
  failsOnWebgpu,
  GraphBuilder,
  makeValue,
  noteOnHost,
  type Provider,
  releaseValue,
  runtime,
  Session,
  webgpuComputesHalf,
} from "../ort/mod.ts";
import { bytesPerElement, type DType, DTYPE_CODES, fromNumbers } from "./dtype.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** Kernels kept in all; a model needs a few dozen. */
const LIMIT = 1024;

let clock = 0;
let count = 0;

/** Host memory through which a number or a list reaches a session. */
class HostOperand {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly value: number;
  readonly length: number;
  readonly #dtype: DType;

  constructor(dtype: DType, length: number, shape: readonly number[]) {
    this.#dtype = dtype;
    this.length = length;
    const bytes = length * bytesPerElement(dtype);
    this.#bytes = new Uint8Array(new ArrayBuffer(Math.max(bytes, 8)));
    this.value = makeValue(runtime().hostMemory, addressOf(this.#bytes), bytes, dtype, shape);
  }

  write(values: readonly number[]): void {
    const array = fromNumbers(values, this.#dtype);
    this.#bytes.set(new Uint8Array(array.buffer));
  }
}

/** A compiled graph. */
export class Kernel {
  readonly session: Session;
  /** Runs on the CPU though its operands lie elsewhere. */
  readonly onHost: boolean;
  used = 0;
  readonly #hosts: (HostOperand | null)[];
  readonly #numberType: DType;

  constructor(session: Session, inputCount: number, numberType: DType, onHost: boolean) {
    this.session = session;
    this.onHost = onHost;
    this.#hosts = new Array(inputCount).fill(null);
    this.#numberType = numberType;
  }

  /** Sets input `index` to a number or a list. */
  bindHost(index: number, operand: number | readonly number[]): void {
    const list = typeof operand === "number" ? [operand] : operand;
    let host = this.#hosts[index];
    if (host === null || host.length !== list.length) {
      if (host !== null) releaseValue(host.value);
      host = typeof operand === "number"
        ? new HostOperand(this.#numberType, 1, [])
        : new HostOperand("int64", list.length, [list.length]);
      this.#hosts[index] = host;
    }
    host.write(list);
    this.session.inputs[index] = BigInt(host.value);
  }

  release(): void {
    this.session.release();
    for (const host of this.#hosts) if (host !== null) releaseValue(host.value);
  }
}

/** The element type that numbers among the operands take: that of the first tensor that is not of booleans. */
export function numberTypeOf(operands: readonly Operand[]): DType {
  for (const operand of operands) {
    if (isTensor(operand) && operand.dtype !== "bool") return operand.dtype;
  }
  return "float32";
}

/** Whether an operand is a tensor. */
export function isTensor(operand: Operand): operand is Tensor {
  return typeof operand === "object" && operand !== null && !Array.isArray(operand);
}

/** Type and shape of an operand. */
export function specOf(operand: Operand, numberType: DType): Spec {
  if (isTensor(operand)) return operand;
  if (typeof operand === "number") return { dtype: numberType, shape: [] };
  return { dtype: "int64", shape: operand === null ? [] : [operand.length] };
}

/** The kernel of `op` for these operands; made when it is not there. */
export function kernelFor(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
): Kernel {
  const onHost = engine.places && needsHost(operands, outputs);
  let key = keyOf(op, operands, attributes, outputs[0].blocked ?? false);
  if (onHost) key = `host ${key}`;
  const kernels = kernelsOf(op, engine);
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    kernel = compile(op, operands, attributes, outputs, engine, onHost);
    kernels.set(key, kernel);
    if (++count > LIMIT) forgetOld();
  } else if (kernel.session.outputs.length !== outputs.length) {
    // ONNX Runtime would write to wherever the output that is missing lay the last time.
    throw new Error(
      `${op.name}: expected ${kernel.session.outputs.length} outputs, as the last time, but found ` +
        `${outputs.length}; a record whose number of outputs varies states it in its attributes`,
    );
  }
  kernel.used = ++clock;
  return kernel;
}

function kernelsOf(op: CompiledOp, { key }: Engine): Map<number | string, Kernel> {
  let kernels = op.kernels.get(key);
  if (kernels === undefined) op.kernels.set(key, kernels = new Map());
  return kernels;
}

/** The kernel that runs on the CPU for operands that lie elsewhere; from now on in place of the one that failed. */
export function hostKernelFor(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
): Kernel {
  const kernel = compile(op, operands, attributes, outputs, engine, true);
  const key = keyOf(op, operands, attributes, outputs[0].blocked ?? false);
  const kernels = kernelsOf(op, engine);
  kernels.get(key)?.release();
  kernels.set(key, kernel);
  kernel.used = ++clock;
  return kernel;
}

/**
 * Whether a graph for WebGPU runs on the CPU in whole: where the adapter has no float16, and where an operand has no
 * elements, as WebGPU has no empty buffers (ONNX Runtime 1.30 does not survive a MatMul of them).
 */
function needsHost(operands: readonly Operand[], outputs: readonly Spec[]): boolean {
  const tensors = operands.filter(isTensor);
  if (tensors.some(({ size }) => size === 0)) return true;
  const isHalf = ({ dtype }: { dtype: DType }) => dtype === "float16";
  return (tensors.some(isHalf) || outputs.some(isHalf)) && !webgpuComputesHalf();
}

const NO_ATTRIBUTES = "{}";

function keyOf(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  blocked: boolean,
): number | string {
  let code = blocked ? 1 : 0;
  let plain = operands.length <= 4;
  let text = plain ? "" : `${code},`;
  for (let i = 0; i < operands.length; i++) {
    const part = operandCode(operands[i]);
    if (plain) code = code * 2048 + part;
    else text += `${part},`;
  }
  let finite = true;
  for (const name in attributes) {
    plain = false;
    if (typeof attributes[name] === "number" && !Number.isFinite(attributes[name])) finite = false;
  }
  if (plain && !op.shaped) return code;
  if (operands.length <= 4) text = `${code}`;
  const settings = finite ? JSON.stringify(attributes) : JSON.stringify(attributes, showNumber);
  if (settings !== NO_ATTRIBUTES) text += settings;
  if (op.shaped) { for (const operand of operands) text += isTensor(operand) ? `|${operand.shape}` : "|"; }
  return text;
}

/** JSON writes infinity and NaN both as null. */
function showNumber(_name: string, value: unknown): unknown {
  return typeof value === "number" ? String(value) : value;
}

function operandCode(operand: Operand): number {
  if (operand === null) return 1;
  if (typeof operand === "number") return 2;
  if (!isTensor(operand)) return 3;
  return 4 + (DTYPE_CODES[operand.dtype] * 64 + operand.shape.length) * 2 + (operand.blocked ? 1 : 0);
}

function compile(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
  onHost: boolean,
): Kernel {
  const { provider } = engine;
  const g = new GraphBuilder(onHost ? () => true : provider === "webgpu" ? failsOnWebgpu : undefined);
  const computing = onHost ? "cpu" : provider;
  const computed = (dtype: DType) => computedIn(op, dtype, computing);
  const numberType = computed(numberTypeOf(operands));
  const specs = operands.map((operand) => specOf(operand, numberType));
  let inputCount = 0;
  const inputs = operands.map((operand, i) => {
    if (operand === null) return "";
    const { dtype } = specs[i];
    const input = g.input(`x${inputCount++}`, dtype);
    return computed(dtype) === dtype ? input : g.cast(input, computed(dtype));
  });
  // A graph that serves every size must not look at one.
  const open = ({ dtype, shape, blocked }: Spec): Spec => ({
    dtype: computed(dtype),
    blocked,
    shape: op.shaped ? shape : shape.map(() => NaN),
  });
  const context = { attributes, inputs: specs.map(open), outputs: outputs.map(open), provider: computing };
  op.graph(g, inputs, context).forEach((value, j) => {
    const { dtype } = outputs[j];
    g.output(`y${j}`, computed(dtype) === dtype ? value : g.cast(value, dtype), dtype);
  });
  const model = g.finish();
  let session: Session;
  try {
    session = new Session(model, inputCount, outputs.length, engine, {
      sequential: op.sequential,
      onHost: g.hasHostNodes,
    });
  } catch (error) {
    throw refused(op, specs, provider, error as Error);
  }
  noteOnHost(provider, op.name, session.onHost);
  return new Kernel(session, inputCount, numberType, onHost);
}

/** What ONNX Runtime says of a type that an operator has no kernel for, or is not defined in. */
const NO_KERNEL =
  /Could not find an implementation for (\w+)|Provider type for (\w+) node with name|of operator \((\w+)\) in node \(\w*\) is invalid/;

/** The error of a graph that does not compile: a sentence where ONNX Runtime has no kernel for the types. */
function refused(op: CompiledOp, specs: readonly Spec[], provider: Provider, error: Error): Error {
  const found = NO_KERNEL.exec(error.message);
  if (found === null) return error;
  const node = found[1] ?? found[2] ?? found[3];
  const types = new Set(specs.map(({ dtype }) => dtype));
  return new TypeError(
    `${op.name}: expected types in which ONNX Runtime computes ${node} on ${provider} but found ` +
      `${[...types].join(", ")}; use to()`,
    { cause: error },
  );
}

/**
 * The type that the graph of `op` is built for in place of `dtype`. The CPU provider has almost no kernels for half
 * precision: there, and where it steps in for an adapter that has none either, a graph computes in float32 and rounds
 * once at its end, as PyTorch's kernels do.
 */
function computedIn(op: CompiledOp, dtype: DType, provider: Provider): DType {
  const half = dtype === "bfloat16" || (dtype === "float16" && provider === "cpu");
  return half && !op.moves ? "float32" : dtype;
}

/** Releases the quarter of all kernels that was not used for the longest time. */
function forgetOld(): void {
  const all: { kernel: Kernel; forget: () => void }[] = [];
  for (const op of registry()) {
    for (const kernels of op.kernels.values()) {
      for (const [key, kernel] of kernels) all.push({ kernel, forget: () => kernels.delete(key) });
    }
  }
  all.sort((a, b) => a.kernel.used - b.kernel.used);
  for (const { kernel, forget } of all.slice(0, LIMIT / 4)) {
    forget();
    kernel.release();
    count--;
  }
}

let registry: () => Iterable<CompiledOp> = () => [];

/** Tells this file where all ops are listed. */
export function registerOps(list: () => Iterable<CompiledOp>): void {
  registry = list;
}
