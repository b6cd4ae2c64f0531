/**
 * The kernels that were made, by op, engine and what they serve. Those that were not used for long go when there are too
 * many.
 *
 * @module
 */
import { type Engine, webgpuComputesHalf } from "../ort/mod.ts";
import { compile } from "./compile.ts";
import { type DType, DTYPE_CODES } from "./dtype.ts";
import { isTensor, type Kernel } from "./kernel.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";

/** Kernels kept in all; a model needs a few dozen. */
const LIMIT = 1024;

/** A kernel and where it is kept. */
interface Kept {
  kernel: Kernel;
  readonly kernels: Map<number | string, Kernel>;
  readonly key: number | string;
}

let clock = 0;
const all: Kept[] = [];

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
    kernel = compile(op, operands, attributes, outputs, engine, onHost ? "host" : undefined);
    kernels.set(key, kernel);
    all.push({ kernel, kernels, key });
    if (all.length > LIMIT) forgetOld(kernel);
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

/**
 * The kernel to try where one has failed while it ran, from now on in its place: one that runs on the CPU where nodes can be
 * told to, one that computes in float32 where the other did so in half precision. Null: there is none.
 */
export function otherKernelFor(
  failed: Kernel,
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
): Kernel | null {
  const form = failed.form === "narrow" ? "wide" : engine.places && failed.form !== "host" ? "host" : null;
  const kept = all.find(({ kernel }) => kernel === failed);
  if (form === null || kept === undefined) return null;
  const kernel = compile(op, operands, attributes, outputs, engine, form);
  failed.release();
  kept.kernel = kernel;
  kept.kernels.set(kept.key, kernel);
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

/** Releases the quarter of all kernels that was not used for the longest time, but not the newest. */
function forgetOld(newest: Kernel): void {
  newest.used = clock + 1;
  all.sort((a, b) => a.kernel.used - b.kernel.used);
  for (const { kernel, kernels, key } of all.splice(0, LIMIT / 4)) {
    kernels.delete(key);
    kernel.release();
  }
}
