/**
 * The light profiler: what a step does, as integers in typed arrays that are used again in every step. An op costs one
 * integer, a use of a storage a pair; nothing is allocated, no clock is read and no device waited for. Times of ops are
 * taken only when asked for, as while a plan is being made.
 *
 * A storage is known by two numbers: `mark`, its index within the step, and `role`, which is the same in every like
 * step: how many-eth output of which call of which op it was, or, once it has outlived a step, itself.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { stepPhase } from "../tensor/observe.ts";
import { append } from "./lists.ts";
import { PHASES, type Trace, type TracedStorage } from "./trace.ts";

/** Numbers of ops by name, the same for all recorders; 0 is the program itself, which makes storages between ops. */
const names: string[] = ["(program)"];
const numbers = new Map<string, number>([[names[0], 0]]);

/** The number of an op. */
export function numberOf(op: string): number {
  let number = numbers.get(op);
  if (number === undefined) numbers.set(op, number = names.push(op) - 1);
  return number;
}

/** How storages are found in a like step, by their index in a trace. */
export interface Identities {
  /** What each is known by; one that was there before the step is known so within this process alone. */
  readonly roles: readonly number[];
  /** Which operand of which call of which op it is first, in the same form; 0: of none. */
  readonly firstUses: readonly number[];
}

/** Calls of one op that a step may have, and storages that a call may make. */
const [CALLS, OUTPUTS] = [1 << 20, 1 << 6];

/** What output (or operand) `place` of call `call` of op `op` is known by: a positive number. */
export function roleOf(op: number, call: number, place: number): number {
  return (op * CALLS + call) * OUTPUTS + place + 1;
}

/** The op, the call and the place that a role stands for. */
export function partsOf(role: number): [op: number, call: number, place: number] {
  const calls = Math.floor((role - 1) / OUTPUTS);
  return [Math.floor(calls / CALLS), calls % CALLS, (role - 1) % OUTPUTS];
}

/** Names of ops by their numbers. */
export function opNames(): string[] {
  return [...names];
}

/** A typed array twice as long with the same contents. */
function grown<T extends Int32Array | Float64Array>(array: T): T {
  const Kind = array.constructor as new (length: number) => T;
  const longer = new Kind(2 * array.length);
  longer.set(array as never);
  return longer;
}

/** Records a step. */
export class Recorder {
  /** Ops so far: the position of the op that runs now or comes next. */
  position = 0;
  /** Op at each position, as {@linkcode numberOf} counts. */
  ops: Int32Array = new Int32Array(256);
  /** Calls so far of each op. */
  calls: Int32Array = new Int32Array(64);
  /** Whether the time of each op is taken. */
  timed = false;
  /** Storages seen so far. */
  count = 0;
  readonly #device: Device;
  #phases: Int32Array = new Int32Array(256);
  #temporaries: Float64Array = new Float64Array(256);
  #opMs: Float64Array = new Float64Array(256);
  #bytes: Float64Array = new Float64Array(256);
  #born: Int32Array = new Int32Array(256);
  #died: Int32Array = new Int32Array(256);
  #roles: Float64Array = new Float64Array(256);
  #given: Int32Array = new Int32Array(256);
  #firstUses: Float64Array = new Float64Array(256);
  #pure: Int32Array = new Int32Array(256);
  #useStorage: Int32Array = new Int32Array(1024);
  #useOp: Int32Array = new Int32Array(1024);
  #uses = 0;
  #writeStorage: Int32Array = new Int32Array(256);
  #writeOp: Int32Array = new Int32Array(256);
  #writes = 0;
  #inOp = false;
  #made = 0;
  #startMs = 0;
  #opStartMs = 0;
  #waitedMs = 0;
  #stepMs = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** A step begins: what is there now was there before. */
  begin(timed: boolean): void {
    this.timed = timed;
    this.position =
      this.count =
      this.#uses =
      this.#writes =
      this.#made =
        0;
    this.calls.fill(0);
    this.#inOp = false;
    for (const storage of this.#device.storages()) {
      if (storage.role === 0) storage.role = -storage.id;
      this.#see(storage, -1);
    }
    this.#device.workspace.takePeak();
    this.#startMs = performance.now();
  }

