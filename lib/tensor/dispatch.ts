/**
 * How an op runs: check devices, settle layouts, infer shapes, bring back storages that are away, allocate outputs from
 * the device's pool, run the session over them, tell the observer, record on the tape.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { settleRecipes } from "../device/recipe.ts";
import { throwIfInterrupted } from "../notebook/mod.ts";
import { bytesPerElement, isFloating } from "./dtype.ts";
import { isTensor } from "./kernel.ts";
import { settleLayouts, writeBlocked } from "./layout.ts";
import { opObserver } from "./observe.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import { partOf } from "./part.ts";
import { run } from "./run.ts";
import { hasHappened, isRepeated } from "./saved.ts";
import { sizeOf } from "./shape.ts";
import { gradEnabled, record } from "./tape.ts";
import { Tensor } from "./tensor.ts";
import { traced } from "./trace.ts";

type Overwrites = readonly (readonly [number, number])[];
const NONE: Overwrites = [];
/** The first output has the bytes of the first operand, which the caller gives up, and a handle of its own. */
const GIVEN_UP: Overwrites = [[0, 0]];

/**
 * Runs `op`, its first `inPlace` outputs written over as many operands in the operands' own handles; `"given up"`: the
 * first one in a new handle, so that the op can be recorded.
 */
export function dispatch(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  inPlace: number | "given up",
): Tensor[] {
  throwIfInterrupted();
  const device = deviceOf(op, operands);
  const wantsGrad = gradEnabled() && op.gradient !== undefined && anyRequiresGrad(operands);
  const given = inPlace === "given up";
  const overwrites = given ? GIVEN_UP : inPlace > 0 ? firstOverFirst(inPlace) : op.inPlace ?? NONE;
  if (!given) {
    for (const [, operand] of overwrites) checkOverwritten(op, operands[operand], inPlace > 0 && wantsGrad);
  }
  if (!anyBlocked(operands)) {
    return complete(op, operands, operands, attributes, device, overwrites, wantsGrad);
  }
  const temporary: Tensor[] = [];
  try {
    const settled = settleLayouts(op, operands, attributes, overwrites, temporary);
    const outputs = complete(op, settled, operands, attributes, device, overwrites, wantsGrad);
    if (given) return outputs;
    for (const [output, operand] of overwrites) {
      // Written over the plain contents of a blocked tensor: the tensor itself is to have them.
      const target = operands[operand] as Tensor;
      if (outputs[output] !== target) outputs[output] = writeBlocked(outputs[output], target);
    }
    return outputs;
  } finally {
    for (const tensor of temporary) tensor.dispose();
  }
}

const firsts: Overwrites[] = [];

/** Outputs 0 to `count - 1` over the operands of the same places. */
function firstOverFirst(count: number): Overwrites {
  return firsts[count] ??= Array.from({ length: count }, (_, i) => [i, i] as const);
}

/** Everything after layouts are settled. */
function complete(
  op: CompiledOp,
  inputs: readonly Operand[],
  sources: readonly Operand[],
  attributes: Attributes,
  device: Device,
  overwrites: Overwrites,
  wantsGrad: boolean,
): Tensor[] {
  const specs = op.infer(inputs, attributes);
  if (op.gradient === undefined) checkConstant(op, sources, specs);
  if (op.layout === "elementwise" && anyBlocked(inputs)) {
    for (const spec of specs) spec.blocked = true;
  }
  const outputs = op.view
    ? viewsOf(inputs[0] as Tensor, specs)
    : execute(op, inputs, attributes, specs, device, overwrites);
  if (wantsGrad) record(op, inputs, sources, attributes, outputs, specs);
  traced({ op, inputs, attributes, outputs, outputSpecs: specs });
  return outputs;
}

/** Refuses to lose a gradient in silence: through an op that has none, as in second derivatives of fused gradients. */
function checkConstant(op: CompiledOp, sources: readonly Operand[], specs: readonly Spec[]): void {
  if (!gradEnabled() || !anyRequiresGrad(sources) || !specs.some((spec) => isFloating(spec.dtype))) return;
  throw new Error(
    `${op.name}: expected operands that need no gradient, as it has none, but found one that does`,
  );
}

