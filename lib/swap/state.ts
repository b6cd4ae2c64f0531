/**
 * What swap has learnt, as plain data: kinds of steps with their traces and plans, so that a training which goes on from
 * a checkpoint has its plans at once. Ops are named, as their numbers are those of one process; so are storages, by the
 * op that makes them or the one that uses them first.
 *
 * @module
 */
import type { Entry, Kind, Stage } from "./entry.ts";
import type { Plan } from "./plan.ts";
import { type Identities, numberOf, opNames, partsOf, roleOf } from "./recorder.ts";
import type { Trace } from "./trace.ts";

/** What {@linkcode Swap.state} gives: plain data, which JSON holds. */
export interface SwapState {
  /** Of this form of the data. */
  readonly version: 1;
  /** Kinds of steps. */
  readonly steps: readonly SavedStep[];
}

/** Which output, or operand, of which call of which op; null: of none. */
export type Place = readonly [op: string, call: number, place: number] | null;

/** A kind of step. */
export interface SavedStep {
  /** What the steps are for. */
  readonly kind: Kind;
  /** How far the plan has come. */
  readonly stage: Stage;
  /** Share of the budget that plans may fill. */
  readonly share: number;
  /** Whether it was the last one of its kind. */
  readonly latest: boolean;
  /** The last step of that kind that was planned for. */
  readonly trace: Trace;
  /** The plan; times and positions without end are null in it, as JSON has none. */
  readonly plan: unknown;
  /** By storage: what makes it, where that is an op of the step. */
  readonly made: readonly Place[];
  /** By storage: which operand it is first. */
  readonly firstUses: readonly Place[];
}

/** A kind of step as it is read: an entry that wants its executor. */
export interface ReadStep
  extends Pick<Entry, "kind" | "stage" | "share" | "trace" | "identities" | "sequence"> {
  readonly latest: boolean;
  readonly plan: Plan;
}

/** What was learnt as plain data. */
export function written(entries: readonly Entry[], latest: Readonly<Record<Kind, Entry | null>>): SwapState {
  const names = opNames();
  const placeOf = (role: number): Place => {
    if (role <= 0) return null;
    const [op, call, place] = partsOf(role);
    return [names[op], call, place];
  };
  return {
    version: 1,
    steps: entries.map((entry): SavedStep => ({
      kind: entry.kind,
      stage: entry.stage,
      share: entry.share,
      latest: latest[entry.kind] === entry,
      trace: named(entry.trace),
      plan: JSON.parse(JSON.stringify(entry.executor.plan)),
      made: entry.identities.roles.map(placeOf),
      firstUses: entry.identities.firstUses.map(placeOf),
    })),
  };
}

/** The kinds of steps again, with the numbers of this process. Throws a sentence where it is something else. */
export function read(state: SwapState): ReadStep[] {
  if (state?.version !== 1) {
    throw new Error(
      `swap: expected a state of version 1, as swap.state() gives it, but found ${state?.version}`,
    );
  }
  return state.steps.map(({ kind, stage, share, latest, trace: saved, plan, made, firstUses }): ReadStep => {
    const numbers = saved.names.map(numberOf);
    const trace: Trace = { ...saved, names: opNames(), ops: saved.ops.map((op) => numbers[op]) };
    const roleAt = (place: Place) => place === null ? 0 : roleOf(numberOf(place[0]), place[1], place[2]);
    const identities: Identities = { roles: made.map(roleAt), firstUses: firstUses.map(roleAt) };
    return { kind, stage, share, latest, trace, identities, sequence: trace, plan: finite(plan as Plan) };
  });
}

/** A trace with the names alone that its ops have. */
function named(trace: Trace): Trace {
  const used = [...new Set(trace.ops)];
  const places = new Map(used.map((op, i) => [op, i]));
  return { ...trace, names: used.map((op) => trace.names[op]), ops: trace.ops.map((op) => places.get(op)!) };
}

/** A plan in which what JSON has no number for is without end again. */
function finite(plan: Plan): Plan {
  const number = (value: number | null) => value ?? Infinity;
  return {
    ...plan,
    budgetBytes: number(plan.budgetBytes),
    moves: plan.moves.map((move) => ({ ...move, back: number(move.back), prefetch: number(move.prefetch) })),
  };
}
