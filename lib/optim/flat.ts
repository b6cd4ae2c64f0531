/**
 * Many small vectors as one: the op that lays tensors end to end in a flat buffer, and the same inside the graph of an
 * optimizer's step. Slots start at multiples of a cache line; the gaps between them hold zeros, which every update
 * leaves zero.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../ort/mod.ts";
import type { DType } from "../tensor/dtype.ts";
import { defineOp, type Op, type Spec } from "../tensor/op.ts";
import { reshape } from "../tensor/ops/view.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Slots start at multiples of this many elements (64 bytes of float32). */
const ALIGNMENT = 16;

/** Elements left free after a slot of `size` elements. */
export function gapAfter(size: number): number {
  return (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT;
}

/** In a graph: vectors end to end in type `dtype`, with `gaps[i]` zeros after vector `i`. */
export function joined(
  g: GraphBuilder,
  vectors: readonly Value[],
  specs: readonly Spec[],
  gaps: readonly number[],
  dtype: DType,
): Value {
  const parts = vectors.flatMap((vector, i) => {
    const value = specs[i].dtype === dtype ? vector : g.cast(vector, dtype);
    return gaps[i] > 0 ? [value, g.fill([gaps[i]], 0, dtype)] : [value];
  });
  return parts.length === 1 ? parts[0] : g.node("Concat", parts, { axis: 0 });
}

type JoinAttributes = {
  gaps: readonly number[];
  dtype: DType;
};

const joinOp: Op<Tensor[], JoinAttributes> = defineOp<Tensor[], JoinAttributes>({
  name: "joinFlat",
  infer: (vectors, { gaps, dtype }) => [{
    dtype,
    shape: [vectors.reduce((sum, { size }, i) => sum + size + gaps[i], 0)],
  }],
  graph: (g, vectors, { inputs, attributes: { gaps, dtype } }) => {
    const value = joined(g, vectors, inputs, gaps, dtype);
    return [value === vectors[0] ? g.node("Identity", [value]) : value];
  },
});

/** A new vector of type `dtype`: the given ones end to end, with `gaps[i]` zeros after vector `i`. */
export function join(
  vectors: readonly Tensor[],
  gaps: readonly number[],
  dtype: DType = vectors[0].dtype,
): Tensor {
  return joinOp([...vectors], { gaps, dtype });
}

/** The elements of a tensor as a vector, without copying them where the layout allows. */
export function asVector(tensor: Tensor): Tensor {
  return tensor.blocked ? reshape(tensor, [tensor.size]) : tensor.alias([tensor.size]);
}
