/**
 * The loop of swap: trains in less device memory than a step needs (Chameleon / SmartSwap, arXiv:2509.11076). The first
 * step runs with no plan at all, by passive swap alone; after it storages that idle are planned to leave and to come
 * back in time; after the second the plan is made again with measured times. Steps that differ keep plans of their own.
 * Results are those of a run without swap, bit for bit.
 *
 * @module
 */
import {
  type Bytes,
  type Device,
  type DeviceObserver,
  type DiskOptions,
  parseBytes,
  type Storage,
} from "../device/mod.ts";
import { observeOps, type OpObserver } from "../tensor/mod.ts";
import { isLike, ngramSimilarity } from "./change.ts";
import { type Entry, expectedAfter, extended, hashesOf, type Kind, type Stage } from "./entry.ts";
import { evict } from "./evict.ts";
import { Executor } from "./executor.ts";
import { measureBandwidth } from "./measure.ts";
import type { Bandwidth, Plan } from "./plan.ts";
import { candidates, compose, fit, prefetch, rank } from "./policy/mod.ts";
import { numberOf, Recorder } from "./recorder.ts";
import { Report, type StepReport } from "./report.ts";
import type { Trace } from "./trace.ts";

/** What a policy is made for. */
export interface PolicyInput {
  /** Bytes that a plan may fill. */
  budget: number;
  /** As measured on this device. */
  bandwidth: Bandwidth;
}

/** Settings of {@linkcode swap}. */
export interface SwapOptions {
  /** The most host memory for what has left the device; default: what the machine has. */
  host?: Bytes;
  /**
   * A directory, made where there is none, for what finds no room in host memory; `{ directory, budget }` bounds the
   * bytes there. Default: there is host memory only. Nothing is left in it, however the program ends.
   */
  disk?: string | DiskOptions;
  /** Makes plans of traces; default the composition of `policy.candidates`, `rank`, `fit` and `prefetch`. */
  policy?: (input: PolicyInput) => (trace: Trace) => Plan;
  /** Similarity of two sequences of ops (3-gram Jaccard) from which on they share a plan; default 0.95. */
  similarity?: number;
}

/** The composition that plans where no other is given. */
export function defaultPolicy({ budget, bandwidth }: PolicyInput): (trace: Trace) => Plan {
  return compose(candidates({ minBytes: 16 << 10 }), rank(), fit({ budget, bandwidth }), prefetch());
}

/** Kinds of steps that are remembered at once. */
const REMEMBERED = 32;
/** Share of the budget that a plan may fill at first: the rest is for what lies between blocks. */
const [SHARE, LEAST_SHARE] = [0.9, 0.5];

/** Swap on a device, until it is disposed. Made by {@linkcode swap}. */
export class Swap implements Disposable {
  /** The device whose storages move. */
  readonly device: Device;
  readonly #options: SwapOptions;
  readonly #recorder: Recorder;
  readonly #entries: Entry[] = [];
  readonly #latest: Record<Kind, Entry | null> = { training: null, evaluation: null };
  #bandwidth: Bandwidth | null = null;
  /** What the last step was, whether training or evaluation. */
  #previous: Entry | null = null;
  /** The step under way. */
  #running: Running | null = null;
  #steps = 0;
  #last: StepReport | null = null;
  #disposed = false;

  /** Users call {@linkcode swap}. */
  constructor(device: Device, options: SwapOptions = {}) {
    if (device.observer !== null) {
      throw new Error(
        `swap: expected a device that nobody watches but found one with an observer; dispose the swap that ${device.name} has`,
      );
    }
    this.device = device;
    this.#options = options;
    this.#recorder = new Recorder(device);
    if (options.host !== undefined) device.copies.budgetBytes = parseBytes(options.host, "swap host");
    if (options.disk !== undefined) device.copies.useDisk(options.disk);
    device.observer = this.#observeDevice();
  }

  /**
   * Runs a training step: `fn` with everything that belongs to it, from forward to update.
   *
   * @returns what `fn` gives.
   * @throws what `fn` throws; everything stays usable, and the step is not learnt from.
   */
  step<T>(fn: () => T): Promise<Awaited<T>> {
    return this.#run("training", fn);
  }

  /** Runs a pass without update, such as a validation: what is known of training stays as it is. */
  evaluate<T>(fn: () => T): Promise<Awaited<T>> {
    return this.#run("evaluation", fn);
  }

  /** The last training step as plain data. Throws before the first one. */
  trace(): Trace {
    return this.#known("trace").trace;
  }

  /** The plan for training steps. Throws before the first one. */
  plan(): Plan {
    return this.#known("plan").executor.plan;
  }

