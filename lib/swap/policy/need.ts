/**
 * Sums over a trace that policies share: what each op needs, when each op starts, and during which ops a storage that
 * leaves is really away.
 *
 * @module
 */
import type { Bandwidth, Candidate } from "../plan.ts";
import { durations, type Trace, type TracedStorage } from "../trace.ts";

/** Whether a storage is there at all while some op runs. */
export function exists({ born, died }: TracedStorage): boolean {
  return died >= Math.max(0, born);
}

/** Bytes on the device while each op runs if nothing ever leaves: storages and the op's temporaries. */
export function needOf({ ops, temporaries, storages }: Trace): Float64Array {
  const need = new Float64Array(ops.length + 1);
  for (const storage of storages) {
    if (!exists(storage)) continue;
    need[Math.max(0, storage.born)] += storage.bytes;
    if (storage.died + 1 < ops.length) need[storage.died + 1] -= storage.bytes;
  }
  let live = 0;
  for (let i = 0; i < ops.length; i++) {
    live += need[i];
    need[i] = live + temporaries[i];
  }
  return need.subarray(0, ops.length);
}

/** When each op starts, in milliseconds, nothing waited for; one more at the end for when the step ends. */
export function startsOf(trace: Trace): Float64Array {
  const starts = new Float64Array(trace.ops.length + 1);
  durations(trace).forEach((ms, i) => {
    starts[i + 1] = starts[i] + ms;
  });
  return starts;
}

/** Milliseconds of a copy. */
export function copyMs(bytes: number, direction: "out" | "in", bandwidth: Bandwidth): number {
  return (bandwidth.latencyMs ?? 0) + bytes / bandwidth[direction] * 1000;
}

/** The first position that starts at `ms` or later. */
export function positionAt(starts: Float64Array, ms: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When position `position` starts, positions of the next step counted on. */
export function startOf(starts: Float64Array, position: number): number {
  const length = starts.length - 1;
  return position < length ? starts[Math.max(0, position)] : starts[length] + starts[position - length];
}

/**
 * The ops of a step during which a candidate's bytes are not on the device, as ranges `[from, to]` (both within): from
 * the end of the copy out to the beginning of the latest copy back. One that comes back in the next step is away at this
 * step's end and at its beginning.
 */
export function awayRanges(
  { bytes, out, back, until }: Candidate,
  starts: Float64Array,
  bandwidth: Bandwidth,
): [number, number][] {
  const length = starts.length - 1;
  const leftAt = (out < 0 ? 0 : starts[out + 1]) + copyMs(bytes, "out", bandwidth);
  const from = positionAt(starts, leftAt);
  let to: number;
  if (back === Infinity) {
    to = until;
  } else {
    const latest = startOf(starts, back) - copyMs(bytes, "in", bandwidth);
    const stepMs = starts[length];
    to = (latest < stepMs ? positionAt(starts, latest) : length + positionAt(starts, latest - stepMs)) - 1;
    to = Math.min(to, back - 1);
  }
  const ranges: [number, number][] = [];
  if (from <= Math.min(to, length - 1)) ranges.push([from, Math.min(to, length - 1)]);
  if (to >= length) ranges.push([Math.max(0, from - length), Math.min(to - length, length - 1)]);
  return ranges.filter(([a, b]) => a <= b);
}
