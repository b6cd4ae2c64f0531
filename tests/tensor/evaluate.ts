/**
 * Runs one stored case through a function of Ebb: outputs and gradients as plain numbers, everything else freed.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { type Device, withDevice } from "../../lib/device/mod.ts";
import { isFloating, toNumbers } from "../../lib/tensor/dtype.ts";
import { asBlocked, blockSize } from "../../lib/tensor/layout.ts";
import type { Case } from "./reference/cases.ts";
import { cotangent, elements, type Operand } from "./reference/operands.ts";

/** The function under test: takes the operands, then the options; gives one or several tensors. */
// deno-lint-ignore no-explicit-any -- every op has operands and options of its own
export type OpFunction = (...operands: any[]) => ebb.Tensor | readonly ebb.Tensor[];

/** Where and how a case is run. */
export interface Setting {
  readonly device: Device;
  /** The type of floating operands. */
  readonly dtype: ebb.DType;
  /** Hand over images in the blocked layout of the CPU's convolutions. */
  readonly blocked?: boolean;
}

/** What a tensor holds. */
export interface Values {
  readonly dtype: ebb.DType;
  readonly shape: ebb.Shape;
  readonly values: readonly number[];
}

/** The operands' elements as the case states them; undefined for what is no tensor. */
export function operandValues({ operands, seed }: Case): (number[] | undefined)[] {
  return operands.map((operand, i) => isTensor(operand) ? elements(operand, (seed + i) >>> 0) : undefined);
}

function isTensor({ kind }: Operand): boolean {
  return kind !== "number" && kind !== "none";
}

/** Whether the case has an operand that can be in the blocked layout. */
export function canBeBlocked({ operands }: Case): boolean {
  return blockSize() > 1 && operands.some(isImage);
}

function isImage({ dtype, shape }: Operand): boolean {
  return dtype === "float" && shape?.length === 4 && shape[0] > 0 && shape[1] % blockSize() === 0 &&
    shape[2] > 0;
}

function make(operand: Operand, values: readonly number[], setting: Setting, wantsGrad: boolean): ebb.Tensor {
  const { shape } = operand;
  const dtype = operand.dtype === "float" ? setting.dtype : operand.dtype;
  let x = ebb.tensor(values, { shape, dtype, device: setting.device });
  if (setting.blocked && isImage(operand)) x = asBlocked(x);
  x.requiresGrad = wantsGrad && operand.dtype === "float" && operand.grad !== false;
  return x;
}

function read(tensor: ebb.Tensor): Values {
  return { dtype: tensor.dtype, shape: tensor.shape, values: toNumbers(tensor.data(), tensor.dtype) };
}

/** The outputs for the given elements of the operands. */
export function forward(
  fn: OpFunction,
  a: Case,
  values: (number[] | undefined)[],
  setting: Setting,
): Values[] {
  return inside(setting, () => {
    const operands = a.operands.map((operand, i) => operandOf(operand, values[i], setting, false));
    return [fn(...operands, a.options)].flat().map(read);
  });
}

function operandOf(
  operand: Operand,
  values: number[] | undefined,
  setting: Setting,
  wantsGrad: boolean,
): unknown {
  if (values !== undefined) return make(operand, values, setting, wantsGrad);
  return operand.kind === "number" ? operand.value : null;
}

/** Outputs, and gradients of the operands in `a.gradients` (null: none arrived). */
export function outputsAndGradients(
  fn: OpFunction,
  a: Case,
  setting: Setting,
  values: (number[] | undefined)[] = operandValues(a),
): { outputs: Values[]; gradients: (Values | null)[] } {
  return inside(setting, () => {
    const { outputs, gradients } = differentiate(fn, a, setting, values, false);
    return { outputs: outputs.map(read), gradients: gradients.map((gradient) => gradient && read(gradient)) };
  });
}

/** Storages that a call leaves outside of any scope, after its operands and outputs were freed. */
export function storagesLeft(fn: OpFunction, a: Case, setting: Setting): number {
  const { device } = setting;
  const before = device.memory().storages;
  const values = operandValues(a);
  const operands = a.operands.map((operand, i) => operandOf(operand, values[i], setting, true));
  const outputs = [fn(...operands, a.options)].flat();
  for (const tensor of [...operands, ...outputs]) if (tensor instanceof ebb.Tensor) tensor.dispose();
  return device.memory().storages - before;
}

/** Gradients of `sum(gradient · v)` over all gradients, with `v` as {@link cotangent} gives it for their numbers. */
export function secondGradients(fn: OpFunction, a: Case, setting: Setting): (Values | null)[] {
  return inside(setting, () => {
    const { wanted, gradients } = differentiate(fn, a, setting, operandValues(a), true);
    const found = backwards(gradients, wanted, a.seed, setting, false);
    return found.map((gradient) => gradient && read(gradient));
  });
}

function differentiate(
  fn: OpFunction,
  a: Case,
  setting: Setting,
  values: (number[] | undefined)[],
  createGraph: boolean,
): { outputs: readonly ebb.Tensor[]; wanted: ebb.Tensor[]; gradients: (ebb.Tensor | null)[] } {
  const operands = a.operands.map((operand, i) => operandOf(operand, values[i], setting, true));
  const outputs = [fn(...operands, a.options)].flat();
  const wanted = a.gradients.map((i) => operands[i] as ebb.Tensor);
  return { outputs, wanted, gradients: backwards(outputs, wanted, a.seed, setting, createGraph) };
}

/** Gradients of the outputs that have one, each weighted by its cotangent. */
function backwards(
  outputs: readonly (ebb.Tensor | null)[],
  wanted: readonly ebb.Tensor[],
  seed: number,
  { device }: Setting,
  createGraph: boolean,
): (ebb.Tensor | null)[] {
  const through = outputs.flatMap((output, j) =>
    output !== null && output.requiresGrad && isFloating(output.dtype) ? [{ output, j }] : []
  );
  if (through.length === 0) return wanted.map(() => null);
  const gradOutputs = through.map(({ output: { shape, dtype }, j }) =>
    ebb.tensor(cotangent(shape, seed, j), { shape, dtype, device })
  );
  return ebb.grad(through.map(({ output }) => output), wanted, { gradOutputs, createGraph });
}

function inside<T>({ device }: Setting, fn: () => T): T {
  return withDevice(device, () => ebb.scope(fn));
}
