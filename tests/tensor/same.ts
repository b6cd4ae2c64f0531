/**
 * Two ways to compute one thing, such as a fused record and the ops that it stands for: values and gradients must agree.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import * as ebb from "../../mod.ts";
import { toNumbers } from "../../lib/tensor/dtype.ts";
import { leakFree } from "../leak.ts";
import { difference, TOLERANCE } from "./compare.ts";
import { cotangent } from "./reference/operands.ts";

/** A function of some tensors. */
type Way = (...operands: ebb.Tensor[]) => ebb.Tensor;

/** Settings of {@link expectSame}. */
export interface SameOptions {
  /** How many times the usual tolerance of the operands' type is granted. Default 4. */
  readonly slack?: number;
}

/**
 * Computes both ways for operands that `make` gives, with gradients of those that require one, and with the gradients
 * recorded (`createGraph`) in the first way once more.
 */
export function expectSame(
  make: () => ebb.Tensor[],
  first: Way,
  second: Way,
  options: SameOptions = {},
): void {
  leakFree(() =>
    ebb.scope(() => {
      const operands = make();
      const wanted = operands.filter((operand) => operand.requiresGrad);
      const run = (way: Way, createGraph: boolean) => {
        const y = way(...operands);
        if (wanted.length === 0) return [y];
        const weights = ebb.tensor(cotangent(y.shape, 1, 0), { shape: y.shape, dtype: y.dtype });
        return [y, ...ebb.grad([y], wanted, { gradOutputs: [weights], createGraph })];
      };
      const expected = run(second, false);
      for (const createGraph of [false, true]) {
        run(first, createGraph).forEach((found, i) => {
          const what = (i === 0 ? "value" : `gradient ${i - 1}`) + (createGraph ? ", recorded" : "");
          const fault = compare(found, expected[i], options.slack ?? 4);
          if (fault !== null) throw new AssertionError(`${what}: ${fault}`);
        });
      }
    })
  );
}

function compare(found: ebb.Tensor | null, expected: ebb.Tensor | null, slack: number): string | null {
  if (found === null || expected === null) {
    return found === expected ? null : `expected ${expected} but found ${found}`;
  }
  if (String(found) !== String(expected)) return `expected ${expected} but found ${found}`;
  const values = (x: ebb.Tensor) => toNumbers(x.data(), x.dtype);
  return difference(values(found), values(expected), found.shape, (TOLERANCE[found.dtype] ?? 0) * slack);
}
