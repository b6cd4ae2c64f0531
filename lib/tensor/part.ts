/**
 * A part of a tensor where memory cannot be carved (`divisible` of the backend is false): a kernel reads a buffer from
 * its start, so what is a view elsewhere is a copy there. A change in place of the part is not seen by the whole.
 *
 * @module
 */
import { bytesPerElement } from "./dtype.ts";
import { defineOp, type Op, type Spec } from "./op.ts";
import { sizeOf } from "./shape.ts";
import { noGrad } from "./tape.ts";
import { Tensor } from "./tensor.ts";

let cut: Op<[Tensor, readonly number[], readonly number[]]> | undefined;

/** Elements `start` to before `end` of a vector, as lists of one. Made at first use: dispatch itself asks for it. */
function cutOp(): Op<[Tensor, readonly number[], readonly number[]]> {
  return cut ??= defineOp({
    name: "part",
    moves: true,
    infer: ([x, [start], [end]]) => [{ dtype: x.dtype, shape: [end - start] }],
    graph: (g, [x, start, end]) => [g.node("Slice", [x, start, end])],
  });
}

/** The elements that `spec` names, `offset` bytes from the first of `source`; a copy. */
export function partOf(source: Tensor, { dtype, shape, offset = 0 }: Spec): Tensor {
  const start = offset / bytesPerElement(dtype);
  const flat = new Tensor(source.storage.retain(), dtype, [source.size], source.offset);
  try {
    const part = noGrad(() => cutOp()([flat, [start], [start + sizeOf(shape)]]));
    const shaped = part.alias(shape);
    part.dispose();
    return shaped;
  } finally {
    flat.dispose();
  }
}
