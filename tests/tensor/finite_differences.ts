/**
 * Gradients by central differences: knows nothing of the rules that it tests.
 *
 * @module
 */
import type { Case } from "./reference/cases.ts";
import { bits, cotangent } from "./reference/operands.ts";
import { forward, operandValues, type OpFunction, outputsAndGradients, type Setting } from "./evaluate.ts";

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

/** What is moved to and fro: values of the operands to lists of numbers. */
type Measured = (values: (number[] | undefined)[]) => (readonly number[] | null)[];

/** The derivatives of `sum(output · cotangent)` with respect to some elements of each operand. */
export function slopes(fn: OpFunction, a: Case, setting: Setting): Slope[] {
  const measured: Measured = (values) =>
    forward(fn, a, values, setting).map((output, j) => a.outputs[j].grad ? output.values : null);
  return differences(a, setting, a.outputs.map(({ shape }) => shape), measured);
}

/** The derivatives of `sum(gradient · v)`: what {@link secondGradients} gives. */
export function secondSlopes(fn: OpFunction, a: Case, setting: Setting): Slope[] {
  const measured: Measured = (values) =>
    outputsAndGradients(fn, a, setting, values).gradients.map((gradient) => gradient && gradient.values);
  return differences(a, setting, a.gradients.map((operand) => a.operands[operand].shape), measured);
}

function differences(
  a: Case,
  setting: Setting,
  shapes: readonly (readonly number[])[],
  measured: Measured,
): Slope[] {
  const step = setting.dtype === "float64" ? 2 ** -13 : 2 ** -7;
  const values = operandValues(a);
  const weights = shapes.map((shape, j) => cotangent(shape, a.seed, j));
  const found: Slope[] = [];
  a.gradients.forEach((operand, gradient) => {
    for (const element of pick(values[operand]!.length, a.seed + gradient)) {
      const at = (offset: number) =>
        measured(
          values.map((list, i) => i === operand ? list!.with(element, list![element] + offset) : list),
        );
      const above = at(step);
      const below = at(-step);
      let value = 0;
      // Summed here in float64, difference first: the only error is that of the measured numbers themselves.
      above.forEach((list, j) => list?.forEach((x, i) => value += weights[j][i] * (x - below[j]![i])));
      found.push({ gradient, element, value: value / (2 * step) });
    }
  });
  return found;
}

function pick(size: number, seed: number): number[] {
  if (size <= TRIED) return Array.from({ length: size }, (_, i) => i);
  return [...new Set(Array.from({ length: TRIED }, (_, i) => bits(seed >>> 0, i) % size))];
}
