/**
 * The time that a step takes at least if it is to fit a budget by swapping alone, whatever the plan.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import type { Bandwidth } from "../plan.ts";
import { durations, successors, type Trace } from "../trace.ts";
import { exists, needOf } from "./need.ts";

/** Settings of {@linkcode bound}. */
export interface BoundOptions {
  /** The most bytes that may lie on the device. */
  budget: Bytes;
  /** Speed of the link. */
  bandwidth: Bandwidth;
}

/**
 * Milliseconds below which no plan that swaps alone can bring a step, in the steady state. While op `p` runs, what it
 * needs beyond the budget is away. Seen from any op `e` on, through the end of the step and up to `e` in the next,
 *
 * - all of that which was made or used since `e` has left since then: over the link, before `p` may run;
 * - all that is away while an op `q` runs, and used before `e` comes again, has to come back after that.
 *
 * So a step takes at least the former, the ops from `p` to `q`, and the latter, for the worst of them; `e` is taken where
 * phases begin. Where nothing exceeds the budget it is the time of the ops. Latencies of copies, and what lies between
 * blocks, are not counted.
 *
 * @throws {RangeError} when the budget is no amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0],
 *   phases: [0, 0, 1, 1],
 *   temporaries: [0, 0, 0, 0],
 *   opMs: [1, 1, 1, 1],
 *   stepMs: 4,
 *   storages: [
 *     { bytes: 1000, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1000, born: 1, died: 1, uses: [1], origin: -1 },
 *   ],
 * };
 * // Op 1 has to wait for the first storage to leave, and op 3 for it to come back: half a millisecond each.
 * const bandwidth = { out: 2e6, in: 2e6 };
 * assertEquals(ebb.policy.bound(trace, { budget: 2000, bandwidth }), 4);
 * assertEquals(ebb.policy.bound(trace, { budget: 1000, bandwidth: { out: 1e5, in: 1e5 } }), 10 + 1 + 10);
 * ```
 */
export function bound(trace: Trace, { budget, bandwidth }: BoundOptions): number {
  const budgetBytes = parseBytes(budget, "bound budget");
  const need = needOf(trace);
  const ms = durations(trace);
  const { length } = need;
  const msOf = (bytes: number, direction: "out" | "in") => Math.max(0, bytes) / bandwidth[direction] * 1000;
  let least = ms.reduce((a, b) => a + b, 0);
  for (const first of phaseStarts(trace)) {
    const { unused, over } = restOf(trace, first);
    // How much later than by the time of the ops before it an op can start.
    let late = 0;
    for (let i = 0, before = 0; i < length; i++) {
      const op = (first + i) % length;
      const excess = need[op] - budgetBytes;
      late = Math.max(late, msOf(excess - unused[op], "out") - before);
      before += ms[op];
      least = Math.max(least, late + before + msOf(excess - over[op], "in"));
    }
  }
  return least;
}

/** The first op of each stretch of ops of one phase; of many, the first of each phase. */
function phaseStarts({ phases }: Trace): number[] {
  const all = [...phases.keys()].filter((op) => op === 0 || phases[op] !== phases[op - 1]);
  return all.length > 12 ? [...new Set(phases)].map((phase) => phases.indexOf(phase)) : all;
}

/**
 * By op, bytes of storages that are there and were not used since op `first`, in this step or the one before, and of those
 * that are not used any more before it comes again.
 */
function restOf(trace: Trace, first: number): Record<"unused" | "over", Float64Array> {
  const { ops, storages } = trace;
  const { length } = ops;
  const next = successors(trace);
  const rest = { unused: new Float64Array(length + 1), over: new Float64Array(length + 1) };
  const add = (sums: Float64Array, from: number, to: number, bytes: number) => {
    if (from > to) return;
    sums[from] += bytes;
    sums[to + 1] -= bytes;
  };
  storages.forEach((storage, index) => {
    const { bytes, born, died, uses, origin } = storage;
    if (!exists(storage) || born >= length) return;
    const [from, to] = [Math.max(0, born), Math.min(died, length - 1)];
    const early = uses.filter((use) => use < first);
    const late = uses.filter((use) => use >= first);
    // From `first` to the end of the step …
    if (born < first) add(rest.unused, Math.max(from, first), Math.min(to, (late[0] ?? length) - 1), bytes);
    const later = died >= length && next[index] >= 0 ? storages[next[index]].uses : [];
    if (!later.some((use) => use < first)) {
      add(rest.over, Math.max(from, first, (late.at(-1) ?? -1) + 1), to, bytes);
    }
    // … and from its beginning on, where it may be another storage of the step before.
    if (born < 0) {
      const before = storages[origin] ?? storage;
      const isNew = before.born >= first || before.uses.some((use) => use >= first);
      if (!isNew) add(rest.unused, 0, Math.min(to, first - 1, (early[0] ?? length) - 1), bytes);
    }
    add(rest.over, Math.max(from, (early.at(-1) ?? -1) + 1), Math.min(to, first - 1), bytes);
  });
  for (const sums of Object.values(rest)) for (let i = 1; i < length; i++) sums[i] += sums[i - 1];
  return rest;
}
