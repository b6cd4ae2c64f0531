/**
 * What happens at each position of a step under a plan: the simulation's timetable.
 *
 * @module
 */
import type { Move } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { exists } from "./need.ts";

/** Indices of storages by position; holes where nothing happens. */
export type Timetable = (readonly number[] | undefined)[];

/** Who is to come back, and which op needs it. */
export interface Return {
  readonly storage: number;
  /** Its position; one of the next step is counted on. */
  readonly back: number;
}

/** Timetables of a step. */
export interface Schedule {
  /** Who leaves after an op; counted from 1, so that 0 is before the first op. */
  readonly outs: Timetable;
  /** Who is to come back before an op, if there is room. */
  readonly ins: (readonly Return[] | undefined)[];
  /** Which of those that move an op uses. */
  readonly uses: Timetable;
  /** Who comes to be before an op, and who is freed after it. */
  readonly births: Timetable;
  readonly deaths: Timetable;
}

/** The timetables of a step under some moves. `next` is what `successors` gives. */
export function scheduleOf(trace: Trace, moves: readonly Move[], next: readonly number[]): Schedule {
  const { storages } = trace;
  const { length } = trace.ops;
  const tables = {
    outs: new Array<number[] | undefined>(length + 1),
    ins: new Array<Return[] | undefined>(length),
    uses: new Array<number[] | undefined>(length),
    births: new Array<number[] | undefined>(length),
    deaths: new Array<number[] | undefined>(length),
  };
  const put = (table: (number[] | undefined)[], position: number, storage: number) => {
    if (storage >= 0 && position >= 0 && position < table.length) (table[position] ??= []).push(storage);
  };
  const moved = new Set<number>();
  /** Who found no room to come back at the end of the step before. */
  const late: Return[] = [];
  for (const { storage, out, back, until, prefetch } of moves) {
    moved.add(storage);
    if (next[storage] >= 0) moved.add(next[storage]);
    put(tables.outs, out + 1, storage);
    if (until >= length && next[storage] >= 0) {
      const isBack = back < Infinity && prefetch <= length;
      if (isBack) late.push({ storage: next[storage], back: back - length });
      else put(tables.outs, 0, next[storage]);
    }
    if (back === Infinity) continue;
    // In the next step it may have another index.
    const [who, begin] = prefetch < length ? [storage, prefetch] : [next[storage], prefetch - length];
    if (who >= 0 && begin >= 0) {
      (tables.ins[begin] ??= []).push({ storage: who, back: back - prefetch + begin });
    }
  }
  if (late.length > 0) {
    late.sort((a, b) => a.back - b.back || a.storage - b.storage);
    tables.ins[0] = [...late, ...tables.ins[0] ?? []];
  }
  // A device brings back what an op needs in the order in which it was made, as it is numbered here.
  for (const storage of [...moved].sort((a, b) => a - b)) {
    for (const use of storages[storage].uses) put(tables.uses, use, storage);
  }
  storages.forEach((storage, i) => {
    if (!exists(storage)) return;
    if (storage.born >= 0) put(tables.births, storage.born, i);
    put(tables.deaths, storage.died, i);
  });
  return tables;
}
