/**
 * The report of swap: what was predicted beside what was measured, and for each tensor whether it moved and why. An
 * object, a text, and a table in a notebook.
 *
 * @module
 */
import { type Device, formatBytes } from "../device/mod.ts";
import type { Kind, Stage } from "./entry.ts";
import { DISPLAY, htmlTable } from "../notebook/mod.ts";
import type { Plan } from "./plan.ts";
import { needOf } from "./policy/need.ts";
import { peakOf } from "./policy/rank.ts";
import { originals } from "./policy/recomputed.ts";
import { PHASES, type Trace } from "./trace.ts";

/** What was measured in one step. */
export interface StepReport {
  /** Ops that ran. */
  readonly ops: number;
  /** Milliseconds of the step. */
  readonly stepMs: number;
  /** Milliseconds in which the program waited for copies. */
  readonly stallMs: number;
  /** Milliseconds in which storages were computed again. */
  readonly recomputedMs: number;
  /** Bytes that left the device. */
  readonly bytesOut: number;
  /** Bytes that came back. */
  readonly bytesIn: number;
  /** The most bytes in use at once, temporaries included. */
  readonly peakBytes: number;
  /** Allocations for which storages had to leave unforeseen. */
  readonly evictions: number;
  /** Operands that an op had to wait for. */
  readonly missed: number;
}

/** A step as it went, among others. */
export interface StepRecord extends StepReport {
  /** Which step of all, from 1 on. */
  readonly step: number;
  /** What it was for. */
  readonly kind: Kind;
  /** How far the plan had come under which it began. */
  readonly stage: Stage;
}

/** One tensor of the step. */
export interface TensorReport {
  /** Its size. */
  readonly bytes: number;
  /** The op that made it; "(before the step)" for parameters and the like. */
  readonly op: string;
  /** The phase in which it was made. */
  readonly phase: string;
  /** Whether the plan moves it. */
  readonly moved: boolean;
  /** Whether the plan drops it, to compute it again. */
  readonly recomputed: boolean;
  /** Why, in words. */
  readonly why: string;
}

/** Tensors that the text and the table list, the largest first. */
const LISTED = 12;
const HEAD = ["", "predicted", "measured"];

/**
 * A report of the last training step.
 *
 * @example
 * ```ts
 * import { assert, assertEquals, assertMatch } from "@std/assert";
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
 * for (let step = 0; step < 3; step++) await swap.step(train);
 * const report = swap.report();
 * assert(report.neededBytes > report.budgetBytes && report.reservedPeakBytes <= report.budgetBytes);
 * const [largest] = report.tensors;
 * assertEquals(largest.bytes, 256 * 32 * 4);
 * assertMatch(largest.why, /^(moves|stays|dropped): /);
 * ```
 */
export class Report {
  /** How far the plan has come. */
  readonly stage: Stage;
  /** Steps so far, evaluations included. */
  readonly steps: number;
  /** The most bytes that may be reserved. */
  readonly budgetBytes: number;
  /** The most bytes that the step would hold without swap. */
  readonly neededBytes: number;
  /** The most bytes in use at once, as simulated. */
  readonly predictedPeakBytes: number;
  /** The same as measured in the last training step. */
  readonly measuredPeakBytes: number;
  /** The most bytes reserved since the device was made. */
  readonly reservedPeakBytes: number;
  /** Milliseconds of a step, as simulated. */
  readonly predictedStepMs: number;
  /** The same as measured. */
  readonly measuredStepMs: number;
  /** Milliseconds of waiting for copies, as simulated. */
  readonly predictedStallMs: number;
  /** The same as measured. */
  readonly measuredStallMs: number;
  /** Milliseconds of computing again what was dropped, as planned. */
  readonly predictedRecomputedMs: number;
  /** The same as measured. */
  readonly measuredRecomputedMs: number;
  /** Bytes that left the device in the last training step. */
  readonly bytesOut: number;
  /** Bytes that came back in it. */
  readonly bytesIn: number;
  /** The most bytes that what left took in host memory since the device was made. */
  readonly hostPeakBytes: number;
  /** The most bytes that it took in a file; null where there is none. */
  readonly diskPeakBytes: number | null;
  /** Allocations for which storages had to leave unforeseen. */
  readonly evictions: number;
  /** Operands that an op had to wait for. */
  readonly missed: number;
  /** Every tensor, the largest first. */
  readonly tensors: readonly TensorReport[];

