/**
 * Matrix products: of matrices, of vectors, and batched with broadcasting.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { scope } from "../scope.ts";
import { broadcastShapes, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./view.ts";
import { sumTo } from "./sum.ts";

/** Which operands are read transposed in their last two axes. */
interface Transposed {
  transA: number;
  transB: number;
  [name: string]: unknown;
}

/** Rows and columns as the product sees them. */
function matrixOf(shape: Shape, transposed: number): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

const matmulOp: Op<[Tensor, Tensor], Transposed> = defineOp<[Tensor, Tensor], Transposed>({
  name: "matmul",
  halves: true,
  infer: ([a, b], { transA, transB }) => {
    const [m, k] = matrixOf(a.shape, transA);
    const [inner, n] = matrixOf(b.shape, transB);
    if (k !== inner || a.dtype !== b.dtype) {
      throw new RangeError(
        `matmul: expected inner dimensions to agree and one type but found ${a.dtype}${
          showShape(a.shape)
        } x ` +
          `${b.dtype}${showShape(b.shape)}`,
      );
    }
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: a.dtype, shape: [...batch, m, n] }];
  },
  // FusedMatMul reads an operand transposed without a copy, for float32 on the CPU.
  graph: (g, [a, b], { attributes: { transA, transB }, inputs, provider }) => {
    if (!transA && !transB) return [g.node("MatMul", [a, b])];
    if (provider === "cpu" && inputs[0].dtype === "float32") {
      return [g.fused("FusedMatMul", [a, b], { transA, transB })];
    }
    const turned = (x: string, rank: number, transposed: number) => {
      const axes = Array.from({ length: rank }, (_, i) => i);
      return transposed ? g.node("Transpose", [x], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] }) : x;
    };
    const left = turned(a, inputs[0].shape.length, transA);
    return [g.node("MatMul", [left, turned(b, inputs[1].shape.length, transB)])];
  },
  saves: { inputs: [0, 1] },
  gradient: ({ inputs: [a, b], specs, attributes: { transA, transB }, needs }, [dy]) => [
    needs[0]
      ? sumTo(
        transA
          ? matmulOp([b, dy], { transA: transB, transB: 1 })
          : matmulOp([dy, b], { transA: 0, transB: 1 - transB }),
        specs[0].shape,
      )
      : null,
    needs[1]
      ? sumTo(
        transB
          ? matmulOp([dy, a], { transA: 1, transB: transA })
          : matmulOp([a, dy], { transA: 1 - transA, transB: 0 }),
        specs[1].shape,
      )
      : null,
  ],
});

/**
 * The matrix product. Vectors are taken as a row (left) or a column (right); leading axes broadcast.
 *
 * @param a `[..., M, K]` or `[K]`
 * @param b `[..., K, N]` or `[K]`
 * @returns `[..., M, N]`
 * @throws {RangeError} when the inner sizes differ; the sentence has both shapes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using a = ebb.tensor([[1, 2], [3, 4]]);
 * using b = ebb.tensor([[0, 1], [1, 0]]);
 * assertEquals(a.matmul(b).toArray(), [[2, 1], [4, 3]]);
 * ```
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0 || !isFloating(a.dtype)) {
    throw new RangeError(
      `matmul: expected floating vectors or matrices but found ${a.dtype}${showShape(a.shape)} x ` +
        `${b.dtype}${showShape(b.shape)}`,
    );
  }
  if (a.rank > 1 && b.rank > 1) return matmulOp([a, b], { transA: 0, transB: 0 });
  if (a.shape[a.rank - 1] !== b.shape[Math.max(0, b.rank - 2)]) {
    throw new RangeError(
      `matmul: expected inner dimensions to agree but found ${showShape(a.shape)} x ${showShape(b.shape)}`,
    );
  }
  return scope(() => {
    const left = a.rank === 1 ? reshape(a, [1, a.shape[0]]) : a;
    const right = b.rank === 1 ? reshape(b, [b.shape[0], 1]) : b;
    const product = matmulOp([left, right], { transA: 0, transB: 0 });
    const batch = product.shape.slice(0, -2);
    return reshape(product, [
      ...batch,
      ...(a.rank === 1 ? [] : [a.shape.at(-2)!]),
      ...(b.rank === 1 ? [] : [b.shape.at(-1)!]),
    ]);
  });
}
