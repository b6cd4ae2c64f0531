/**
 * A step under way: it is recorded, the plan that fits it is carried out, and where an allocation finds no room storages
 * leave unforeseen.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import type { OpCall, OpObserver } from "../tensor/mod.ts";
import { type Entry, extended, type Stage } from "./entry.ts";
import { evict } from "./evict.ts";
import { numberOf, type Recorder } from "./recorder.ts";
import type { StepReport } from "./report.ts";

/** A step under way: records it, and carries out the plan that fits it. */
export class Running implements OpObserver {
  entry: Entry | null = null;
  /** Asked for only where something may have to run again. */
  ran?: (call: OpCall) => void;
  /** The entry at the beginning. */
  readonly expected: Entry | null;
  /** How far its plan had come. */
  readonly stage: Stage;
  /** Storages that had to leave because an allocation found no room. */
  evictions = 0;
  /** Ops that had to wait for an operand. */
  missed = 0;
  readonly #device: Device;
  readonly #recorder: Recorder;
  readonly #entries: readonly Entry[];
  readonly #before: { waitedMs: number; recomputedMs: number; out: number; in: number };
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
    this.expected = entry;
    this.stage = entry?.stage ?? "WarmUp";
    const { waitedMs, sentBytes } = device.copies;
    this.#before = { waitedMs, recomputedMs: device.recomputedMs, ...sentBytes };
    recorder.begin(entry !== null && !(entry.stage === "Stable" && entry.isSettled));
    this.#old = recorder.count;
    if (entry !== null) this.#follow(entry, () => true, 0);
  }

  before(name: string, inputs: readonly Storage[]): void {
    if (inputs.length > 0 && inputs[0].device !== this.#device) return;
    const op = numberOf(name);
    const { position } = this.#recorder;
    this.#recorder.before(op, inputs);
    for (let i = 0; i < inputs.length; i++) this.#touched[inputs[i].mark] = position;
    this.#recognise(op);
    this.entry?.executor.before(op, this.#recorder.calls[op], inputs);
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
    this.entry?.executor.end();
  }

  report(): StepReport {
    const { waitedMs, sentBytes } = this.#device.copies;
    return {
      ops: this.#recorder.position,
      stepMs: this.#stepMs,
      stallMs: waitedMs - this.#before.waitedMs,
      recomputedMs: this.#device.recomputedMs - this.#before.recomputedMs,
      bytesOut: sentBytes.out - this.#before.out,
      bytesIn: sentBytes.in - this.#before.in,
      peakBytes: this.#peakBytes,
      evictions: this.evictions,
      missed: this.missed,
    };
  }

  /** Whether the ops of the step were those of its entry, one by one. */
  get isSame(): boolean {
    const { position } = this.#recorder;
    if (this.entry === null || this.#isLost || this.entry.hashes.length !== position) return false;
    return position === 0 || this.entry.hashes[position - 1] === this.#hash;
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
    entry.executor.end();
    this.#follow(other, ({ mark }) => mark < this.#old, position);
  }

  /** Carries out the plan of an entry from an op on. */
  #follow(entry: Entry, isOld: (storage: Storage) => boolean, position: number): void {
    const { executor } = this.entry = entry;
    this.ran = executor.recomputes
      ? (call) => {
        if (call.outputs[0]?.device === this.#device) executor.ran(call);
      }
      : undefined;
    executor.begin(this.#device.storages(), isOld, position);
  }
}
