/**
 * The loop of swap: trains in less device memory than a step needs (Chameleon / SmartSwap, arXiv:2509.11076). The first
 * step runs with no plan at all, by passive swap alone; after it storages that idle are planned to leave and to come
 * back in time; after the second the plan is made again with measured times. Steps that differ keep plans of their own.
 * Results are those of a run without swap, bit for bit.
 *
 * @module
 */
import { type Bytes, type Device, type DeviceObserver, type DiskOptions, parseBytes } from "../device/mod.ts";
import { observeOps } from "../tensor/mod.ts";
import { likeness, type StepOps } from "./change.ts";
import { type Entry, expectedAfter, hashesOf, type Kind, type Stage } from "./entry.ts";
import { evict } from "./evict.ts";
import { Executor } from "./executor.ts";
import { FRESH, judge, misfit, unserved } from "./judge.ts";
import { measureBandwidth } from "./measure.ts";
import type { Bandwidth, Plan, PolicyInput } from "./plan.ts";
import { planned } from "./planner.ts";
import { compose } from "./policy/mod.ts";
import { type Identities, Recorder } from "./recorder.ts";
import { Report, type StepRecord, type StepReport } from "./report.ts";
import { Running } from "./running.ts";
import { read, type SwapState, written } from "./state.ts";
import type { Trace } from "./trace.ts";
import { withDisplay } from "./trace_display.ts";

/** Settings of {@linkcode swap}. */
export interface SwapOptions {
  /** The most host memory for what has left the device; default: what the machine has. */
  host?: Bytes;
  /**
   * A directory, made where there is none, for what finds no room in host memory; `{ directory, budget }` bounds the
   * bytes there. Default: there is host memory only. Nothing is left in it, however the program ends.
   */
  disk?: string | DiskOptions;
  /** Makes plans of traces; default `policy.joint`, which keeps, swaps or computes again, whatever is fastest. */
  policy?: (input: PolicyInput) => (trace: Trace) => Plan;
  /** Similarity of each phase of two steps (3-gram Jaccard) from which on they share a plan; default 0.95. */
  similarity?: number;
}

/** Moves nothing. */
const NO_PLAN = compose();
/** Kinds of steps that are remembered at once. */
const REMEMBERED = 32;
/** Steps that {@linkcode Swap.history} goes back. */
const REMEMBERED_STEPS = 1000;
/** Share of the budget that a plan may fill at first: the rest is for what lies between blocks. */
const SHARE = 0.9;

/**
 * Swap on a device, until it is disposed. Made by {@linkcode swap}.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "192 KiB" });
 * using model = ebb.models.mlp({ sizes: [32, 32, 32, 32, 1], device });
 * using optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01 });
 * using x = ebb.randn([256, 32], { device });
 * const train = () =>
 *   ebb.scope(() => {
 *     const loss = model.forward(x).square().mean();
 *     optimizer.zeroGrad();
 *     loss.backward();
 *     optimizer.step();
 *     return loss.item();
 *   });
 *
 * using swap = ebb.swap(device);
 * const losses = [];
 * for (let step = 0; step < 3; step++) losses.push(await swap.step(train));
 * await swap.evaluate(() => ebb.noGrad(() => ebb.scope(() => model.forward(x).mean().item())));
 * assert(losses[2] < losses[0] && device.memory().peakBytes <= 192 * 1024);
 * assertEquals(swap.history().map(({ kind }) => kind), ["training", "training", "training", "evaluation"]);
 * ```
 */
