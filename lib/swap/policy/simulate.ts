/**
 * A step under a plan, simulated: which bytes are on the device while each op runs, when ops wait for copies, and how
 * long the step takes. It follows the rules of the executor and the device: a copy back begins early only into free
 * memory and is tried again until it is needed; what is still leaving then stays; an op waits for what it reads; an
 * allocation waits for copies out; copies of one direction go one after the other.
 *
 * @module
 */
import type { Draft, Move, Plan, Simulation } from "../plan.ts";
import { durations, successors, type Trace } from "../trace.ts";
import { type Flight, handedOver, type Handover, isSame } from "./handover.ts";
import { copyMs, exists } from "./need.ts";
import { recomputedTrace } from "./recomputed.ts";
import { type Return, type Schedule, scheduleOf } from "./schedule.ts";

/** What {@linkcode simulate} needs of a plan. */
export type Simulated = Pick<Plan, "moves" | "recomputed" | "budgetBytes" | "bandwidth">;

/** Steps after which one is taken for steady though the next would differ, as where copies pile up. */
const LAPS = 4;

const [HERE, LEAVING, AWAY, RETURNING] = [0, 1, 2, 3];

/**
 * Simulates a step in the steady state: it begins as a like step before it has ended, with storages away and copies under
 * way. Never throws for a plan that does not fit: where nothing is left to wait for, bytes exceed the budget.
 *
 * @returns bytes, and milliseconds from the step's beginning. Copies are those that begin in the step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0],
 *   phases: [0, 0, 1],
 *   temporaries: [0, 0, 0],
 *   opMs: [1, 1, 1],
 *   stepMs: 3,
 *   storages: [
 *     { bytes: 1000, born: 0, died: 2, uses: [0, 2], origin: -1 },
 *     { bytes: 1000, born: 1, died: 1, uses: [1], origin: -1 },
 *   ],
 * };
 * const move = { storage: 0, bytes: 1000, out: 0, back: 2, until: 2, score: 0, prefetch: 2 };
 * // A copy takes half a millisecond either way: op 1 waits for room, op 2 for its operand.
 * const bandwidth = { out: 2e6, in: 2e6 };
 * const { residentBytes, startMs, stallMs } = ebb.policy.simulate(trace, {
 *   moves: [move],
 *   budgetBytes: 1000,
 *   bandwidth,
 * });
 * assertEquals(residentBytes, [1000, 1000, 1000]);
 * assertEquals(stallMs, [0, 0.5, 0.5]);
 * assertEquals(startMs, [0, 1.5, 3]);
 * ```
 */
export function simulate(trace: Trace, plan: Simulated): Simulation {
  return steady(recomputedTrace(trace, plan.recomputed ?? []), plan);
}

/** Simulates a plan in the making with some moves. What is computed again is in its trace already. */
export function simulateDraft(draft: Draft, moves: readonly Move[]): Simulation {
  return steady(draft.trace, { ...draft, moves });
}

function steady(trace: Trace, plan: Simulated): Simulation {
  const length = trace.ops.length;
  const next = successors(trace);
  const states = new Uint8Array(trace.storages.length);
  for (const { storage, back, until, prefetch } of plan.moves) {
    if (until < length || next[storage] < 0) continue;
    if (back === Infinity || prefetch >= length) states[next[storage]] = AWAY;
  }
  const schedule = scheduleOf(trace, plan.moves, next);
  let before: Handover = { states, out: [], in: [], freeMs: { out: 0, in: 0 } };
  for (let lap = 1;; lap++) {
    const { simulation, handover } = run(trace, plan, schedule, next, before);
    if (lap === LAPS || isSame(handover, before)) return simulation;
    before = handover;
  }
}