  /** What was predicted, what was measured, and why each tensor moved or not. Throws before the first training step. */
  report(): Report {
    const { trace, executor, stage } = this.#known("report");
    return new Report(trace, executor.plan, stage, this.#steps, this.#last!, this.device);
  }

  /** How far the plan for training steps has come. */
  get stage(): Stage {
    return this.#latest.training?.stage ?? "WarmUp";
  }

  /**
   * Ends it: waits for copies under way. Storages that are away come back when an op reads them; a file lives until
   * nothing lies in it any more.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.observer = null;
    this.device.copies.drain();
    if (this.#options.disk !== undefined) this.device.copies.useDisk(null);
  }

  /** `using swap = …` ends it at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #known(method: string): Entry {
    const entry = this.#latest.training;
    if (entry === null) {
      throw new Error(`${method}: expected a training step to have run but found none; call step`);
    }
    return entry;
  }

  async #run<T>(kind: Kind, fn: () => T): Promise<Awaited<T>> {
    if (this.#disposed) throw new Error("swap: expected one in use but found one that was disposed");
    if (this.#running !== null) {
      throw new Error("swap: expected one step at a time but found one within another");
    }
    const latest = this.#latest[kind];
    const expected = latest === null ? null : expectedAfter(latest);
    const running = new Running(this.device, this.#recorder, this.#entries, expected);
    this.#running = running;
    const stop = observeOps(running);
    let result: Awaited<T>;
    try {
      result = await fn();
    } finally {
      stop();
      this.#running = null;
      running.end();
    }
    this.#learn(kind, running);
    return result;
  }

  /** Takes in a step that is over. */
  #learn(kind: Kind, running: Running): void {
    this.#steps++;
    const sequence = this.#recorder.sequence();
    let entry = this.#find(kind, running.entry, sequence);
    if (entry === null) {
      // Times of a first step are those of compiling graphs: they count evenly.
      entry = this.#made(kind, sequence, { ...this.#recorder.trace(), opMs: null });
    } else if (entry.stage === "GenPolicy") {
      entry.trace = this.#recorder.trace();
      entry.sequence = sequence;
      entry.hashes = hashesOf(sequence);
      entry.stage = "Stable";
      entry.executor = this.#planned(entry.trace, entry.share);
    } else if (running.evictions > 0) {
      // Room was missing. Where the plan should have made it, as sizes are the same and it held from the beginning, it is
      // made for less.
      const isPlans = running.expected === entry && this.#previous === entry && this.#hasSizesOf(entry.trace);
      if (isPlans && entry.share > LEAST_SHARE) entry.share -= 0.05;
      entry.stage = "GenPolicy";
    }
    entry.used = this.#steps;
    const { [kind]: latest } = this.#latest;
    latest?.followers.set(entry, (latest.followers.get(entry) ?? 0) + 1);
    this.#latest[kind] = this.#previous = entry;
    if (kind === "training") this.#last = running.report();
  }

