/**
 * A step under a plan, simulated: which bytes are on the device while each op runs, when ops wait for copies, and how
 * long the step takes. It follows the rules of the executor and the device: a prefetch begins only into free memory and
 * is tried again until it is needed; an op waits for what it reads; an allocation waits for copies out.
 *
 * @module
 */
import type { Move, Plan, Simulation } from "../plan.ts";
import { durations, successors, type Trace } from "../trace.ts";
import { copyMs, exists } from "./need.ts";

type State = "here" | "leaving" | "away" | "returning";

/** What {@linkcode simulate} needs of a plan. */
export type Simulated = Pick<Plan, "moves" | "budgetBytes" | "bandwidth">;

/** Lists by position. */
function listed<T>(items: readonly T[], position: (item: T) => number): Map<number, T[]> {
  const lists = new Map<number, T[]>();
  for (const item of items) {
    const list = lists.get(position(item));
    if (list === undefined) lists.set(position(item), [item]);
    else list.push(item);
  }
  return lists;
}

/**
 * Simulates a step in the steady state: what comes back in the next step is away when this one begins.
 *
 * A plan that does not fit is simulated too: bytes then exceed the budget where it fails.
 */
export function simulate(trace: Trace, { moves, budgetBytes, bandwidth }: Simulated): Simulation {
  const { storages, temporaries } = trace;
  const length = trace.ops.length;
  const next = successors(trace);
  const ms = durations(trace);
  const indices = storages.map((_, i) => i).filter((i) => exists(storages[i]));
  const births = listed(indices.filter((i) => storages[i].born >= 0), (i) => storages[i].born);
  const deaths = listed(indices.filter((i) => storages[i].died < length), (i) => storages[i].died);
  const outs = listed(moves, ({ out }) => out);
  const returning = moves.filter(({ back }) => back !== Infinity);
  /** Whom a move brings back: in the next step it may have another index. */
  const whom = ({ storage, prefetch }: Move) => prefetch < length ? storage : next[storage];
  const ins = listed(returning, ({ prefetch }) => prefetch % length);
  const moved = new Set(moves.flatMap(({ storage }) => [storage, next[storage]]));
  const uses = new Map<number, number[]>();
  for (const i of moved) {
    for (const use of storages[i]?.uses ?? []) uses.set(use, [...uses.get(use) ?? [], i]);
  }

  const state: State[] = storages.map(() => "here");
  const ends = new Float64Array(storages.length);
  const dead = new Uint8Array(storages.length);
  const copies: { -readonly [K in keyof Simulation["copies"][number]]: Simulation["copies"][number][K] }[] =
    [];
  let flying: number[] = [];
  let [now, outFree, inFree] = [0, 0, 0];
  let bytes = 0;
  for (const i of indices) if (storages[i].born < 0) bytes += storages[i].bytes;
  for (const { storage, out, back, until, prefetch } of moves) {
    const twin = next[storage];
    if (out < 0 || until < length || twin < 0 || (back !== Infinity && prefetch < length)) continue;
    if (state[twin] !== "here" || storages[twin].born >= 0) continue;
    state[twin] = "away";
    bytes -= storages[twin].bytes;
  }

  /** Takes in copies that have ended by now. */
  const settle = () => {
    flying = flying.filter((i) => {
      if (ends[i] > now) return true;
      if (state[i] === "leaving" || dead[i]) bytes -= storages[i].bytes;
      state[i] = state[i] === "leaving" ? "away" : "here";
      return false;
    });
  };
  const send = (i: number, direction: "out" | "in") => {
    const startMs = Math.max(now, direction === "out" ? outFree : inFree);
    const free = startMs + storages[i].bytes / bandwidth[direction] * 1000;
    ends[i] = startMs + copyMs(storages[i].bytes, direction, bandwidth);
    if (direction === "out") outFree = free;
    else inFree = free;
    state[i] = direction === "out" ? "leaving" : "returning";
    if (direction === "in") bytes += storages[i].bytes;
    flying.push(i);
    copies.push({ storage: i, direction, startMs, endMs: ends[i], bytes: storages[i].bytes });
  };
  /** Waits until `wanted` more bytes fit, as long as a copy out will make room. */
  const makeRoom = (wanted: number) => {
    while (bytes + wanted > budgetBytes) {
      let first = Infinity;
      for (const i of flying) if (state[i] === "leaving" || dead[i]) first = Math.min(first, ends[i]);
      if (first === Infinity) return;
      now = Math.max(now, first);
      settle();
    }
  };
  const leave = (position: number) => {
    for (const { storage } of outs.get(position) ?? []) {
      if (state[storage] === "here" && !dead[storage]) send(storage, "out");
    }
  };

  const residentBytes: number[] = [];
  const starts: number[] = [];
  const stallMs: number[] = [];
  let waiting: number[] = [];
  leave(-1);
  for (let p = 0; p < length; p++) {
    const begun = now;
    settle();
    for (const move of ins.get(p) ?? []) waiting.push(whom(move));
    waiting = waiting.filter((i) => i >= 0 && state[i] === "away" && !dead[i]);
    while (waiting.length > 0 && bytes + storages[waiting[0]].bytes <= budgetBytes) {
      send(waiting.shift()!, "in");
    }
    for (const i of uses.get(p) ?? []) {
      if (state[i] === "leaving") {
        state[i] = "here";
        flying.splice(flying.indexOf(i), 1);
      }
      if (state[i] === "away") {
        makeRoom(storages[i].bytes);
        send(i, "in");
      }
      if (state[i] === "returning") now = Math.max(now, ends[i]);
    }
    settle();
    const made = births.get(p) ?? [];
    const wanted = made.reduce((sum, i) => sum + storages[i].bytes, 0);
    makeRoom(wanted + temporaries[p]);
    bytes += wanted;
    residentBytes.push(bytes + temporaries[p]);
    starts.push(now);
    stallMs.push(now - begun);
    now += ms[p];
    settle();
    for (const i of deaths.get(p) ?? []) {
      dead[i] = 1;
      if (state[i] === "here") bytes -= storages[i].bytes;
    }
    leave(p);
  }
  return { residentBytes, startMs: starts, stallMs, stepMs: now, copies };
}
