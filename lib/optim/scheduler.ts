/**
 * Applies a schedule to an optimizer.
 *
 * @module
 */
import type { Schedule } from "./schedules.ts";

/** What a scheduler needs of an optimizer. */
export interface Scheduled {
  /** Its groups, each with a rate. */
  readonly groups: readonly { readonly options: { lr: number } }[];
}

/** A scheduler's state, as plain data. */
export interface SchedulerState {
  /** Steps taken. */
  steps: number;
  /** The base rate of each group. */
  baseRates: number[];
}

/**
 * Sets the rates of an optimizer's groups to their base rates, those at the time that it is made, times the factor of a
 * schedule: at once, and after every `step()`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.ones([2], { requiresGrad: true });
 * using optimizer = new ebb.optim.SGD([w], { lr: 1 });
 * const scheduler = new ebb.optim.Scheduler(optimizer, ebb.optim.stepDecay(2, 0.5));
 * const rates = [];
 * for (let i = 0; i < 4; i++) {
 *   optimizer.step();
 *   rates.push(optimizer.lr);
 *   scheduler.step();
 * }
 * assertEquals(rates, [1, 1, 0.5, 0.5]);
 * ```
 */
export class Scheduler {
  readonly #optimizer: Scheduled;
  readonly #schedule: Schedule;
  #baseRates: number[];
  #steps = 0;

  constructor(optimizer: Scheduled, schedule: Schedule) {
    this.#optimizer = optimizer;
    this.#schedule = schedule;
    this.#baseRates = optimizer.groups.map(({ options }) => options.lr);
    this.#apply();
  }

  /** Steps taken. */
  get steps(): number {
    return this.#steps;
  }

  /** Goes one step on; to be called after the optimizer's own. */
  step(): void {
    this.#steps++;
    this.#apply();
  }

  /** Its state. The schedule itself is a function, which the program gives again. */
  stateDict(): SchedulerState {
    return { steps: this.#steps, baseRates: [...this.#baseRates] };
  }

  /**
   * Goes on from a state.
   *
   * @throws {RangeError} when it has not one base rate for each group.
   */
  loadStateDict({ steps, baseRates }: SchedulerState): void {
    const groups = this.#optimizer.groups.length;
    if (baseRates?.length !== groups || !Number.isInteger(steps) || steps < 0) {
      throw new RangeError(
        `Scheduler.loadStateDict: expected steps and ${groups} base rates but found ${steps} and [${baseRates}]`,
      );
    }
    this.#steps = steps;
    this.#baseRates = [...baseRates];
    this.#apply();
  }

  #apply(): void {
    const factor = this.#schedule(this.#steps);
    if (!Number.isFinite(factor) || factor < 0) {
      throw new RangeError(
        `Scheduler: expected a factor of at least 0 at step ${this.#steps} but found ${factor}`,
      );
    }
    this.#optimizer.groups.forEach(({ options }, i) => options.lr = this.#baseRates[i] * factor);
  }
}
