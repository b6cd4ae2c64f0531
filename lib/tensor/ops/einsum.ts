/**
 * Sums of products in Einstein's convention. Two operands at a time become one batched matrix product: letters are sorted
 * into those of both and the result (batch), of both alone (summed), and of one (rows, columns). Everything is made of
 * ordinary ops, so gradients follow.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { eye } from "../ranges.ts";
import { scope } from "../scope.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { type Equation, readEquation } from "./equation.ts";
import { matmul } from "./matmul.ts";
import { permute } from "./permute.ts";
import { sum } from "./sum.ts";
import { expand, reshape } from "./view.ts";

/** A tensor with a letter for each axis. */
interface Named {
  tensor: Tensor;
  letters: string;
}

/** Sums over the letters that are not in `kept`. */
function keepLetters({ tensor, letters }: Named, kept: string): Named {
  const gone = [...letters].flatMap((letter, axis) => kept.includes(letter) ? [] : [axis]);
  if (gone.length === 0) return { tensor, letters };
  return {
    tensor: sum(tensor, gone),
    letters: [...letters].filter((letter) => kept.includes(letter)).join(""),
  };
}

/** The diagonal along letters that an operand has twice. */
function withoutRepeats({ tensor, letters }: Named): Named {
  for (const letter of new Set(letters)) {
    while (letters.indexOf(letter) !== letters.lastIndexOf(letter)) {
      const first = letters.indexOf(letter);
      const last = letters.lastIndexOf(letter);
      const size = tensor.shape[first];
      if (tensor.shape[last] !== size) {
        throw new RangeError(
          `einsum: expected axes of one size for "${letter}" but found ${showShape(tensor.shape)}`,
        );
      }
      const shape = tensor.shape.map((_, axis) => axis === first || axis === last ? size : 1);
      const diagonal = reshape(eye(size, size, { dtype: tensor.dtype, device: tensor.device }), shape);
      tensor = sum(mul(tensor, diagonal), last);
      letters = letters.slice(0, last) + letters.slice(last + 1);
    }
  }
  return { tensor, letters };
}

/** Axes in the order of `letters`, sizes of 1 stretched to what the other operands have. */
function ordered({ tensor, letters }: Named, order: string, sizes: Equation["sizes"]): Tensor {
  const axes = [...order].map((letter) => letters.indexOf(letter));
  const turned = axes.every((axis, i) => axis === i) ? tensor : permute(tensor, axes);
  return expand(turned, [...order].map((letter) => sizes.get(letter)!));
}

/** The product of two operands, with the letters that are in `kept`. */
function multiply(a: Named, b: Named, kept: string, sizes: Equation["sizes"]): Named {
  const left = keepLetters(a, kept + b.letters);
  const right = keepLetters(b, kept + a.letters);
  const both = [...left.letters].filter((letter) => right.letters.includes(letter));
  const batch = both.filter((letter) => kept.includes(letter)).join("");
  const summed = both.filter((letter) => !kept.includes(letter)).join("");
  const rows = [...left.letters].filter((letter) => !both.includes(letter)).join("");
  const columns = [...right.letters].filter((letter) => !both.includes(letter)).join("");
  const size = (letters: string) => sizeOf([...letters].map((letter) => sizes.get(letter)!));
  const x = reshape(ordered(left, batch + rows + summed, sizes), [size(batch), size(rows), size(summed)]);
  const y = reshape(ordered(right, batch + summed + columns, sizes), [
    size(batch),
    size(summed),
    size(columns),
  ]);
  const letters = batch + rows + columns;
  return { tensor: reshape(matmul(x, y), [...letters].map((letter) => sizes.get(letter)!)), letters };
}

/**
 * Sums of products: operands' axes are named by letters, letters that are not in the result are summed over.
 *
 * @param equation such as `"bij,bjk->bik"`; without `->` the result has the letters that stand once, in alphabetical
 * order; `...` stands for any leading axes, which broadcast; a letter twice in one operand means its diagonal
 * @returns axes in the order of the result's letters
 * @throws {RangeError | TypeError} when the equation does not fit the operands, or their types differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * using y = ebb.einsum("ij,kj->ik", x, x);
 * assertEquals(y.toArray(), [[5, 11], [11, 25]]);
 * using trace = ebb.einsum("ii", x);
 * assertEquals(trace.item(), 5);
 * ```
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  if (operands.length === 0) throw new TypeError("einsum: expected operands but found none");
  const { dtype } = operands[0];
  const other = operands.find((operand) => operand.dtype !== dtype || !isFloating(operand.dtype));
  if (other !== undefined) {
    throw new TypeError(
      `einsum: expected operands of one floating type but found ${dtype} and ${other.dtype}`,
    );
  }
  const { terms, result, sizes } = readEquation(equation, operands.map(({ shape }) => shape));
  return scope(() => {
    const named = operands.map((tensor, i) => withoutRepeats({ tensor, letters: terms[i] }));
    let product = named[0];
    named.slice(1).forEach((next, i) => {
      const later = named.slice(i + 2).map(({ letters }) => letters).join("");
      product = multiply(product, next, result + later, sizes);
    });
    return ordered(keepLetters(product, result), result, sizes);
  });
}
