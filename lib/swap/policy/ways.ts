/**
 * How what an op made can be computed again at some later op: which ops have to run, and what they read.
 *
 * @module
 */
import { durations, type Trace } from "../trace.ts";

/** The most ops that run again for one storage, beyond those whose results are there. */
const LONGEST = 8;

/** Ops that run again, and what they read. */
export interface Way {
  readonly calls: number[];
  readonly sources: number[];
  readonly ms: number;
}

/** Ways to compute again what ops made. */
export class Ways {
  readonly #trace: Trace;
  readonly #ms: readonly number[];
  /** By op: what it read, and what it made. */
  readonly #inputs: number[][];
  readonly #outputs: number[][];

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#ms = durations(trace);
    this.#inputs = trace.ops.map(() => []);
    this.#outputs = trace.ops.map(() => []);
    trace.storages.forEach(({ born, given = false, uses }, storage) => {
      if (!given) this.#outputs[born]?.push(storage);
      for (const use of uses) if (use !== born || given) this.#inputs[use].push(storage);
    });
  }

  /** How op `born` can be run again before op `back`; null: it cannot. */
  to(born: number, back: number): Way | null {
    const calls = new Set<number>();
    const sources = new Set<number>();
    const { storages, pure } = this.#trace;
    const pending = [born];
    for (let call = pending.pop(); call !== undefined; call = pending.pop()) {
      if (calls.has(call)) continue;
      if (!pure![call] || calls.size > LONGEST) return null;
      calls.add(call);
      for (const input of this.#inputs[call]) {
        const { born: made, given = false, died, writes = [] } = storages[input];
        // Neither what it read nor what lies in between may be another since.
        if (writes.some((write) => write > (died >= back ? call : made) && write < back)) return null;
        if (died >= back) sources.add(input);
        else if (made < 0 || given) return null;
        else pending.push(made);
      }
    }
    const sorted = [...calls].sort((a, b) => a - b);
    return {
      calls: sorted,
      sources: [...sources],
      ms: sorted.reduce((sum, call) => sum + this.#ms[call], 0),
    };
  }

  /** What lies between ops that run again beside what they are run for, and their temporaries. */
  temporaryBytes(calls: readonly number[], targets: readonly { storage: number }[]): number {
    const { storages, temporaries } = this.#trace;
    const bytesOf = (all: readonly number[]) => all.reduce((sum, one) => sum + storages[one].bytes, 0);
    const made = bytesOf(calls.flatMap((call) => this.#outputs[call]));
    return made - bytesOf(targets.map(({ storage }) => storage)) +
      Math.max(...calls.map((call) => temporaries[call]));
  }
}
