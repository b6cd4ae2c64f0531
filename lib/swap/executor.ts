/**
 * Carries out a plan while a step runs: after the op at which a storage becomes idle it starts to leave, before the
 * planned op its way back begins. Ops are recognised by name and count of calls, storages by their role, neither by
 * size, so a plan holds for a longer batch and for a step in which some ops are missing. What the plan does not foresee
 * is left to the device: an op waits for what it reads, an allocation for room. So no plan can change a result.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { append } from "./lists.ts";
import type { Move, Plan } from "./plan.ts";
import type { OpCall } from "../tensor/observe.ts";
import { originals, recomputedTrace } from "./policy/recomputed.ts";
import { Recomputer } from "./recomputer.ts";
import { type Identities, roleOf } from "./recorder.ts";
import { successors, type Trace } from "./trace.ts";

/** Who is to come back, and for which position. */
interface Return {
  storage: Storage;
  due: number;
}

/** When a storage is away: from one position to another, both within. */
interface Absence {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** A plan, and how its storages and ops are found in a step that is like the one it was made of. */
export class Executor {
  readonly plan: Plan;
  readonly #device: Device;
  readonly #length: number;
  /** Position by op and call. */
  readonly #positions = new Map<number, number>();
  /** Index in the trace by role: of storages that are there when the step begins, and of those made in it. */
  readonly #before = new Map<number, number>();
  readonly #made = new Map<number, number>();
  /** Index by first use, of storages that are there when the step begins: how those are found that have no known role. */
  readonly #byUse = new Map<number, number>();
  /** By position: indices in the trace of what leaves after it. */
  readonly #out = new Map<number, number[]>();
  /** By position: what is to come back before it, and for which position. */
  readonly #in = new Map<number, { index: number; due: number }[]>();
  /** Who is away when, for a step that begins otherwise than planned. */
  readonly #absences: Absence[] = [];
  /** By index in the trace: uses, and who it is in the next step. */
  readonly #uses: readonly (readonly number[])[];
  readonly #next: readonly number[];
  readonly #died: readonly number[];
  /** The live storage of each index, and the index of each live storage by its mark. */
  readonly #bound: (Storage | null)[];
  readonly #indices: number[] = [];
  /** Who each index is in the trace as it was recorded. */
  readonly #original: readonly number[];
  readonly #recomputer: Recomputer;
  /** The position of the last op that the plan knows, and of the one that runs; -1: none, or one that it does not know. */
  #at = -1;
  #running = -1;
  #waiting: Return[] = [];

