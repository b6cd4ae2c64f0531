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

/**
 * Always the base rate.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { constant, linear, sequence } = ebb.optim;
 * const factor = sequence([constant(), 90], [linear(10), 10]); // the base rate for 90 steps, then down
 * assertEquals([0, 89, 95, 100].map(factor), [1, 1, 0.5, 0]);
 * ```
 */
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

/**
 * Multiplies the rate by `gamma` (default 0.1) after every `every` steps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals([0, 29, 30, 60].map(ebb.optim.stepDecay(30, 0.5)), [1, 1, 0.5, 0.25]);
 * ```
 */
export function stepDecay(every: number, gamma: number = 0.1): Schedule {
  checkCount("stepDecay", "every", every);
  return (step) => gamma ** Math.floor(step / every);
}

/**
 * Multiplies the rate by `gamma` (default 0.1) when each of the given numbers of steps is reached.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals([0, 99, 100, 150].map(ebb.optim.milestones([100, 150], 0.5)), [1, 1, 0.5, 0.25]);
 * ```
 */
export function milestones(at: readonly number[], gamma: number = 0.1): Schedule {
  return (step) => gamma ** at.filter((milestone) => step >= milestone).length;
}

/**
 * Multiplies the rate by `gamma` after every step.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const factor = ebb.optim.exponential(0.99);
 * assertAlmostEquals(factor(69), 0.5, 1e-3); // halved every 69 steps
 * ```
 */
export function exponential(gamma: number): Schedule {
  return (step) => gamma ** step;
}

/**
 * In a straight line from `start` to `end` of the base rate over `steps` steps, and `end` from then on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals([0, 50, 100, 200].map(ebb.optim.linear(100, 1, 0.5)), [1, 0.75, 0.5, 0.5]);
 * ```
 */
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
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const factor = ebb.optim.oneCycle({ steps: 100 });
 * assertAlmostEquals(factor(0), 1 / 25);
 * assertAlmostEquals(factor(29), 1); // the top, after 30 of the steps
 * assertAlmostEquals(factor(99), 1 / 25 / 1e4);
 * ```
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

/**
 * The product of schedules, such as a warm-up and a decay.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { compose, stepDecay, warmUp } = ebb.optim;
 * const factor = compose(warmUp(3), stepDecay(30, 0.5));
 * assertEquals([0, 1, 3, 29, 30].map(factor), [0.25, 0.5, 1, 1, 0.5]);
 * ```
 */
export function compose(...schedules: readonly Schedule[]): Schedule {
  return (step) => schedules.reduce((factor, schedule) => factor * schedule(step), 1);
}

/**
 * One schedule after another: `[schedule, steps]` pairs; each counts its own steps from 0. The last one goes on for ever.
 *
 * @throws {RangeError} when there is none, or a number of steps is no whole number above 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { cosine, linear, sequence } = ebb.optim;
 * const factor = sequence([linear(5, 0, 1), 5], [cosine(10), 10]);
 * assertEquals([0, 5, 15, 99].map(factor), [0, 1, 0, 0]); // at 5 the cosine begins with its step 0
 * ```
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
