/**
 * Learning rate schedules: plain functions from the number of steps taken to a factor of the base rate. They compose as
 * functions do; a {@linkcode Scheduler} applies one to an optimizer. Closed forms of PyTorch's schedulers of like names.
 *
 * @module
 */

/** Factor of the base rate after `step` steps (0 before the first). */
export type Schedule = (step: number) => number;

/** Settings of {@linkcode oneCycle}, as in PyTorch. */
export interface OneCycleOptions {
  /** Steps of the whole cycle. */
  steps: number;
  /** Share of the steps in which the rate rises; default 0.3. */
  warmUpShare?: number;
  /** What the first rate is divided by; default 25. */
  divFactor?: number;
  /** What the first rate is divided by again at the end; default 1e4. */
  finalDivFactor?: number;
}

/** From `from` to `to` along half a cosine, as `share` goes from 0 to 1. */
function cosineBetween(from: number, to: number, share: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * share)) / 2;
}

function checkCount(name: string, setting: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new RangeError(`${name}: expected ${setting} to be a whole number above 0 but found ${value}`);
}

/** Always the base rate. */
export function constant(): Schedule {
  return () => 1;
}

/**
 * Half a cosine from the base rate to `end` of it over `steps` steps, and `end` from then on.
 *
 * @param end share of the base rate at the end; default 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const factor = ebb.optim.cosine(100);
 * assertAlmostEquals(factor(50), 0.5, 1e-12);
 * ```
 */
export function cosine(steps: number, end: number = 0): Schedule {
  checkCount("cosine", "steps", steps);
  return (step) => cosineBetween(1, end, Math.min(step / steps, 1));
}

/** Multiplies the rate by `gamma` (default 0.1) after every `every` steps. */
export function stepDecay(every: number, gamma: number = 0.1): Schedule {
  checkCount("stepDecay", "every", every);
  return (step) => gamma ** Math.floor(step / every);
}

/** Multiplies the rate by `gamma` (default 0.1) when each of the given numbers of steps is reached. */
export function milestones(at: readonly number[], gamma: number = 0.1): Schedule {
  return (step) => gamma ** at.filter((milestone) => step >= milestone).length;
}

/** Multiplies the rate by `gamma` after every step. */
export function exponential(gamma: number): Schedule {
  return (step) => gamma ** step;
}

/** In a straight line from `start` to `end` of the base rate over `steps` steps, and `end` from then on. */
export function linear(steps: number, start: number = 1, end: number = 0): Schedule {
  checkCount("linear", "steps", steps);
  return (step) => start + (end - start) * Math.min(step / steps, 1);
}

/**
 * Warm-up: in a straight line to the base rate, which the step after `steps` steps has first; the first step has
 * `1 / (steps + 1)` of it. To be composed with what follows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { compose, cosine, warmUp } = ebb.optim;
 * const factor = compose(warmUp(3), cosine(100));
 * assertEquals([factor(0), factor(100)], [0.25, 0]);
 * ```
 */
export function warmUp(steps: number): Schedule {
  checkCount("warmUp", "steps", steps);
  return (step) => Math.min((step + 1) / (steps + 1), 1);
}

/**
 * One cycle (Smith and Topin, arXiv:1708.07120): up from `1 / divFactor` of the base rate to all of it, then down to
 * almost nothing, each along half a cosine.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { steps, warmUpShare = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  checkCount("oneCycle", "steps", steps);
  const start = 1 / divFactor;
  const top = warmUpShare * steps - 1;
  return (step) =>
    step <= top
      ? cosineBetween(start, 1, step / top)
      : cosineBetween(1, start / finalDivFactor, Math.min((step - top) / (steps - 1 - top), 1));
}

/** The product of schedules, such as a warm-up and a decay. */
export function compose(...schedules: readonly Schedule[]): Schedule {
  return (step) => schedules.reduce((factor, schedule) => factor * schedule(step), 1);
}

/**
 * One schedule after another: `[schedule, steps]` pairs; each counts its own steps from 0. The last one goes on for ever.
 *
 * @throws {RangeError} when there is none, or a number of steps is no whole number above 0.
 */
export function sequence(...parts: readonly (readonly [Schedule, number])[]): Schedule {
  if (parts.length === 0) throw new RangeError("sequence: expected schedules but found none");
  for (const [, steps] of parts) checkCount("sequence", "steps", steps);
  return (step) => {
    let start = 0;
    for (const [schedule, steps] of parts.slice(0, -1)) {
      if (step < start + steps) return schedule(step - start);
      start += steps;
    }
    return parts.at(-1)![0](step - start);
  };
}
