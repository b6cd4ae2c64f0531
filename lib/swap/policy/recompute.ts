/**
 * What is dropped and computed again: the third choice beside keeping and swapping.
 *
 * @module
 */
import { type Bytes, parseBytes } from "../../device/bytes.ts";
import type { PolicyFunction, Recomputation } from "../plan.ts";
import type { Trace } from "../trace.ts";
import { Cascades, type Group } from "./cascades.ts";
import { needOf, startsOf } from "./need.ts";
import { peakOf } from "./rank.ts";
import { recomputedTrace } from "./recomputed.ts";
import { Ways } from "./ways.ts";

/** Settings of {@linkcode recompute}. */
export interface RecomputeOptions {
  /** The most bytes that may lie on the device. */
  budget: Bytes;
  /** How much of what exceeds the budget is made room for by dropping; default 1: all of it. */
  share?: number;
  /** Share of the budget that one op may bring back at once, as what is dropped may need what is dropped; default 0.5. */
  cascade?: number;
  /** Bytes below which a storage stays; default 64 KiB. */
  minBytes?: number;
}

/**
 * Drops storages that can be computed again, those first that cost least time a byte, until the step's peak is lowered by
 * a share of what exceeds the budget. What follows sees the step as it goes then, so `fit` can move what is left.
 *
 * A storage can be computed again where the op that made it made new storages alone, and what it read is still there, or
 * can itself be computed again: DTR's chains (Kirisame et al., arXiv:2006.09616), planned by measured times. Does nothing
 * where the trace has none.
 *
 * @throws {RangeError} when the budget is no amount of memory, or another setting no number of at least 0.
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
 *   pure: [true, true, true, true],
 *   opMs: [1, 1, 1, 1],
 *   stepMs: 4,
 *   storages: [
 *     { bytes: 1 << 20, born: -1, died: 4, uses: [0, 3], origin: 0 },
 *     { bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 },
 *     { bytes: 1 << 20, born: 1, died: 1, uses: [1], origin: -1 },
 *   ],
 * };
 * const { recomputed, predicted } = ebb.policy.compose(ebb.policy.recompute({ budget: "2 MiB" }))(trace);
 * assertEquals(recomputed!.map(({ storages, back, calls }) => [storages, back, calls]), [
 *   [[{ storage: 1, out: 0 }], 3, [0]],
 * ]);
 * assertEquals([predicted.peakBytes, predicted.stepMs], [2 << 20, 5]);
 * ```
 */
export function recompute(
  { budget, share = 1, cascade = 0.5, minBytes = 64 << 10 }: RecomputeOptions,
): PolicyFunction {
  const budgetBytes = parseBytes(budget, "recompute budget");
  for (const [name, value] of Object.entries({ share, cascade, minBytes })) {
    if (!(value >= 0)) {
      throw new RangeError(`recompute: expected ${name} to be at least 0 but found ${value}`);
    }
  }
  return (draft) => {
    const { trace } = draft;
    const need = needOf(trace);
    const wanted = (peakOf(need) - budgetBytes) * share;
    if (trace.opMs === null || trace.pure === undefined || wanted <= 0) return draft;
    const recomputed = chosen(trace, need.indexOf(peakOf(need)), wanted, minBytes, budgetBytes * cascade);
    return {
      ...draft,
      trace: recomputedTrace(trace, recomputed),
      recomputed: [...draft.recomputed, ...recomputed],
      budgetBytes,
    };
  };
}

/** Chooses until `wanted` bytes are gone at op `peak`. */
function chosen(
  trace: Trace,
  peak: number,
  wanted: number,
  minBytes: number,
  most: number,
): Recomputation[] {
  const ways = new Ways(trace);
  const covers = ({ storages, back }: Group) => storages.some(({ out }) => out < peak) && back > peak;
  const options = groupsOf(trace, minBytes)
    .filter(covers)
    .map((group) => ({ group, way: ways.to(group.born, group.back) }))
    .filter(({ way }) => way !== null)
    .sort((a, b) => a.way!.ms / a.group.bytes - b.way!.ms / b.group.bytes || a.group.born - b.group.born);
  const cascades = new Cascades(most);
  let freed = 0;
  for (const { group, way } of options) {
    if (freed >= wanted) break;
    if (cascades.accepts(group, way!.sources)) freed += group.bytes;
  }
  return settled(ways, cascades.groups);
}

/** What each op made that idles, from its last use on to the next one; of several pauses the longest counts. */
function groupsOf(trace: Trace, minBytes: number): Group[] {
  const starts = startsOf(trace);
  const groups = new Map<number, Group>();
  trace.storages.forEach(({ bytes, born, given, died, uses, writes }, storage) => {
    if (born < 0 || died >= trace.ops.length || bytes < minBytes || !trace.pure![born]) return;
    if (given || writes !== undefined) return; // no op made it as it is
    let [out, back, longest] = [-1, -1, 0];
    for (let i = 0, from = born; i < uses.length; from = uses[i++]) {
      const ms = starts[uses[i]] - starts[from + 1];
      if (uses[i] - from >= 2 && ms > longest) [out, back, longest] = [from, uses[i], ms];
    }
    if (out < 0) return;
    const group = groups.get(born);
    if (group === undefined) groups.set(born, { born, storages: [{ storage, out }], back, bytes });
    else {
      groups.set(born, {
        born,
        storages: [...group.storages, { storage, out }],
        back: Math.min(group.back, back),
        bytes: group.bytes + bytes,
      });
    }
  });
  return [...groups.values()];
}

/**
 * Recomputations in the order in which they come to pass. What one of them reads and another one makes has to be there
 * earlier.
 */
function settled(ways: Ways, groups: readonly Group[]): Recomputation[] {
  const groupOf = new Map<number, Group>();
  for (const group of groups) for (const { storage } of group.storages) groupOf.set(storage, group);
  const found: Recomputation[] = [];
  // What reads an op's results was made later.
  for (const group of [...groups].sort((a, b) => b.born - a.born)) {
    const { born, back } = group;
    const storages = group.storages.filter(({ out }) => back - out >= 2);
    if (storages.length === 0) continue;
    const { calls, sources, ms } = ways.to(born, back)!;
    for (const source of sources) {
      const other = groupOf.get(source);
      if (other !== undefined) other.back = Math.min(other.back, back);
    }
    const temporaryBytes = ways.temporaryBytes(calls, storages);
    found.push({ storages, back, calls, sources, ms, temporaryBytes });
  }
  return found.reverse();
}
