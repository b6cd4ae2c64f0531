/**
 * Arithmetic of shapes: sizes, axes counted from the end, broadcasting as NumPy and PyTorch do it.
 *
 * @module
 */

/** Sizes along each axis. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return size;
}

/** Whether two shapes agree in every axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A shape as people read it. */
export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Checks that a shape is one: whole numbers, none negative. */
export function checkShape(op: string, shape: Shape): Shape {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new RangeError(`${op}: expected a shape of whole numbers but found ${JSON.stringify(shape)}`);
  }
  return shape;
}

/** An axis counted from the front; negative ones count from the end. */
export function axisOf(op: string, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || found < 0 || found >= rank) {
    throw new RangeError(
      `${op}: expected an axis from ${-rank} to ${rank - 1} of a tensor with ${rank} axes but found ${axis}`,
    );
  }
  return found;
}

/** Axes counted from the front, without repeats, in order; undefined means all. */
export function axesOf(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const found = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => axisOf(op, axis, rank));
  if (new Set(found).size !== found.length) {
    throw new RangeError(`${op}: expected each axis once but found [${axes}]`);
  }
  return found.sort((a, b) => a - b);
}

/** The shape that both broadcast to. Throws an error that names both. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new RangeError(
        `${op}: expected shapes that broadcast but found ${showShape(a)} and ${showShape(b)}`,
      );
    }
    out[i] = m === 1 ? n : m;
  }
  return out;
}

/** `shape` with the given axes reduced to 1 (`keepDim`) or left out. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDim: boolean): number[] {
  return keepDim
    ? shape.map((size, axis) => axes.includes(axis) ? 1 : size)
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Replaces one -1 in a wanted shape by what the other sizes leave. */
export function resolveShape(op: string, shape: Shape, size: number): number[] {
  const unknown = shape.indexOf(-1);
  const known = shape.reduce((product, n) => n === -1 ? product : product * n, 1);
  const found = shape.map((n, i) => i === unknown ? (known === 0 ? 0 : size / known) : n);
  if (sizeOf(found) !== size || !found.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new RangeError(`${op}: expected a shape of ${size} elements but found ${showShape(shape)}`);
  }
  return found;
}
