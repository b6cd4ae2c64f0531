/**
 * Triangles of matrices.
 *
 * @module
 */
import { defineOp, type Op } from "../op.ts";
import { showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

type Triangle = { diagonal: number; upper: number };

const triangleOp: Op<[Tensor], Triangle> = defineOp<[Tensor], Triangle>({
  name: "triangle",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x], { attributes: { diagonal, upper }, inputs: [{ dtype }] }) => {
    const cut = (matrix: string) => g.node("Trilu", [matrix, g.scalar(diagonal, "int64")], { upper });
    return [dtype === "uint8" ? g.cast(cut(g.cast(x, "int32")), dtype) : cut(x)];
  },
  gradient: ({ attributes }, [dy]) => [triangleOp([dy], attributes)],
});

function triangle(name: string, x: Tensor, diagonal: number, upper: number): Tensor {
  if (x.rank < 2 || !Number.isInteger(diagonal)) {
    throw new RangeError(
      `${name}: expected matrices and a whole number but found ${showShape(x.shape)} and ${diagonal}`,
    );
  }
  return triangleOp([x], { diagonal, upper });
}

/**
 * The lower triangle of each matrix `[..., N, M]`, up to the `diagonal`-th diagonal above the main one; zeros above.
 *
 * @throws {RangeError} when `x` has fewer than two axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
 * using y = x.tril();
 * assertEquals(y.toArray(), [[1, 0, 0], [4, 5, 0], [7, 8, 9]]);
 * ```
 */
export function tril(x: Tensor, diagonal: number = 0): Tensor {
  return triangle("tril", x, diagonal, 0);
}

/**
 * The upper triangle of each matrix `[..., N, M]`, from the `diagonal`-th diagonal above the main one on; zeros below.
 *
 * @throws {RangeError} when `x` has fewer than two axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using hidden = ebb.full([2, 2], -Infinity);
 * using mask = hidden.triu(1); // added to scores, it hides what comes later
 * assertEquals(mask.toArray(), [[0, -Infinity], [0, 0]]);
 * ```
 */
export function triu(x: Tensor, diagonal: number = 0): Tensor {
  return triangle("triu", x, diagonal, 1);
}
