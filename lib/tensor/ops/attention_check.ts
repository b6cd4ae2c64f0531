/**
 * What attention asks of its operands.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { sameShape, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Refuses queries, keys, values and a mask that do not belong together; `scores` is the shape of their products. */
export function checkAttention(
  name: string,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  scores: Shape,
): void {
  const lead = (x: Tensor) => x.shape.slice(0, -2);
  const fits = q.rank > 1 && k.rank > 1 && v.rank > 1 && sameShape(lead(q), lead(k)) &&
    sameShape(lead(q), lead(v)) && q.shape[q.rank - 1] === k.shape[k.rank - 1] &&
    k.shape[k.rank - 2] === v.shape[v.rank - 2];
  if (!fits) {
    throw new RangeError(
      `${name}: expected q [..., T, D], k [..., S, D] and v [..., S, E] but found ` +
        [q, k, v].map(({ shape }) => showShape(shape)).join(", "),
    );
  }
  if (!isFloating(q.dtype) || k.dtype !== q.dtype || v.dtype !== q.dtype) {
    throw new TypeError(
      `${name}: expected q, k and v of one floating type but found ${q.dtype}, ${k.dtype}, ${v.dtype}; use to()`,
    );
  }
  if (mask !== null) checkMask(name, mask, q, scores);
}

/** Refuses a mask that does not fit scores of shape `scores`. */
export function checkMask(name: string, mask: Tensor, q: Tensor, scores: Shape): void {
  if (mask.dtype !== "bool" && mask.dtype !== q.dtype) {
    throw new TypeError(`${name}: expected a mask of bool or ${q.dtype} but found ${mask.dtype}; use to()`);
  }
  const { shape, rank } = mask;
  const broadcasts = rank <= scores.length &&
    shape.every((size, i) => size === 1 || size === scores[scores.length - rank + i]);
  if (broadcasts) return;
  throw new RangeError(
    `${name}: expected a mask that broadcasts to ${showShape(scores)} but found ${showShape(shape)}`,
  );
}

/** Refuses projections `[B, T, H·D]` that do not divide into heads. */
export function checkHeads(name: string, shapes: readonly Shape[], heads: number): void {
  const divides = (shape: Shape) => shape.length === 3 && shape[2] % heads === 0;
  if (Number.isInteger(heads) && heads > 0 && shapes.every(divides)) return;
  throw new RangeError(
    `${name}: expected projections [B, T, H·D] that ${heads} heads divide but found ` +
      shapes.map(showShape).join(", "),
  );
}
