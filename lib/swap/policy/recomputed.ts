/**
 * A step in which some storages are dropped and computed again, as a trace of its own: each of them ends where it is
 * dropped, and another one begins where it is there again. The op before which that happens takes longer by what is
 * computed, and reads what that reads. So all that is said of traces holds for it.
 *
 * @module
 */
import { formatBytes } from "../../device/bytes.ts";
import type { Recomputation } from "../plan.ts";
import { durations, type Trace, type TracedStorage } from "../trace.ts";

/** The trace of a step with recomputations. */
export function recomputedTrace(trace: Trace, recomputed: readonly Recomputation[]): Trace {
  if (recomputed.length === 0) return trace;
  const storages: TracedStorage[] = [...trace.storages];
  const ms = [...durations(trace)];
  const temporaries = [...trace.temporaries];
  /** By storage: the one that it is once it was computed again. */
  const later = new Map<number, number>();
  const from = new Map<number, number>();
  for (const { storages: dropped, back, ms: more, temporaryBytes } of recomputed) {
    ms[back] += more;
    temporaries[back] = Math.max(temporaries[back], temporaryBytes);
    for (const { storage, out } of dropped) {
      const { bytes, born, died, uses, origin } = trace.storages[storage];
      storages[storage] = { bytes, born, died: out, uses: uses.filter((use) => use <= out), origin };
      later.set(storage, storages.length);
      from.set(storage, back);
      storages.push({ bytes, born: back, died, uses: uses.filter((use) => use >= back), origin: -1 });
    }
  }
  for (const { sources, back } of recomputed) {
    for (const source of sources) {
      const index = back >= (from.get(source) ?? Infinity) ? later.get(source)! : source;
      const { uses } = storages[index];
      if (uses.includes(back)) continue;
      storages[index] = { ...storages[index], uses: [...uses, back].sort((a, b) => a - b) };
    }
  }
  return { ...trace, storages, temporaries, opMs: ms };
}

/** Who each storage of a {@linkcode recomputedTrace} is in the step as it was recorded. */
export function originals(trace: Trace, recomputed: readonly Recomputation[]): number[] {
  return [
    ...trace.storages.keys(),
    ...recomputed.flatMap(({ storages }) => storages.map(({ storage }) => storage)),
  ];
}

/** By storage: why it is dropped, in words. */
export function whyDropped(trace: Trace, recomputed: readonly Recomputation[]): Record<number, string> {
  const reasons: Record<number, string> = {};
  for (const { storages, back, ms } of recomputed) {
    const bytes = storages.reduce((sum, { storage }) => sum + trace.storages[storage].bytes, 0);
    const why =
      `dropped: computed again before ${trace.names[trace.ops[back]]} (op ${back}), ${
        ms.toFixed(2)
      } ms for ` +
      formatBytes(bytes);
    for (const { storage } of storages) reasons[storage] = why;
  }
  return reasons;
}
