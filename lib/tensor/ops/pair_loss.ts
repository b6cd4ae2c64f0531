/**
 * How losses of predictions and targets of one shape run: element by element, then reduced, in one call; and both
 * gradients in one. A loss states its value and its slopes as formulas.
 *
 * @module
 */
import { isFloating } from "../dtype.ts";
import { defineOp, type Op } from "../op.ts";
import { sameShape, showShape, sizeOf } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import type { Reduction } from "./loss_reduction.ts";
import { graphMaths, type Maths, tensorMaths } from "./maths.ts";

/** A loss of a prediction `x` and a target `t`, perhaps with a factor `w` and numbers that shape it. */
export interface PairFormula<A> {
  /** The loss of each element. */
  value<T>(m: Maths<T>, x: T, t: T, w: T | null, attributes: A): T;
  /** Its derivatives with respect to `x` and to `t`. */
  slopes: [
    <T>(m: Maths<T>, x: T, t: T, w: T | null, attributes: A) => T,
    <T>(m: Maths<T>, x: T, t: T, w: T | null, attributes: A) => T,
  ];
}

type Settings<A> = A & {
  reduction: Reduction;
  /** A mean of nothing, which is NaN; ONNX Runtime's is 0. */
  empty?: boolean;
};
type Forward = [x: Tensor, t: Tensor, w: Tensor | null];
type Backward = [dy: Tensor, ...Forward, share: number | null];

/** Computes a loss; the function that {@link pairLoss} makes. */
export type PairLoss<A> = (
  x: Tensor,
  t: Tensor,
  reduction: Reduction,
  attributes: A,
  w?: Tensor | null,
) => Tensor;

/** Makes a loss of its formulas. */
export function pairLoss<A extends Record<string, unknown>>(
  name: string,
  formula: PairFormula<A>,
): PairLoss<A> {
  const backward = defineOp<Backward, Settings<A> & { needs: readonly boolean[] }>({
    name: `${name}Backward`,
    infer: ([, x], { needs }) => needs.filter(Boolean).map(() => ({ dtype: x.dtype, shape: x.shape })),
    graph: (g, [dy, x, t, w, share], { attributes, inputs: [, { dtype }] }) => {
      const m = graphMaths(g, dtype);
      const factor = share === "" ? dy : m.mul(dy, share);
      return formula.slopes.filter((_, i) => attributes.needs[i]).map((slope) =>
        m.mul(slope(m, x, t, w || null, attributes), factor)
      );
    },
  });
  const forward: Op<Forward, Settings<A>> = defineOp<Forward, Settings<A>>({
    name,
    infer: ([x], { reduction }) => [{ dtype: x.dtype, shape: reduction === "none" ? x.shape : [] }],
    graph: (g, [x, t, w], { attributes, inputs: [{ dtype }] }) => {
      const m = graphMaths(g, dtype);
      const losses = formula.value(m, x, t, w || null, attributes);
      const { reduction, empty } = attributes;
      if (reduction === "none") return [losses];
      const total = g.node(reduction === "mean" ? "ReduceMean" : "ReduceSum", [losses], { keepdims: 0 });
      return [empty ? m.mul(total, NaN) : total];
    },
    saves: { inputs: [0, 1, 2] },
    gradient: ({ inputs: [x, t, w], attributes, needs: [needsX, needsT] }, [dy]) => {
      const needs = [needsX, needsT];
      const share = attributes.reduction === "mean" ? 1 / sizeOf(x.shape) : null;
      if (!gradEnabled()) {
        const found = backward.all([dy, x, t, w, share], { ...attributes, needs });
        return [...needs.map((needed) => needed ? found.shift()! : null), null];
      }
      const factor = share === null ? dy : mul(dy, share);
      const slopes = formula.slopes.map((slope, i) =>
        needs[i] ? mul(slope(tensorMaths, x, t, w, attributes), factor) : null
      );
      return [...slopes, null];
    },
  });
  return (x, t, reduction, attributes, w = null) => {
    checkPair(name, x, t);
    const empty = reduction === "mean" && sizeOf(x.shape) === 0;
    return forward([x, t, w], empty ? { ...attributes, reduction, empty } : { ...attributes, reduction });
  };
}

function checkPair(name: string, x: Tensor, t: Tensor): void {
  if (sameShape(x.shape, t.shape) && x.dtype === t.dtype && isFloating(x.dtype)) return;
  throw new TypeError(
    `${name}: expected a prediction and a target of one floating type and one shape but found ` +
      `${x.dtype}${showShape(x.shape)} and ${t.dtype}${showShape(t.shape)}`,
  );
}
