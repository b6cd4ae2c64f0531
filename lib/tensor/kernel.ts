/**
 * A kernel: an op's compiled graph, with host memory through which numbers and lists reach it; and what operands are to it.
 *
 * @module
 */
import { addressOf, makeValue, releaseValue, runtime, type Session } from "../ort/mod.ts";
import { bytesPerElement, type DType, fromNumbers } from "./dtype.ts";
import type { Operand, Spec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

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

/**
 * `plain`; `narrow`: computes in half precision as it is; `wide`: computes half precision in float32; `host`: runs on the CPU
 * though its operands lie elsewhere.
 */
export type Form = "plain" | "narrow" | "wide" | "host";

/** A compiled graph. */
export class Kernel {
  readonly session: Session;
  /** How its graph came to be what it is. */
  readonly form: Form;
  used = 0;
  readonly #hosts: (HostOperand | null)[];
  readonly #numberType: DType;

  constructor(session: Session, inputCount: number, numberType: DType, form: Form) {
    this.session = session;
    this.form = form;
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
