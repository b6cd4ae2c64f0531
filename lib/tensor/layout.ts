/**
 * The blocked layout of the CPU's convolutions: channels in blocks of 8 or 16 (`[N, C/B, H, W, B]`), under the tensor's
 * usual shape `[N, C, H, W]`. It is the library's business: convolution, normalisation and pooling make it, element-wise
 * ops pass it on, everything else (and every user) sees the plain layout through one reordering that is kept.
 *
 * @module
 */
import type { Storage } from "../device/mod.ts";
import { GraphBuilder, hostAllocator, makeValue, NCHWC, releaseValue, runtime, Session } from "../ort/mod.ts";
import { isTensor } from "./kernel.ts";
import { type Attributes, type CompiledOp, defineOp, type Op, type Operand } from "./op.ts";
import { sameShape } from "./shape.ts";
import { noGrad } from "./tape.ts";
import { Tensor } from "./tensor.ts";

type Reorder = Op<[Tensor], Record<never, never>>;
let toPlain: Reorder | undefined;
let toBlocked: Reorder | undefined;

function plainOp(): Reorder {
  return toPlain ??= defineOp({
    name: "reorderToPlain",
    layout: "own",
    shaped: true,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    graph: (g, [x], { inputs }) => [g.blocked("ReorderOutput", [x], { channels: inputs[0].shape[1] })],
  });
}

let overwrite: Op<[Tensor, Tensor], Record<never, never>> | undefined;

function overwriteOp(): Op<[Tensor, Tensor], Record<never, never>> {
  return overwrite ??= defineOp({
    name: "reorderIntoBlocked",
    layout: "own",
    infer: ([, target]) => [{ dtype: target.dtype, shape: target.shape, blocked: true }],
    graph: (g, [plain]) => [g.blocked("ReorderInput", [plain])],
    inPlace: [[0, 1]],
  });
}

function blockedOp(): Reorder {
  return toBlocked ??= defineOp({
    name: "reorderToBlocked",
    layout: "own",
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape, blocked: true }],
    graph: (g, [x]) => [g.blocked("ReorderInput", [x])],
  });
}

/** Writes the contents of a plain tensor into a blocked one of its shape. Returns the latter. */
export function writeBlocked(plain: Tensor, target: Tensor): Tensor {
  return noGrad(() => overwriteOp()([plain, target]));
}

/** The storage with the plain contents of a blocked tensor; made once, kept until the contents change. */
export function plainStorage(tensor: Tensor): Storage {
  const storage = tensor.storage;
  if (storage.plain === null) {
    const plain = noGrad(() => plainOp()([tensor]));
    storage.plain = plain.storage.retain();
    plain.dispose();
  }
  return storage.plain;
}

/** Another handle of `tensor` in the plain layout. The caller frees it. */
export function asPlain(tensor: Tensor): Tensor {
  return new Tensor(plainStorage(tensor).retain(), tensor.dtype, tensor.shape);
}

/** A tensor of the same contents in the blocked layout. The caller frees it. */
export function asBlocked(tensor: Tensor): Tensor {
  return noGrad(() => blockedOp()([tensor]));
}

/** Brings operands of which some are blocked into layouts that `op` takes; new handles go to `temporary`. */
export function settleLayouts(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  overwrites: readonly (readonly [number, number])[],
  temporary: Tensor[],
): readonly Operand[] {
  const { layout } = op;
  if (layout === "own" || (typeof layout === "function" && layout(operands, attributes))) return operands;
  // What is written in place keeps its layout, as it keeps its bytes.
  const keep = layout === "elementwise" && fitsBlocked(operands) &&
    overwrites.every(([, i]) => (operands[i] as Tensor).blocked);
  return operands.map((operand) => {
    if (!isTensor(operand) || operand.size === 1 || operand.blocked === keep) return operand;
    const settled = keep ? asBlocked(operand) : asPlain(operand);
    temporary.push(settled);
    return settled;
  });
}

/** Whether all operands have one shape (or are scalars), so that the order of elements does not matter. */
function fitsBlocked(operands: readonly Operand[]): boolean {
  const tensors = operands.filter(isTensor).filter((tensor) => tensor.size !== 1);
  return tensors.every((tensor) => tensor.dtype === "float32" && sameShape(tensor.shape, tensors[0].shape));
}

let size: number | undefined;
let plainOnly = false;

/** Runs `fn` without the blocked layout. */
export function withPlainLayout<T>(fn: () => T): T {
  const before = plainOnly;
  plainOnly = true;
  try {
    return fn();
  } finally {
    plainOnly = before;
  }
}

/** Channels in a block on this processor; 1 where ONNX Runtime has no blocked kernels. */
export function blockSize(): number {
  if (plainOnly) return 1;
  return size ??= Deno.env.get("EBB_BLOCKED") === "0" ? 1 : [16, 8].find(blocksOf) ?? 1;
}

/** Whether reordering 4 channels gives `channels`: the block size shows in the shape. */
function blocksOf(channels: number): boolean {
  const { api, hostMemory } = runtime();
  const host = hostAllocator(api);
  const memory = host.allocate(4 * (4 + channels));
  const input = makeValue(hostMemory, memory, 16, "float32", [1, 4, 1, 1]);
  const output = makeValue(hostMemory, memory + 16, 4 * channels, "float32", [1, channels, 1, 1]);
  try {
    const g = new GraphBuilder();
    g.output("y0", g.node("ReorderInput", [g.input("x0", "float32")], {}, NCHWC), "float32");
    const session = new Session(g.finish(), 1, 1);
    session.inputs[0] = BigInt(input);
    session.outputs[0] = BigInt(output);
    try {
      session.run();
      return true;
    } finally {
      session.release();
    }
  } catch {
    return false;
  } finally {
    releaseValue(input);
    releaseValue(output);
    host.free(memory);
  }
}
