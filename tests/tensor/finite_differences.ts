/**
 * Gradients by central differences: knows nothing of the rules that it tests.
 *
 * @module
 */
import type { Case } from "./reference/cases.ts";
import { bits, cotangent } from "./reference/operands.ts";
import { forward, operandValues, type OpFunction, type Setting } from "./evaluate.ts";

/** Elements of an operand that are tried; a case with more has a random few of them looked at. */
const TRIED = 6;

/** A derivative with respect to one element. */
export interface Slope {
  /** Position in `case.gradients`. */
  readonly gradient: number;
  /** Element of that operand. */
  readonly element: number;
  readonly value: number;
}

/** The derivatives of `sum(output · cotangent)` with respect to some elements of each operand. */
export function slopes(fn: OpFunction, a: Case, setting: Setting): Slope[] {
  const step = setting.dtype === "float64" ? 2 ** -13 : 2 ** -7;
  const values = operandValues(a);
  const weights = a.outputs.map(({ shape }, j) => cotangent(shape, a.seed, j));
  const found: Slope[] = [];
  a.gradients.forEach((operand, gradient) => {
    for (const element of pick(values[operand]!.length, a.seed + gradient)) {
      const at = (offset: number) => {
        const moved = values.map((list, i) =>
          i === operand ? list!.with(element, list![element] + offset) : list
        );
        return forward(fn, a, moved, setting);
      };
      const above = at(step);
      const below = at(-step);
      let value = 0;
      // Summed here in float64, difference first: the only error is that of the outputs themselves.
      a.outputs.forEach(({ grad }, j) => {
        if (grad) weights[j].forEach((w, i) => value += w * (above[j].values[i] - below[j].values[i]));
      });
      found.push({ gradient, element, value: value / (2 * step) });
    }
  });
  return found;
}

function pick(size: number, seed: number): number[] {
  if (size <= TRIED) return Array.from({ length: size }, (_, i) => i);
  return [...new Set(Array.from({ length: TRIED }, (_, i) => bits(seed >>> 0, i) % size))];
}
