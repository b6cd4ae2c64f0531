/**
 * What a simulated step leaves to the one that follows it: which storages are where, and the copies under way.
 *
 * @module
 */

/** A copy under way. */
export interface Flight {
  /** -1: one that was freed in the step before, while it left. */
  readonly storage: number;
  readonly bytes: number;
  readonly endMs: number;
  /** Whether its end frees memory: not once what was leaving stays after all, but where that is freed meanwhile. */
  frees: boolean;
}

/** What a step takes over from the one before: by storage where it is, and the copies under way. */
export interface Handover {
  readonly states: Uint8Array;
  readonly out: readonly Flight[];
  readonly in: readonly Flight[];
  /** When each direction of the link is free. */
  readonly freeMs: { readonly out: number; readonly in: number };
}

/** What is left at a step's end, `now`, as the next step sees it: with its storages, and times from its beginning. */
export function handedOver(
  { states, out, in: back, freeMs }: Handover,
  next: readonly number[],
  isDead: Uint8Array,
  now: number,
): Handover {
  const later = new Uint8Array(states.length);
  states.forEach((state, i) => {
    if (next[i] >= 0 && isDead[i] === 0) later[next[i]] = state;
  });
  const carried = (list: readonly Flight[]) =>
    list.filter(({ endMs }) => endMs > now).map(({ storage, endMs, ...flight }): Flight => ({
      ...flight,
      storage: storage >= 0 && isDead[storage] === 0 ? next[storage] : -1,
      endMs: endMs - now,
    }));
  return {
    states: later,
    out: carried(out).filter(({ storage, frees }) => storage >= 0 || frees),
    in: carried(back).filter(({ storage }) => storage >= 0),
    freeMs: { out: Math.max(0, freeMs.out - now), in: Math.max(0, freeMs.in - now) },
  };
}

/** Whether two steps begin alike. */
export function isSame(a: Handover, b: Handover): boolean {
  return a.states.every((state, i) => state === b.states[i]) && areSame(a.out, b.out) &&
    areSame(a.in, b.in) && isClose(a.freeMs.out, b.freeMs.out) && isClose(a.freeMs.in, b.freeMs.in);
}

function areSame(a: readonly Flight[], b: readonly Flight[]): boolean {
  return a.length === b.length &&
    a.every(({ storage, frees, endMs }, i) =>
      storage === b[i].storage && frees === b[i].frees && isClose(endMs, b[i].endMs)
    );
}

/** Whether two times differ by rounding alone. */
function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, a, b);
}