  /** The step is over. What has outlived it in whole is known as itself from now on. */
  end(): void {
    this.#stepMs = performance.now() - this.#startMs;
    for (const storage of this.#device.storages()) {
      const { mark } = storage;
      if (mark >= 0 && this.#born[mark] === -1) storage.role = this.#roles[mark] = -storage.id;
    }
  }

  /** An op is about to read `inputs`. */
  before(op: number, inputs: readonly Storage[]): void {
    const { position } = this;
    if (position === this.ops.length) this.#growOps();
    if (op >= this.calls.length) this.calls = grown(this.calls);
    this.ops[position] = op;
    this.#phases[position] = PHASES.indexOf(stepPhase());
    this.#inOp = true;
    this.#made = 0;
    for (let i = 0; i < inputs.length; i++) {
      const { mark } = inputs[i];
      this.#use(mark);
      if (mark >= 0 && this.#firstUses[mark] === 0) {
        this.#firstUses[mark] = roleOf(op, this.calls[op], Math.min(i, OUTPUTS - 2));
      }
    }
    if (!this.timed) return;
    this.#waitedMs = this.#lostMs();
    this.#opStartMs = performance.now();
  }

  /** The op is done. Returns the bytes of its temporaries. */
  after(outputs: readonly Storage[]): number {
    const { position } = this;
    let isPure = true;
    for (let i = 0; i < outputs.length; i++) {
      const { mark } = outputs[i];
      this.#use(mark);
      if (mark >= 0 && this.#born[mark] === position && this.#given[mark] === 0) continue;
      isPure = false;
      this.#write(mark);
    }
    this.#pure[position] = isPure ? 1 : 0;
    this.#temporaries[position] = this.#device.workspace.takePeak();
    if (this.timed) {
      this.#device.finish();
      const waited = this.#lostMs() - this.#waitedMs;
      this.#opMs[position] = Math.max(0, performance.now() - this.#opStartMs - waited);
    }
    this.calls[this.ops[position]]++;
    this.#inOp = false;
    this.#made = 0;
    return this.#temporaries[this.position++];
  }

  /** A storage came to be: an output of the op that runs, or made by the program. */
  created(storage: Storage): void {
    const op = this.#inOp ? this.ops[this.position] : 0;
    const call = this.#inOp ? this.calls[op] : this.calls[0]++;
    storage.role = roleOf(op, call, Math.min(this.#made++, OUTPUTS - 2));
    if (!this.#inOp) this.#made = 0;
    this.#see(storage, this.position);
  }

  /** A storage is gone. */
  freed({ mark }: Storage): void {
    if (mark >= 0) this.#died[mark] = this.position - 1;
  }

  /** How the step's storages will be found in a like step, by mark. */
  identities(): Identities {
    return {
      roles: Array.from(this.#roles.subarray(0, this.count)),
      firstUses: Array.from(this.#firstUses.subarray(0, this.count)),
    };
  }

  /** Bytes of all storages of the step. */
  totalBytes(): number {
    return this.#bytes.subarray(0, this.count).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Milliseconds of each op, where they were taken. */
  times(): Float64Array | null {
    return this.timed ? this.#opMs.slice(0, this.position) : null;
  }

  /** The ops of the step. */
  sequence(): { ops: Int32Array; phases: Int32Array } {
    return { ops: this.ops.slice(0, this.position), phases: this.#phases.slice(0, this.position) };
  }

  /** The step as plain data. */
  trace(): Trace {
    const length = this.position;
    const used = Array.from({ length: this.count }, (): number[] => []);
    for (let i = 0; i < this.#uses; i++) {
      const uses = used[this.#useStorage[i]];
      if (uses.at(-1) !== this.#useOp[i]) uses.push(this.#useOp[i]);
    }
    const written = new Map<number, number[]>();
    for (let i = 0; i < this.#writes; i++) {
      const [mark, op] = [this.#writeStorage[i], this.#writeOp[i]];
      append(written, mark, op);
    }
    const isAlive = (mark: number) => this.#died[mark] === NEVER;
    const survivors = new Map<number, number>();
    for (let mark = 0; mark < this.count; mark++) {
      if (this.#born[mark] >= 0 && isAlive(mark)) survivors.set(this.#roles[mark], mark);
    }
    const originOf = (mark: number) => {
      if (this.#born[mark] >= 0) return -1;
      return isAlive(mark) ? mark : survivors.get(this.#roles[mark]) ?? -1;
    };
    const list = (array: Int32Array | Float64Array) => Array.from(array.subarray(0, length));
    return {
      names: opNames(),
      ops: list(this.ops),
      phases: list(this.#phases),
      temporaries: list(this.#temporaries),
      pure: list(this.#pure).map(Boolean),
      opMs: this.timed ? list(this.#opMs) : null,
      stepMs: this.#stepMs,
      storages: used.map((uses, mark): TracedStorage => ({
        bytes: this.#bytes[mark],
        born: this.#born[mark],
        ...(this.#given[mark] === 1 ? { given: true } : {}),
        died: isAlive(mark) ? length : this.#died[mark],
        uses,
        ...(written.has(mark) ? { writes: written.get(mark) } : {}),
        origin: originOf(mark),
      })),
    };
  }

  #see(storage: Storage, born: number): void {
    const mark = this.count++;
    if (mark === this.#bytes.length) this.#growStorages();
    storage.mark = mark;
    this.#bytes[mark] = storage.bytes;
    this.#born[mark] = born;
    this.#died[mark] = NEVER;
    this.#roles[mark] = storage.role;
    this.#firstUses[mark] = 0;
    this.#given[mark] = born >= 0 && !this.#inOp ? 1 : 0;
  }

  #use(mark: number): void {
    if (mark < 0) return;
    if (this.#uses === this.#useOp.length) {
      this.#useOp = grown(this.#useOp);
      this.#useStorage = grown(this.#useStorage);
    }
    this.#useStorage[this.#uses] = mark;
    this.#useOp[this.#uses++] = this.position;
  }

  /** Milliseconds that are no op's own: waiting for copies, and computing again. */
  #lostMs(): number {
    return this.#device.copies.waitedMs + this.#device.recomputedMs;
  }

  #write(mark: number): void {
    if (mark < 0) return;
    if (this.#writes === this.#writeOp.length) {
      this.#writeOp = grown(this.#writeOp);
      this.#writeStorage = grown(this.#writeStorage);
    }
    this.#writeStorage[this.#writes] = mark;
    this.#writeOp[this.#writes++] = this.position;
  }

  #growOps(): void {
    this.ops = grown(this.ops);
    this.#phases = grown(this.#phases);
    this.#pure = grown(this.#pure);
    this.#temporaries = grown(this.#temporaries);
    this.#opMs = grown(this.#opMs);
  }

  #growStorages(): void {
    this.#bytes = grown(this.#bytes);
    this.#born = grown(this.#born);
    this.#died = grown(this.#died);
    this.#roles = grown(this.#roles);
    this.#firstUses = grown(this.#firstUses);
    this.#given = grown(this.#given);
  }
}

/** Not freed yet. */
const NEVER = 0x7fffffff;