/** Allocates the outputs and runs the kernel, in sight of the observer. */
function execute(
  op: CompiledOp,
  inputs: readonly Operand[],
  attributes: Attributes,
  specs: readonly Spec[],
  device: Device,
  overwrites: Overwrites,
): Tensor[] {
  if (isRepeated() && overwrites.length === specs.length) {
    const targets = overwrites.map(([, operand]) => inputs[operand] as Tensor);
    if (hasHappened(targets.map(({ storage }) => storage))) return targets;
  }
  const observer = opObserver;
  const { moves } = device;
  const read = observer !== null || moves ? storagesOf(inputs) : [];
  observer?.before(op.name, read);
  // Where storages move, those of this op stay put until it is done.
  const made: Storage[] = [];
  if (moves) {
    for (const [, operand] of overwrites) settleRecipes(device, (inputs[operand] as Tensor).storage);
    device.pin(read);
  }
  const outputs: Tensor[] = [];
  let empty = true;
  try {
    for (let j = 0; j < specs.length; j++) {
      const { dtype, shape, blocked } = specs[j];
      const size = sizeOf(shape);
      if (size > 0) empty = false;
      const over = overwrites.find(([output]) => output === j);
      if (over !== undefined && device.backend.divisible) {
        const operand = inputs[over[1]] as Tensor;
        outputs.push(
          overwrites === GIVEN_UP
            ? new Tensor(operand.storage.retain(), dtype, shape, operand.offset, blocked)
            : operand,
        );
        continue;
      }
      const storage = device.allocate(size * bytesPerElement(dtype));
      outputs.push(new Tensor(storage, dtype, shape, 0, blocked));
      if (moves) {
        storage.pins++;
        made.push(storage);
      }
    }
    if (!empty) run(op, inputs, attributes, specs, outputs, device);
  } catch (error) {
    for (const output of outputs) if (!inputs.includes(output)) output.dispose();
    throw error;
  } finally {
    if (moves) {
      device.unpin(read);
      device.unpin(made);
    }
  }
  for (const [output, operand] of overwrites) {
    if (overwrites === GIVEN_UP) outputs[output].storage.written();
    else outputs[output] = overwritten(outputs[output], inputs[operand] as Tensor);
  }
  if (observer !== null) {
    observer.after(op.name, read, outputs.map((output) => output.storage));
    observer.ran?.({ op, inputs, attributes, outputs, specs });
  }
  return outputs;
}

/** The operand with an output's elements: written in place, or, where no kernel can do that, by taking its block. */
function overwritten(output: Tensor, operand: Tensor): Tensor {
  if (output !== operand) {
    operand.storage.exchange(output.storage);
    output.dispose();
  }
  operand.storage.written();
  return operand;
}

function viewsOf(source: Tensor, specs: readonly Spec[]): Tensor[] {
  return specs.map((spec) => {
    const { dtype, shape, offset = 0 } = spec;
    const isWhole = sizeOf(shape) === source.size;
    if (!isWhole && !source.device.backend.divisible) return partOf(source, spec);
    return new Tensor(source.storage.retain(), dtype, shape, source.offset + offset);
  });
}

function deviceOf(op: CompiledOp, operands: readonly Operand[]): Device {
  let device: Device | null = null;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (!isTensor(operand)) {
      if (operand === undefined) throw new TypeError(`${op.name}: expected operand ${i} but found nothing`);
      continue;
    }
    if (!(operand instanceof Tensor)) {
      throw new TypeError(`${op.name}: expected a tensor as operand ${i} but found ${typeof operand}`);
    }
    if (operand.disposed) {
      throw new Error(`${op.name}: expected a live tensor as operand ${i} but found ${operand}`);
    }
    if (device === null) device = operand.device;
    else if (device !== operand.device) {
      throw new Error(
        `${op.name}: expected all operands on one device but found ${device.name} and ${operand.device.name}` +
          (device.name === operand.device.name ? " (two devices of that kind)" : ""),
      );
    }
  }
  if (device === null) throw new TypeError(`${op.name}: expected a tensor but found none`);
  return device;
}

/** Refuses to overwrite what the tape counts on. */
function checkOverwritten(op: CompiledOp, operand: Operand, recorded: boolean): void {
  if (recorded || (gradEnabled() && isTensor(operand) && operand.requiresGrad)) {
    throw new Error(
      `${op.name}: expected noGrad() around a change in place of a tensor that requires a gradient`,
    );
  }
}

function anyBlocked(operands: readonly Operand[]): boolean {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (isTensor(operand) && operand.blocked) return true;
  }
  return false;
}

function anyRequiresGrad(operands: readonly Operand[]): boolean {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (isTensor(operand) && operand.requiresGrad && isFloating(operand.dtype)) return true;
  }
  return false;
}

function storagesOf(operands: readonly Operand[]): Storage[] {
  const storages: Storage[] = [];
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (isTensor(operand)) storages.push(operand.storage);
  }
  return storages;
}