  /** `swap.report()` makes it. */
  constructor(
    trace: Trace,
    plan: Plan,
    stage: Stage,
    steps: number,
    measured: StepReport,
    device: Device,
  ) {
    const memory = device.memory();
    const far = device.copies.memory();
    this.stage = stage;
    this.steps = steps;
    this.budgetBytes = memory.budgetBytes;
    this.neededBytes = peakOf(needOf(trace));
    this.predictedPeakBytes = plan.predicted.peakBytes;
    this.measuredPeakBytes = measured.peakBytes;
    this.reservedPeakBytes = memory.peakBytes;
    this.predictedStepMs = plan.predicted.stepMs;
    this.measuredStepMs = measured.stepMs;
    this.predictedStallMs = plan.predicted.stallMs;
    this.measuredStallMs = measured.stallMs;
    this.predictedRecomputedMs = (plan.recomputed ?? []).reduce((sum, one) => sum + one.ms, 0);
    this.measuredRecomputedMs = measured.recomputedMs;
    this.bytesOut = measured.bytesOut;
    this.bytesIn = measured.bytesIn;
    this.hostPeakBytes = far.peakBytes;
    this.diskPeakBytes = far.disk?.peakBytes ?? null;
    this.evictions = measured.evictions;
    this.missed = measured.missed;
    this.tensors = tensorsOf(trace, plan);
  }

  /** The report as lines of text. */
  toString(): string {
    const row = ([name, predicted, found]: readonly string[]) =>
      `${name.padEnd(22)}${predicted.padStart(12)}${found.padStart(12)}`;
    return [
      `swap: ${this.stage} after ${this.steps} steps; needs ${formatBytes(this.neededBytes)}, may use ` +
      (this.budgetBytes === Infinity ? "what the machine has" : formatBytes(this.budgetBytes)),
      ...[HEAD, ...this.#figures()].map(row),
      `moved out ${formatBytes(this.bytesOut)}, in ${formatBytes(this.bytesIn)}; ` +
      `${this.evictions} allocations made room by themselves, ${this.missed} operands were waited for`,
      `what left took at most ${formatBytes(this.hostPeakBytes)} of host memory` +
      (this.diskPeakBytes === null ? "" : ` and ${formatBytes(this.diskPeakBytes)} of disk`),
      ...this.tensors.slice(0, LISTED).map(({ bytes, op, phase, why }) =>
        `${formatBytes(bytes).padStart(10)}  of ${op}, ${phase}, ${why}`
      ),
    ].join("\n");
  }

  /** What a notebook shows. */
  [DISPLAY](): Record<string, string> {
    const tensors = this.tensors.slice(0, LISTED).map(({ bytes, op, phase, why }) => [
      formatBytes(bytes),
      op,
      phase,
      why,
    ]);
    const html = htmlTable(HEAD, this.#figures()) +
      htmlTable(["bytes", "made by", "phase", "moves, stays or is dropped"], tensors);
    return { "text/html": html, "text/plain": this.toString() };
  }

  /** Rows of what was predicted and what was measured, under {@linkcode HEAD}. */
  #figures(): string[][] {
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    return [
      ["peak in use", formatBytes(this.predictedPeakBytes), formatBytes(this.measuredPeakBytes)],
      ["step", ms(this.predictedStepMs), ms(this.measuredStepMs)],
      ["waiting for copies", ms(this.predictedStallMs), ms(this.measuredStallMs)],
      ["computing again", ms(this.predictedRecomputedMs), ms(this.measuredRecomputedMs)],
    ];
  }
}

function tensorsOf(trace: Trace, plan: Plan): TensorReport[] {
  const { moves, recomputed = [] } = plan;
  const who = originals(trace, recomputed);
  const moved = new Set(moves.map(({ storage }) => who[storage]));
  const dropped = new Set(recomputed.flatMap(({ storages }) => storages.map(({ storage }) => storage)));
  return trace.storages
    .map(({ bytes, born }, i): TensorReport => ({
      bytes,
      op: born < 0 ? "(before the step)" : trace.names[trace.ops[born]] ?? "(program)",
      phase: PHASES[trace.phases[Math.max(0, born)]] ?? "forward",
      moved: moved.has(i),
      recomputed: dropped.has(i),
      why: plan.reasons[i] ?? "never in the way",
    }))
    .sort((a, b) => b.bytes - a.bytes);
}