export class Swap implements Disposable {
  /** The device whose storages move. */
  readonly device: Device;
  readonly #options: SwapOptions;
  readonly #recorder: Recorder;
  readonly #entries: Entry[] = [];
  readonly #latest: Record<Kind, Entry | null> = { training: null, evaluation: null };
  #bandwidth: Bandwidth | null = null;
  /** Plans that are being made beside the training, and what takes those in that are ready. */
  #awaited = 0;
  readonly #arrived: (() => void)[] = [];
  /** What the last step was, whether training or evaluation. */
  #previous: Entry | null = null;
  /** The step under way. */
  #running: Running | null = null;
  #steps = 0;
  #last: StepReport | null = null;
  readonly #history: StepRecord[] = [];
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
    return withDisplay(this.#known("trace").trace);
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

  /**
   * What was learnt of steps so far, as plain data that JSON can hold: `saveCheckpoint` takes a swap as one of its parts.
   */
  state(): SwapState {
    return written(this.#entries, this.#latest);
  }

  /**
   * Goes on with what another swap has learnt: the first step has its plan already. Where the device has another budget,
   * plans are made again of the old steps.
   *
   * @throws {Error} when it is no state of a swap; nothing has changed then.
   */
  load(state: SwapState): void {
    const entries = read(state);
    for (const { latest, plan, sequence, ...saved } of entries) {
      const { trace, identities, stage, share } = saved;
      const executor = new Executor(this.device, trace, plan, identities);
      const learnt = { ...ofSequence(sequence), ...saved, executor };
      const entry: Entry = { ...learnt, ...FRESH, served: unserved(), used: this.#steps };
      this.#remember(entry);
      if (latest) this.#latest[entry.kind] = entry;
      if (plan.budgetBytes !== this.#budgetFor(share)) this.#plan(entry, trace, identities, stage);
    }
  }

  /** The last steps, at most 1000, as they went: `chart.steps` shows them. */
  history(): readonly StepRecord[] {
    return [...this.#history];
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
    for (const take of this.#arrived.splice(0)) take();
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
    // A loop that never waits for anything else would never hear of plans that are made beside it.
    if (this.#awaited > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    return result;
  }

  /** Takes in a step that is over. */
  #learn(kind: Kind, running: Running): void {
    this.#steps++;
    const report = running.report();
    let entry = this.#find(kind, running);
    if (entry === null) {
      // Times of a first step are those of compiling graphs: they count evenly.
      const [trace, identities] = [{ ...this.#recorder.trace(), opMs: null }, this.#recorder.identities()];
      const executor = new Executor(this.device, trace, NO_PLAN(trace), identities);
      const learnt = { kind, ...ofSequence(this.#recorder.sequence()), trace, identities, executor };
      entry = { ...learnt, ...FRESH, served: unserved(), stage: "WarmUp", share: SHARE, used: 0 };
      this.#remember(entry);
      this.#plan(entry, trace, identities, "GenPolicy");
    } else if (entry.isPlanned || (entry.isSettled && report.evictions === 0)) {
      // Its plan is on its way, or as good as it gets.
    } else if (entry.stage === "GenPolicy") {
      const sequence = this.#recorder.sequence();
      Object.assign(entry, { sequence, hashes: hashesOf(sequence) });
      this.#plan(entry, this.#recorder.trace(), this.#recorder.identities(), "Stable");
    } else if (running.expected === entry && this.#previous === entry) {
      if (!this.#hasSizesOf(entry.trace)) misfit(entry, report);
      else if (judge(entry, report, this.#recorder.times()) === "plan again") {
        this.#plan(entry, entry.trace, entry.identities, "Stable");
      }
    }
    entry.used = this.#steps;
    const { [kind]: latest } = this.#latest;
    latest?.followers.set(entry, (latest.followers.get(entry) ?? 0) + 1);
    this.#latest[kind] = this.#previous = entry;
    if (kind === "training") this.#last = report;
    this.#history.push({ step: this.#steps, kind, stage: running.stage, ...report });
    if (this.#history.length > REMEMBERED_STEPS) this.#history.shift();
  }

  /** What is known of a sequence like this one: first of what was expected, then of all of its kind. */
  #find(kind: Kind, { entry: expected, isSame }: Running): Entry | null {
    if (isSame && expected!.kind === kind) return expected;
    const { similarity = 0.95 } = this.#options;
    const sequence = this.#recorder.sequence();
    const like = (entry: Entry) => entry.kind === kind ? likeness(entry.sequence, sequence, similarity) : -1;
    if (expected !== null && like(expected) >= similarity) return expected;
    let [best, found]: [number, Entry | null] = [similarity, null];
    for (const entry of this.#entries) {
      const likeness = like(entry);
      if (likeness >= best) [best, found] = [likeness, entry];
    }
    return found;
  }

  /** Whether the storages of the step recorded last are as large, together, as those of a trace. */
  #hasSizesOf({ storages }: Trace): boolean {
    const bytes = storages.reduce((sum, storage) => sum + storage.bytes, 0);
    return Math.abs(this.#recorder.totalBytes() - bytes) <= 0.01 * bytes;
  }

  #remember(entry: Entry): void {
    if (this.#entries.length === REMEMBERED) this.#entries.sort((a, b) => b.used - a.used).pop();
    this.#entries.push(entry);
  }

  /** Bytes that a plan may fill. */
  #budgetFor(share: number): number {
    const { budgetBytes } = this.device.memory();
    return budgetBytes === Infinity ? Number.MAX_SAFE_INTEGER : Math.floor(budgetBytes * share);
  }

  /** Plans for steps like one that was recorded, within the entry's share of the budget; now or before some next step. */
  #plan(entry: Entry, trace: Trace, identities: Identities, stage: Stage): void {
    const { policy } = this.#options;
    this.#bandwidth ??= measureBandwidth(this.device);
    const { budgetBytes: host, disk } = this.device.copies.memory();
    const far = host + (disk?.budgetBytes ?? 0);
    const input = { budget: this.#budgetFor(entry.share), bandwidth: this.#bandwidth, far };
    const take = (plan: Plan) => {
      const executor = new Executor(this.device, trace, plan, identities);
      Object.assign(entry, { trace, identities, executor, stage, served: unserved(), isPlanned: false });
    };
    const plan = policy === undefined ? planned(trace, input) : policy(input)(trace);
    if (!(plan instanceof Promise)) return take(plan);
    entry.isPlanned = true;
    this.#awaited++;
    const arrived = (then: () => void) => {
      this.#awaited--;
      this.#arrived.push(then);
    };
    plan.then((plan) => arrived(() => take(plan)), (error) =>
      arrived(() => {
        throw error;
      }));
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

/** What an entry of a sequence begins with. */
function ofSequence(sequence: StepOps): Pick<Entry, "sequence" | "hashes" | "followers"> {
  return { sequence, hashes: hashesOf(sequence), followers: new Map() };
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
