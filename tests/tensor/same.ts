/**
 * Two ways to compute one thing, such as a fused record and the ops that it stands for: values, gradients and gradients
 * of gradients must agree.
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
type Found = [what: string, tensor: ebb.Tensor | null][];

/** Settings of {@link expectSame}. */
export interface SameOptions {
  /** How many times the usual tolerance of the operands' type is granted. Default 4. */
  readonly slack?: number;
  /** Compare gradients of gradients. Default true. */
  readonly second?: boolean;
}

/** Computes both ways for operands that `make` gives; gradients are those of operands that require one. */
export function expectSame(
  make: () => ebb.Tensor[],
  first: Way,
  second: Way,
  options: SameOptions = {},
): void {
  leakFree(() =>
    ebb.scope(() => {
      const operands = make();
      const found = everything(first, operands, options.second ?? true);
      const expected = everything(second, operands, options.second ?? true);
      found.forEach(([what, tensor], i) => {
        const fault = compare(tensor, expected[i][1], options.slack ?? 4);
        if (fault !== null) throw new AssertionError(`${what}: ${fault}`);
      });
    })
  );
}

function everything(way: Way, operands: ebb.Tensor[], second: boolean): Found {
  const wanted = operands.filter((operand) => operand.requiresGrad);
  const found: Found = [["value", way(...operands)]];
  if (wanted.length === 0) return found;
  for (const createGraph of second ? [false, true] : [false]) {
    const y = way(...operands);
    const gradients = ebb.grad([y], wanted, { gradOutputs: [weights(y, 0)], createGraph });
    gradients.forEach((g, i) => found.push([`gradient ${i}${createGraph ? ", recorded" : ""}`, g]));
    if (!createGraph) continue;
    const again = gradients.filter((gradient) => gradient?.requiresGrad) as ebb.Tensor[];
    const seconds = again.length === 0
      ? wanted.map(() => null)
      : ebb.grad(again, wanted, { gradOutputs: again.map((g, i) => weights(g, i + 1)) });
    seconds.forEach((g, i) => found.push([`second gradient ${i}`, g]));
  }
  return found;
}

function weights(like: ebb.Tensor, seed: number): ebb.Tensor {
  const { shape, dtype } = like;
  return ebb.tensor(cotangent(shape, seed, 0), { shape, dtype });
}

function compare(found: ebb.Tensor | null, expected: ebb.Tensor | null, slack: number): string | null {
  const values = (x: ebb.Tensor | null) => x === null ? [] : toNumbers(x.data(), x.dtype);
  if (found === null || expected === null) {
    // No gradient is as good as a gradient of zeros.
    const rest = [...values(found), ...values(expected)];
    return rest.every((x) => x === 0) ? null : `expected ${expected} but found ${found}`;
  }
  if (String(found) !== String(expected)) return `expected ${expected} but found ${found}`;
  return difference(values(found), values(expected), found.shape, (TOLERANCE[found.dtype] ?? 0) * slack);
}