  constructor(
    device: Device,
    recorded: Trace,
    plan: Plan,
    { roles, firstUses }: Identities,
  ) {
    this.plan = plan;
    this.#device = device;
    const { recomputed = [] } = plan;
    const trace = recomputedTrace(recorded, recomputed);
    this.#original = originals(recorded, recomputed);
    this.#recomputer = new Recomputer(device, recomputed);
    this.#length = trace.ops.length;
    const calls = new Map<number, number>();
    recorded.ops.forEach((op, position) => {
      const call = calls.get(op) ?? 0;
      calls.set(op, call + 1);
      this.#positions.set(roleOf(op, call, 0), position);
    });
    recorded.storages.forEach(({ born }, i) => {
      if (born >= 0) this.#made.set(roles[i], i);
      else {
        this.#before.set(roles[i], i);
        if (firstUses[i] > 0) this.#byUse.set(firstUses[i], i);
      }
    });
    const uses = recorded.storages.map((): number[] => []);
    trace.storages.forEach((storage, i) => uses[this.#original[i]].push(...storage.uses));
    this.#uses = uses;
    this.#died = recorded.storages.map(({ died }) => died);
    this.#next = successors(recorded);
    this.#bound = new Array(recorded.storages.length).fill(null);
    for (const move of plan.moves) this.#schedule(move);
  }

  #schedule({ storage: index, out, back, until, prefetch }: Move): void {
    const storage = this.#original[index];
    append(this.#out, out, storage);
    const [from, to] = [out + 1, back === Infinity ? until : prefetch - 1];
    this.#absences.push({ index: storage, from, to });
    // In the next step it may have another index.
    const { [storage]: next } = this.#next;
    if (to >= this.#length) {
      this.#absences.push({ index: next, from: from - this.#length, to: to - this.#length });
    }
    if (back === Infinity) return;
    if (prefetch < this.#length) append(this.#in, prefetch, { index: storage, due: back });
    else append(this.#in, prefetch - this.#length, { index: this.#next[storage], due: back - this.#length });
  }

  /** Whether something is dropped and computed again, so that ops have to be told of in full. */
  get recomputes(): boolean {
    return (this.plan.recomputed ?? []).length > 0;
  }

  /**
   * A step begins, or turns out to be of this kind before op `position`. Where another kind of step was before, storages
   * are not where the plan has them by then: some leave now, and others come back in the order in which they are used.
   */
  begin(storages: Iterable<Storage>, isOld: (storage: Storage) => boolean, position = 0): void {
    this.#bound.fill(null);
    this.#indices.length = 0;
    this.#waiting = [];
    this.#at = position - 1;
    this.#recomputer.end();
    for (const storage of storages) this.#bind(storage, isOld(storage) ? this.#before : this.#made);
    const absent = new Set<number>();
    for (const { index, from, to } of this.#absences) {
      if (from <= position && position <= to) absent.add(index);
    }
    for (const index of absent) this.#send(index);
    this.#bound.forEach((_, index) => {
      const { [index]: uses } = this.#uses;
      const next = firstFrom(uses, position);
      if (next < uses.length && !absent.has(index)) this.#call(index, uses[next]);
    });
    this.#waiting.sort((a, b) => a.due - b.due);
  }

  /** A storage was made in this step. */
  created(storage: Storage): void {
    this.#bind(storage, this.#made);
  }

  /** A storage is gone. */
  freed({ mark }: Storage): void {
    const index = this.#indices[mark] ?? -1;
    if (index >= 0) this.#bound[index] = null;
  }

  /** Call `call` of op `op` is about to read `inputs`. */
  before(op: number, call: number, inputs: readonly Storage[]): void {
    for (let i = 0; i < inputs.length; i++) {
      if (this.#indices[inputs[i].mark] === undefined) this.#meet(inputs[i], roleOf(op, call, i));
    }
    const position = this.#positions.get(roleOf(op, call, 0));
    this.#running = position ?? -1;
    if (position === undefined) return;
    this.#at = position;
    const due = this.#in.get(position);
    if (due !== undefined) {
      this.#device.copies.settle();
      for (const { index, due: needed } of due) this.#call(index, needed);
    }
    this.#fetch();
  }

  /** The op is done. */
  after(): void {
    this.#leave(this.#at);
    this.#fetch();
  }

  /** The same in full. */
  ran(call: OpCall): void {
    this.#recomputer.ran(this.#running, call, (index) => this.#bound[index]);
  }

  /** The step is over, or has ended early. */
  end(): void {
    this.#recomputer.end();
  }

  /**
   * In how many ops a storage is used next, as far as the plan's trace knows; Infinity: never again; null: the storage
   * was not in the trace.
   */
  distance({ mark }: Storage): number | null {
    const index = this.#indices[mark] ?? -1;
    if (index < 0) return null;
    const uses = this.#uses[index];
    const next = firstFrom(uses, this.#at);
    if (next < uses.length) return uses[next] - this.#at;
    if (this.#died[index] < this.#length) return Infinity;
    const later = this.#uses[this.#next[index]];
    return later === undefined || later.length === 0 ? Infinity : this.#length - this.#at + later[0];
  }

  #bind(storage: Storage, roles: Map<number, number>): void {
    const index = roles.get(storage.role);
    if (index === undefined) return;
    this.#bound[index] = storage;
    this.#indices[storage.mark] = index;
  }

  /** A storage that was there before the step and is not known may be one that has another role in the plan's trace. */
  #meet(storage: Storage, use: number): void {
    const index = this.#byUse.get(use);
    if (index === undefined || storage.mark < 0 || storage.role > 0 || this.#bound[index] !== null) return;
    this.#before.set(storage.role, index);
    this.#bind(storage, this.#before);
  }

  #leave(position: number): void {
    const due = this.#out.get(position);
    for (const index of due ?? []) this.#send(index);
  }

  #send(index: number): void {
    const storage = this.#bound[index] ?? null;
    if (storage !== null && storage.state === "resident" && storage.holders > 0) {
      this.#device.copies.copyOut(storage);
    }
  }

  /** A storage is to come back for a position. What is still leaving stays: nobody needed its room. */
  #call(index: number, due: number): void {
    const storage = this.#bound[index] ?? null;
    if (storage?.state === "leaving") this.#device.copies.cancel(storage);
    else if (storage?.state === "away") this.#waiting.push({ storage, due });
  }

  /** Starts what waits to come back, in turn, as far as there is room. What was fetched meanwhile waits no more. */
  #fetch(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ storage, due }) =>
      due >= this.#at && storage.holders > 0 && storage.state === "away"
    );
    while (this.#waiting.length > 0 && this.#device.copies.prefetch(this.#waiting[0].storage) !== null) {
      this.#waiting.shift();
    }
  }
}

/** The first index from which on a list that ascends is at least `value`. */
function firstFrom(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
