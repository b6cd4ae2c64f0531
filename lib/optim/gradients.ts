/**
 * The gradients of many parameters at once: ops that take any number of vectors and write over them, one call for all
 * that share a type and a device.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../ort/mod.ts";
import { defineOp, type Op, type Operand, type Spec } from "../tensor/op.ts";
import { keep } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asVector, join } from "./flat.ts";

/** Without attributes. */
export type None = Record<never, never>;

/**
 * An op over vectors. Its operands are `places` tensors that take further results, the vectors, and `numbers` numbers;
 * its outputs are as many further results, and the vectors again. To be called with `into`: each output is written over
 * the operand of its place. Sound, as a vector is read last by the node that writes it.
 */
export function vectorsOp(
  name: string,
  places: number,
  numbers: number,
  graph: (g: GraphBuilder, vectors: readonly Value[], numbers: readonly Value[], type: Spec) => Value[],
): Op<Operand[], None> {
  return defineOp<Operand[], None>({
    name,
    infer: (operands) =>
      (operands.slice(0, operands.length - numbers) as Tensor[]).map(({ dtype, shape }) => ({
        dtype,
        shape,
      })),
    graph: (g, operands, { inputs }) => {
      const end = operands.length - numbers;
      return graph(g, operands.slice(places, end), operands.slice(end), inputs[places]);
    },
  });
}

/** One value a vector, added up in the order of the vectors. */
export function total(g: GraphBuilder, scalars: readonly Value[]): Value {
  return scalars.length === 1 ? scalars[0] : g.node("Sum", scalars);
}

/** Gradients as vectors, by type and device; those of parameters without one are left out. */
export function gradientVectors(parameters: Iterable<Tensor>): Tensor[][] {
  const groups = new Map<unknown, Map<string, Tensor[]>>();
  for (const { grad } of new Set(parameters)) {
    if (grad === null || grad.size === 0) continue;
    const byType = groups.get(grad.device) ?? new Map<string, Tensor[]>();
    groups.set(grad.device, byType);
    byType.set(grad.dtype, [...byType.get(grad.dtype) ?? [], asVector(grad)]);
  }
  return [...groups.values()].flatMap((byType) => [...byType.values()]);
}

/**
 * The same for ops that write over them. Two leaves may share a gradient's bytes (those of `a` and `b` after `a + b`),
 * or a user another view of it: such a parameter first gets a copy of its own.
 */
export function writableGradientVectors(parameters: Iterable<Tensor>): Tensor[][] {
  const all = [...parameters];
  for (const parameter of all) {
    const { grad } = parameter;
    if (grad === null || grad.size === 0 || (grad.storage.holders === 1 && !grad.blocked)) continue;
    parameter.grad = keep(join([asVector(grad)], [0]).alias(grad.shape));
    grad.dispose();
  }
  return gradientVectors(all);
}
