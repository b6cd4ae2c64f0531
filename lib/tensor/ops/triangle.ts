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

/** The lower triangle of each matrix `[..., N, M]`, up to the `diagonal`-th diagonal above the main one; zeros above. */
export function tril(x: Tensor, diagonal: number = 0): Tensor {
  return triangle("tril", x, diagonal, 0);
}

/** The upper triangle of each matrix `[..., N, M]`, from the `diagonal`-th diagonal above the main one on; zeros below. */
export function triu(x: Tensor, diagonal: number = 0): Tensor {
  return triangle("triu", x, diagonal, 1);
}
