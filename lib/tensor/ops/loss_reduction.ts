/**
 * What a loss does with the losses of all elements: their mean, their sum, or nothing.
 *
 * @module
 */

/** Mean over all elements (default), their sum, or each for itself. */
export type Reduction = "mean" | "sum" | "none";

const ALL: readonly Reduction[] = ["mean", "sum", "none"];

/** Checks a reduction that a user named; the first of `allowed` where none is named. */
export function reductionOf<R extends string = Reduction>(
  op: string,
  reduction: R | undefined,
  allowed: readonly R[] = ALL as readonly string[] as readonly R[],
): R {
  const found = reduction ?? allowed[0];
  if (!allowed.includes(found)) {
    throw new RangeError(`${op}: expected a reduction of ${allowed.join(", ")} but found ${found}`);
  }
  return found;
}
