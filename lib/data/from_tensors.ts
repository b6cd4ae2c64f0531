/**
 * Between data sets and tensors: a data set of tensors that are at hand, and a batch brought to a device.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import { fromHost } from "../tensor/create.ts";
import type { HostArray } from "../tensor/dtype.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ColumnDataset, type HostTensor } from "./dataset.ts";

/** What to call the parts of a data set. */
export interface FromTensorsOptions {
  /** A name for each tensor; default x and y, beyond two x0, x1, … */
  readonly names?: readonly string[];
  /** The names of the classes that the labels number. */
  readonly classes?: readonly string[];
}

/**
 * A data set whose rows are those of the given tensors: row `i` is `tensors[0][i]`, `tensors[1][i]`, … The contents are
 * copied to host memory; the tensors may be freed or changed afterwards.
 *
 * @param tensors `[N, ...]` each
 * @throws {RangeError} when they have no axis, or differ in the length of their first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4], [5, 6]]);
 * using y = ebb.tensor([0, 1, 0], { dtype: "int64" });
 * const data = ebb.data.fromTensors([x, y]);
 * assertEquals(data.at(-1).map(({ data }) => data), [Float32Array.of(5, 6), BigInt64Array.of(0n)]);
 * ```
 */
export function fromTensors(tensors: readonly Tensor[], options: FromTensorsOptions = {}): ColumnDataset {
  const lengths = tensors.map(({ shape }) => shape[0]);
  if (lengths[0] === undefined || lengths.some((length) => length !== lengths[0])) {
    const found = tensors.map(({ shape }) => showShape(shape)).join(", ") || "no tensor";
    throw new RangeError(
      `fromTensors: expected tensors of one length along their first axis but found ${found}`,
    );
  }
  const names = options.names ?? (tensors.length <= 2 ? ["x", "y"] : tensors.map((_, i) => `x${i}`));
  const columns = tensors.map((tensor, i) => ({
    kind: "rows" as const,
    name: names[i] ?? `x${i}`,
    shape: tensor.shape.slice(1),
    length: lengths[0],
    dtype: tensor.dtype,
    rows: tensor.data(),
  }));
  return new ColumnDataset(columns, { classes: options.classes });
}

/** A batch's part on a device, copied. */
export function toTensor({ data, shape, dtype }: HostTensor, device?: Device): Tensor {
  // The device only reads the bytes, so that shared memory serves as well as the ordinary one that the type asks for.
  return fromHost(data as HostArray, shape, { dtype, device });
}
