/**
 * Judges plans by the steps that they serve. A better one is looked for where room was missing, as blocks lie apart, so
 * that it may help to fill less of the budget; and where ops turn out to be faster than they were when the plan was made.
 * What makes steps faster is kept.
 *
 * @module
 */
import type { Entry } from "./entry.ts";
import type { StepReport } from "./report.ts";
import { durations } from "./trace.ts";

/** Of an entry whose plan has not been judged. */
export const FRESH = { isPlanned: false, isSettled: false, rival: null, opMs: null } as const;

/** Steps after which a plan is judged; the part of the time before that another one is to take at most. */
const [TRIED, GAIN] = [3, 0.98];
/** The part of the time of ops that they are to take at most for a plan to be made again. */
const FASTER = 0.93;
/** The least share of the budget that plans fill, and how much less another one fills. */
const [LEAST_SHARE, LESS] = [0.5, 0.05];

/** What an entry begins with for a plan that has not served yet. */
export function unserved(): Entry["served"] {
  return { leastMs: Infinity, steps: 0, evictions: 0 };
}

/**
 * Judges the plan of an entry by a step that it served from the beginning. `times` are the milliseconds of its ops, where
 * they were taken.
 *
 * @returns whether a plan is to be made again, of the entry's trace and within its share, which are renewed for that.
 */
export function judge(
  entry: Entry,
  { stepMs, evictions }: StepReport,
  times: Float64Array | null,
): "go on" | "plan again" {
  const { served, rival } = entry;
  // The first step under a plan begins where the one before has left things.
  if (served.steps++ === 0 || entry.isSettled) return "go on";
  served.leastMs = Math.min(served.leastMs, stepMs);
  served.evictions += evictions;
  entry.opMs = lesser(entry.opMs ?? Float64Array.from(durations(entry.trace)), times);
  if (served.steps < TRIED) return "go on";
  if (rival !== null && served.leastMs > GAIN * rival.leastMs) {
    const { share, trace, executor } = rival;
    Object.assign(entry, { share, trace, executor, ...FRESH, isSettled: true });
    return "go on";
  }
  const isCrowded = served.evictions > 0 && entry.share > LEAST_SHARE;
  const isFaster = sum(entry.opMs) < FASTER * sum(durations(entry.trace));
  if (!isCrowded && !isFaster) {
    Object.assign(entry, { ...FRESH, isSettled: true });
    return "go on";
  }
  const { share, trace, executor } = entry;
  entry.rival = { share, trace, executor, leastMs: served.leastMs };
  if (isCrowded) entry.share -= LESS;
  entry.trace = { ...entry.trace, opMs: [...entry.opMs] };
  return "plan again";
}

/** Judges a plan by a step of other sizes: where room was missing, the next such step is planned for anew. */
export function misfit(entry: Entry, { evictions }: StepReport): void {
  if (evictions > 0) Object.assign(entry, { stage: "GenPolicy", ...FRESH });
}

/** The lesser of times, where both are of as many ops. */
function lesser(some: Float64Array, others: Float64Array | null): Float64Array {
  return others?.length === some.length ? some.map((ms, i) => Math.min(ms, others[i])) : some;
}

function sum(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}