  /** What is known of a sequence like this one: first of what was expected, then of all of its kind. */
  #find(kind: Kind, expected: Entry | null, sequence: Int32Array): Entry | null {
    const { similarity = 0.95 } = this.#options;
    if (expected?.kind === kind && isLike(expected.sequence, sequence, similarity)) return expected;
    let [best, found]: [number, Entry | null] = [similarity, null];
    for (const entry of this.#entries) {
      const likeness = entry.kind === kind ? ngramSimilarity(entry.sequence, sequence) : 0;
      if (likeness >= best) [best, found] = [likeness, entry];
    }
    return found;
  }

  /** Whether the storages of the step recorded last are as large, together, as those of a trace. */
  #hasSizesOf({ storages }: Trace): boolean {
    const bytes = storages.reduce((sum, storage) => sum + storage.bytes, 0);
    return Math.abs(this.#recorder.totalBytes() - bytes) <= 0.01 * bytes;
  }

  #made(kind: Kind, sequence: Int32Array, trace: Trace): Entry {
    const entry: Entry = {
      kind,
      sequence,
      hashes: hashesOf(sequence),
      stage: "GenPolicy",
      trace,
      executor: this.#planned(trace, SHARE),
      share: SHARE,
      used: this.#steps,
      followers: new Map(),
    };
    if (this.#entries.length === REMEMBERED) this.#entries.sort((a, b) => b.used - a.used).pop();
    this.#entries.push(entry);
    return entry;
  }

  /** A plan for steps like the one that was recorded last, within a share of the budget. */
  #planned(trace: Trace, share: number): Executor {
    const { policy = defaultPolicy } = this.#options;
    this.#bandwidth ??= measureBandwidth(this.device);
    const { budgetBytes } = this.device.memory();
    const budget = budgetBytes === Infinity ? Number.MAX_SAFE_INTEGER : Math.floor(budgetBytes * share);
    const plan = policy({ budget, bandwidth: this.#bandwidth })(trace);
    const roles = trace.storages.map((_, i) => this.#recorder.role(i));
    return new Executor(this.device, trace, plan, this.#recorder.sequence(), roles);
  }

  #observeDevice(): DeviceObserver {
    return {
      makeRoom: (bytes) => {
        const running = this.#running;
        if (running === null) return evict(this.device, bytes, () => 0) > 0;
        return running.makeRoom(bytes);
      },
      created: (storage) => this.#running?.created(storage),
      freed: (storage) => this.#running?.freed(storage),
      missed: () => {
        if (this.#running !== null) this.#running.missed++;
      },
    };
  }
}

/** A step under way: records it, and carries out the plan that fits it. */
class Running implements OpObserver {
  entry: Entry | null;
  /** The entry at the beginning. */
  readonly expected: Entry | null;
  /** Storages that had to leave because an allocation found no room. */
  evictions = 0;
  /** Ops that had to wait for an operand. */
  missed = 0;
  readonly #device: Device;
  readonly #recorder: Recorder;
  readonly #entries: readonly Entry[];
  readonly #before: { waitedMs: number; out: number; in: number };
  /** Storages from this mark on were made in the step. */
  readonly #old: number;
  /** By mark: the position of the last op that used a storage. */
  readonly #touched: number[] = [];
  #startMs = performance.now();
  #stepMs = 0;
  #peakBytes = 0;
  #hash = 0;
  /** Whether no entry goes on as the step does: none will again. */
  #isLost = false;

  constructor(device: Device, recorder: Recorder, entries: readonly Entry[], entry: Entry | null) {
    this.#device = device;
    this.#recorder = recorder;
    this.#entries = entries;
    this.entry = this.expected = entry;
    const { waitedMs, sentBytes } = device.copies;
    this.#before = { waitedMs, ...sentBytes };
    recorder.begin(entry !== null && entry.stage !== "Stable");
    this.#old = recorder.count;
    entry?.executor.begin(device.storages(), () => true);
  }

  before(name: string, inputs: readonly Storage[]): void {
    if (inputs.length > 0 && inputs[0].device !== this.#device) return;
    const op = numberOf(name);
    const { position } = this.#recorder;
    this.#recorder.before(op, inputs);
    for (let i = 0; i < inputs.length; i++) this.#touched[inputs[i].mark] = position;
    this.#recognise(op);
    this.entry?.executor.before(op, this.#recorder.calls[op]);
  }

  after(_name: string, inputs: readonly Storage[], outputs: readonly Storage[]): void {
    if ((inputs[0] ?? outputs[0])?.device !== this.#device) return;
    const { position } = this.#recorder;
    for (let i = 0; i < outputs.length; i++) this.#touched[outputs[i].mark] = position;
    const temporaries = this.#recorder.after(outputs);
    this.#peakBytes = Math.max(this.#peakBytes, this.#device.pool.liveBytes + temporaries);
    this.entry?.executor.after();
  }

  created(storage: Storage): void {
    this.#recorder.created(storage);
    this.#touched[storage.mark] = this.#recorder.position;
    this.entry?.executor.created(storage);
  }

  freed(storage: Storage): void {
    this.#recorder.freed(storage);
    this.entry?.executor.freed(storage);
  }

  makeRoom(bytes: number): boolean {
    const { position } = this.#recorder;
    const sent = evict(
      this.#device,
      bytes,
      (storage) => this.entry?.executor.distance(storage) ?? position - (this.#touched[storage.mark] ?? -1),
    );
    if (sent > 0) this.evictions++;
    return sent > 0;
  }

  end(): void {
    this.#stepMs = performance.now() - this.#startMs;
    this.#recorder.end();
  }

  report(): StepReport {
    const { waitedMs, sentBytes } = this.#device.copies;
    return {
      ops: this.#recorder.position,
      stepMs: this.#stepMs,
      stallMs: waitedMs - this.#before.waitedMs,
      bytesOut: sentBytes.out - this.#before.out,
      bytesIn: sentBytes.in - this.#before.in,
      peakBytes: this.#peakBytes,
      evictions: this.evictions,
      missed: this.missed,
    };
  }

  /** Notices whether the step goes as expected, and if not, which known one it is. */
  #recognise(op: number): void {
    const { entry } = this;
    if (entry === null || this.#isLost) return;
    const { position } = this.#recorder;
    const hash = this.#hash = extended(this.#hash, op);
    if (entry.hashes[position] === hash) return;
    const other = this.#entries
      .filter(({ kind, hashes }) => kind === entry.kind && hashes[position] === hash)
      .reduce<Entry | null>((latest, one) => latest === null || one.used > latest.used ? one : latest, null);
    this.#isLost = other === null;
    if (other === null) return;
    this.entry = other;
    other.executor.begin(this.#device.storages(), ({ mark }) => mark < this.#old, position);
  }
}

/**
 * Starts swap on a device with a budget: steps then train in it, though they need more.
 *
 * @throws {Error} when the device has an observer already, or `disk` is no directory that a file can be made in.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "96 KiB" });
 * using swap = ebb.swap(device);
 * const x = ebb.ones([32, 64], { device });
 * const sum = await swap.step(() =>
 *   ebb.scope(() => {
 *     const w = ebb.ones([64, 64], { device, requiresGrad: true });
 *     const y = x.matmul(w).relu().matmul(w).relu().matmul(w).relu();
 *     return y.sum().item();
 *   })
 * );
 * assertEquals(sum, 32 * 64 ** 4);
 * assert(device.memory().peakBytes <= 96 * 1024);
 * x.dispose();
 * ```
 */
export function swap(device: Device, options: SwapOptions = {}): Swap {
  return new Swap(device, options);
}
