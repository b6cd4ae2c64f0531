/**
 * Several tensors as one.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { axisOf, sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { narrow } from "./slice.ts";
import { split } from "./split.ts";
import { reshape, unsqueeze } from "./view.ts";

const concatOp: Op<Tensor[], { axis: number }> = defineOp<Tensor[], { axis: number }>({
  name: "concat",
  moves: true,
  infer: (tensors, { axis }) => {
    const [{ dtype, shape }] = tensors;
    const size = tensors.reduce((sum, tensor) => sum + tensor.shape[axis], 0);
    return [{ dtype, shape: shape.with(axis, size) }];
  },
  graph: (g, tensors, { attributes: { axis } }) => [g.node("Concat", tensors, { axis })],
  gradient: ({ specs, attributes: { axis }, needs }, [dy]) => {
    const sizes = specs.map(({ shape }) => shape[axis]);
    if (needs.every(Boolean)) return split(dy, sizes, axis);
    let start = 0;
    return sizes.map((size, i) => {
      const piece = needs[i] ? narrow(dy, axis, start, size) : null;
      start += size;
      return piece;
    });
  },
});

/**
 * Tensors one after the other along `axis`; all other sizes and the types agree.
 *
 * @throws {RangeError} when there are no tensors or their shapes do not fit.
 * @throws {TypeError} when their types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using a = ebb.tensor([[1, 2]]);
 * using b = ebb.tensor([[3, 4]]);
 * assertEquals(ebb.concat([a, b]).toArray(), [[1, 2], [3, 4]]);
 * assertEquals(ebb.concat([a, b], 1).toArray(), [[1, 2, 3, 4]]);
 * ```
 */
export function concat(tensors: readonly Tensor[], axis: number = 0): Tensor {
  return join("concat", tensors, axis);
}

/**
 * Tensors of one shape along a new axis `axis`.
 *
 * @throws {RangeError | TypeError} when there are no tensors, or their shapes or types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using a = ebb.tensor([1, 2]);
 * using b = ebb.tensor([3, 4]);
 * using rows = ebb.stack([a, b]);
 * using columns = ebb.stack([a, b], 1);
 * assertEquals([rows.toArray(), columns.toArray()], [[[1, 2], [3, 4]], [[1, 3], [2, 4]]]);
 * ```
 */
export function stack(tensors: readonly Tensor[], axis: number = 0): Tensor {
  const rank = tensors.length > 0 ? tensors[0].rank + 1 : 1;
  const along = axisOf("stack", axis, rank);
  const other = tensors.find(({ shape }) => !sameShape(shape, tensors[0].shape));
  if (other !== undefined) {
    throw new RangeError(
      `stack: expected tensors of one shape but found ${showShape(tensors[0].shape)} and ${
        showShape(other.shape)
      }`,
    );
  }
  return scope(() => join("stack", tensors.map((tensor) => unsqueeze(tensor, along)), along));
}

function join(name: string, tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new RangeError(`${name}: expected at least one tensor but found none`);
  const [first, ...others] = tensors;
  const along = axisOf(name, axis, first.rank);
  for (const { shape, dtype } of others) {
    if (shape.length !== first.rank || !shape.every((size, i) => i === along || size === first.shape[i])) {
      throw new RangeError(
        `${name}: expected shapes that agree but for axis ${along} but found ${showShape(first.shape)} and ` +
          showShape(shape),
      );
    }
    if (dtype !== first.dtype) {
      throw new TypeError(
        `${name}: expected tensors of one type but found ${first.dtype} and ${dtype}; use to()`,
      );
    }
  }
  return tensors.length === 1 ? reshape(first, first.shape) : concatOp([...tensors], { axis: along });
}
