/**
 * What charts of a step share: where its phases begin, and whether a plan is one of its trace.
 *
 * @module
 */
import { PHASES, type Plan, type Trace } from "../swap/mod.ts";
import type { PlotModule, PlotOptions } from "./draw.ts";
import { BACKGROUND, MUTED } from "./theme.ts";

/** Where a phase begins, on the horizontal axis. */
export interface PhaseStart {
  readonly at: number;
  /** Its name, where it begins for the first time and there is room. */
  readonly label?: string;
  /** On which side the name stands. */
  readonly side: "left" | "right";
}

/** A name's width as a share of the panel's. */
const NAME = 0.09;
/** Of a step that changes phases more often only the first time of each is marked. */
const CHANGES = 24;

/**
 * Where phases begin.
 *
 * @param place where a position is on the axis; the number of ops: the step's end
 */
export function phasesOf({ phases }: Trace, place: (op: number) => number = (op) => op): PhaseStart[] {
  const changes = [...phases.keys()].filter((op) => op === 0 || phases[op] !== phases[op - 1]);
  const firsts = changes.filter((op) => phases.indexOf(phases[op]) === op);
  const [begin, end] = [place(0), place(phases.length)];
  const room = NAME * (end - begin);
  let taken = begin; // up to here there are names
  return (changes.length > CHANGES ? firsts : changes).map((op): PhaseStart => {
    const at = place(op);
    const first = firsts.indexOf(op);
    if (first < 0) return { at, side: "right" };
    const next = first + 1 < firsts.length ? place(firsts[first + 1]) : end;
    const label = PHASES[phases[op]];
    if (next - at >= room && at >= taken) {
      taken = at + room;
      return { at, label, side: "right" };
    }
    const fits = at - taken >= room;
    if (fits) taken = at;
    return { at, label: fits ? label : undefined, side: "left" };
  });
}

/** Lines where phases begin, with their names at the top; `dy` moves these. */
export function phaseMarks(
  plot: PlotModule,
  phases: readonly PhaseStart[],
  dy = 2,
): NonNullable<PlotOptions["marks"]> {
  const names = (side: PhaseStart["side"]) => phases.filter((phase) => phase.label && phase.side === side);
  const look = {
    x: "at",
    text: "label",
    frameAnchor: "top",
    dy,
    fill: MUTED.light,
    stroke: BACKGROUND.light,
    strokeWidth: 4,
  } as const;
  return [
    plot.ruleX(phases.slice(1), { x: "at", stroke: MUTED.light, strokeOpacity: 0.5 }),
    plot.text(names("right"), { ...look, textAnchor: "start", dx: 5 }),
    plot.text(names("left"), { ...look, textAnchor: "end", dx: -5 }),
  ];
}

/** Ticks of an axis that counts: whole numbers, also where it is so short that there would be others between. */
export function wholeTicks(begin: number, end: number): { ticks?: number[]; tickFormat?: string } {
  if (end - begin > 10) return {};
  return { ticks: Array.from({ length: end - begin + 1 }, (_, i) => begin + i), tickFormat: "d" };
}

/** Refuses an empty trace, and a plan of another one. `name` is who asks. */
export function checkStep(name: string, { ops, storages }: Trace, plan?: Plan): void {
  if (ops.length === 0) throw new RangeError(`${name}: expected a trace with ops but found an empty one`);
  if (plan === undefined) return;
  const { moves, recomputed = [] } = plan;
  const dropped = recomputed.flatMap((one) => one.storages);
  const lost = dropped.find(({ storage }) => !(storage in storages)) ??
    moves.find(({ storage }) => storage >= storages.length + dropped.length);
  if (lost !== undefined) {
    throw new RangeError(
      `${name}: expected a plan of this trace but found a move of storage ${lost.storage} where there are ${storages.length}`,
    );
  }
}
