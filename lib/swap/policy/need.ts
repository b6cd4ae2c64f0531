/**
 * Sums over a trace that policies share: what each op needs, when each op starts, how long a copy takes, and during which
 * ops a storage that leaves is gone.
 *
 * @module
 */
import type { Bandwidth, Candidate } from "../plan.ts";
import { durations, type Trace, type TracedStorage } from "../trace.ts";

/** Whether a storage is there at all while some op runs. */
export function exists({ born, died }: TracedStorage): boolean {
  return died >= Math.max(0, born);
}

/**
 * Bytes on the device while each op runs if nothing ever leaves: storages and the op's temporaries.
 *
 * @returns bytes by position, as many as there are ops.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0],
 *   phases: [0, 1, 1],
 *   temporaries: [0, 50, 0],
 *   opMs: null,
 *   stepMs: 3,
 *   storages: [
 *     { bytes: 100, born: -1, died: 3, uses: [0], origin: 0 },
 *     { bytes: 20, born: 1, died: 1, uses: [1], origin: -1 },
 *   ],
 * };
 * assertEquals([...ebb.policy.needOf(trace)], [100, 170, 100]);
 * ```
 */
export function needOf({ ops, temporaries, storages }: Trace): Float64Array {
  const need = new Float64Array(ops.length);
  for (const storage of storages) {
    const { bytes, born, died } = storage;
    if (!exists(storage) || born >= ops.length) continue;
    need[Math.max(0, born)] += bytes;
    if (died + 1 < ops.length) need[died + 1] -= bytes;
  }
  let live = 0;
  for (let i = 0; i < ops.length; i++) {
    live += need[i];
    need[i] = live + temporaries[i];
  }
  return need;
}

/** When each op starts, in milliseconds, nothing waited for; one more at the end for when the step ends. */
export function startsOf(trace: Trace): Float64Array {
  const starts = new Float64Array(trace.ops.length + 1);
  durations(trace).forEach((ms, i) => {
    starts[i + 1] = starts[i] + ms;
  });
  return starts;
}

/** When op `position` starts, in milliseconds; ops of the next step are counted on. */
export function startOf(starts: Float64Array, position: number): number {
  const length = starts.length - 1;
  return position < length ? starts[Math.max(0, position)] : starts[length] + starts[position - length];
}

/** The first position that starts at `ms` or later; positions of the next step are counted on. */
export function positionAt(starts: Float64Array, ms: number): number {
  const length = starts.length - 1;
  const lap = ms > starts[length] ? length : 0;
  const wanted = lap > 0 ? ms - starts[length] : ms;
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return lap + low;
}

/** Milliseconds of a copy. */
export function copyMs(bytes: number, direction: "out" | "in", bandwidth: Bandwidth): number {
  return (bandwidth.latencyMs ?? 0) + bytes / bandwidth[direction] * 1000;
}

/** The last position at which a candidate can be gone; in the next step counted on. The first is `out + 1`. */
export function lastAway({ back, until }: Pick<Candidate, "back" | "until">): number {
  return back === Infinity ? until : back - 1;
}

/**
 * Positions `from` to `to`, both within and those of the next step counted on, as ranges within a step of `length` ops.
 * What would cover more than a step covers it once.
 */
export function withinStep(from: number, to: number, length: number): [number, number][] {
  if (to < from || length === 0) return [];
  if (to - from >= length - 1) return [[0, length - 1]];
  if (from >= length) return [[from - length, to - length]];
  if (to < length) return [[from, to]];
  return [[from, length - 1], [0, to - length]];
}
