/**
 * Small pieces of graphs that several ops share, and when to work with less at once.
 *
 * @module
 */
import type { Device } from "../../device/mod.ts";
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Spec } from "../op.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { STEP } from "./unary.ts";

/** Share of a budget that an op may take: what is free lies in several places. */
const ROOM = 0.6;

/**
 * Whether so many bytes of operands and temporaries crowd a device, so that it pays to work with less at once. Temporaries
 * count double: while an op runs, nothing can be moved to make room for them.
 */
export function isCrowded(device: Device, operands: number, temporaries = 0): boolean {
  return operands + 2 * temporaries > ROOM * device.pool.budgetBytes;
}

/** `x` as a matrix whose rows are along the last `axes` axes; free at the start of a graph. */
export function rows(g: GraphBuilder, x: Value, rank: number, axes = 1): Value {
  return rank === 2 && axes === 1 ? x : g.node("Flatten", [x], { axis: rank - axes });
}

/** An output `[...lead, columns]` that a graph computes as a matrix of rows. */
export function rowsSpec(dtype: DType, lead: Shape, columns: number): Spec {
  return { dtype, shape: [...lead, columns], graphShape: [sizeOf(lead), columns] };
}

/** A row of ones for each row of a matrix, as a vector. */
export function onesForRows(g: GraphBuilder, matrix: Value, dtype: DType): Value {
  return g.node("Expand", [g.scalar(1, dtype), g.node("Shape", [matrix], { start: 0, end: 1 })]);
}

/** Sums of the columns of a matrix: as a product, several times faster than ReduceSum (`kernels.md`, key finding 5). */
export function columnSums(g: GraphBuilder, matrix: Value, dtype: DType): Value {
  return g.node("MatMul", [onesForRows(g, matrix, dtype), matrix]);
}

/** 1 where `x` is positive, 0 elsewhere, in the type of `x`. */
export function positive(g: GraphBuilder, x: Value, dtype: DType): Value {
  // The steep sigmoid is the fastest mask (key finding 3), but has a kernel for float32 alone.
  return dtype === "float64"
    ? g.cast(g.node("Greater", [x, g.scalar(0, dtype)]), dtype)
    : g.node("HardSigmoid", [x], STEP);
}