function run(
  trace: Trace,
  { budgetBytes, bandwidth }: Simulated,
  schedule: Schedule,
  next: readonly number[],
  before: Handover,
): { simulation: Simulation; handover: Handover } {
  const { storages, temporaries } = trace;
  const length = trace.ops.length;
  const ms = durations(trace);
  const states = before.states.slice();
  const isDead = new Uint8Array(storages.length);
  const flights = { out: before.out.map((flight) => ({ ...flight })), in: [...before.in] };
  const heads = { out: 0, in: 0 };
  const freeMs = { ...before.freeMs };
  const endMs = new Float64Array(storages.length);
  const copies: Simulation["copies"][number][] = [];
  let now = 0;
  let bytes = 0;
  storages.forEach((storage, i) => {
    if (exists(storage) && storage.born < 0 && states[i] !== AWAY) bytes += storage.bytes;
  });
  for (const { storage, endMs: end } of flights.in) endMs[storage] = end;
  /** The last copy out of each storage. */
  const leaving = new Map<number, Flight>();
  for (const flight of flights.out) {
    if (flight.storage >= 0) leaving.set(flight.storage, flight);
    else bytes += flight.bytes;
  }

  /** Takes in copies that have ended. */
  const settle = () => {
    const { out, in: back } = flights;
    for (; heads.out < out.length && out[heads.out].endMs <= now; heads.out++) {
      const { storage, frees, bytes: freed } = out[heads.out];
      if (!frees) continue;
      bytes -= freed;
      if (storage >= 0 && states[storage] === LEAVING) states[storage] = AWAY;
    }
    for (; heads.in < back.length && back[heads.in].endMs <= now; heads.in++) {
      const { storage } = back[heads.in];
      if (states[storage] === RETURNING) states[storage] = HERE;
    }
  };
  const send = (storage: number, direction: "out" | "in") => {
    const size = storages[storage].bytes;
    const startMs = Math.max(now, freeMs[direction]);
    const end = freeMs[direction] = startMs + copyMs(size, direction, bandwidth);
    states[storage] = direction === "out" ? LEAVING : RETURNING;
    if (direction === "in") {
      bytes += size;
      endMs[storage] = end;
    }
    const flight = { storage, bytes: size, endMs: end, frees: true };
    flights[direction].push(flight);
    if (direction === "out") leaving.set(storage, flight);
    copies.push({ storage, direction, startMs, endMs: end, bytes: size });
  };
  /** Waits until `wanted` more bytes fit, as long as a copy out will make room. */
  const makeRoom = (wanted: number) => {
    while (bytes + wanted > budgetBytes && heads.out < flights.out.length) {
      now = Math.max(now, flights.out[heads.out].endMs);
      settle();
    }
  };
  const leave = (position: number) => {
    for (const storage of schedule.outs[position + 1] ?? []) {
      if (states[storage] === HERE && isDead[storage] === 0) send(storage, "out");
    }
  };
  /** What is still leaving when it is to come back stays: nobody needed its room. */
  const stay = (storage: number) => {
    states[storage] = HERE;
    leaving.get(storage)!.frees = false;
  };
  /** Begins what waits to come back, in turn, as far as there is room. */
  const waiting: Return[] = [];
  let due = 0;
  const fetch = (position: number) => {
    for (; due < waiting.length; due++) {
      const { storage, back } = waiting[due];
      // Once it was needed it has come back, and may have left again.
      if (back < position || states[storage] !== AWAY || isDead[storage] === 1) continue;
      if (bytes + storages[storage].bytes > budgetBytes) return;
      send(storage, "in");
    }
  };

  const residentBytes = new Array<number>(length);
  const startMs = new Array<number>(length);
  const stallMs = new Array<number>(length);
  leave(-1);
  for (let position = 0; position < length; position++) {
    const begun = now;
    settle();
    for (const one of schedule.ins[position] ?? []) {
      if (states[one.storage] === LEAVING) stay(one.storage);
      else waiting.push(one);
    }
    fetch(position);
    for (const storage of schedule.uses[position] ?? []) {
      if (states[storage] === AWAY) {
        makeRoom(storages[storage].bytes);
        send(storage, "in");
      }
      if (states[storage] === RETURNING) now = Math.max(now, endMs[storage]);
    }
    settle();
    let wanted = 0;
    for (const storage of schedule.births[position] ?? []) wanted += storages[storage].bytes;
    makeRoom(wanted + temporaries[position]);
    bytes += wanted;
    residentBytes[position] = bytes + temporaries[position];
    startMs[position] = now;
    stallMs[position] = now - begun;
    now += ms[position];
    settle();
    for (const storage of schedule.deaths[position] ?? []) {
      isDead[storage] = 1;
      // What a copy reads is freed when that ends, though it was to stay.
      const flight = leaving.get(storage);
      if (flight !== undefined && flight.endMs > now) flight.frees = true;
      else if (states[storage] === HERE || states[storage] === RETURNING) bytes -= storages[storage].bytes;
    }
    leave(position);
    fetch(position + 1);
  }
  settle();
  const handover = handedOver({ states, ...flights, freeMs }, next, isDead, now);
  return { simulation: { residentBytes, startMs, stallMs, stepMs: now, copies }, handover };
}
