/**
 * The report of swap: what was predicted beside what was measured, and for each tensor whether it moved and why. An
 * object, a text, and a table in a notebook.
 *
 * @module
 */
import { formatBytes, type MemoryReport } from "../device/mod.ts";
import type { Stage } from "./entry.ts";
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

/** What a notebook asks a value for. */
const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** A report of the last training step. */
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
    memory: MemoryReport,
  ) {
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
      ...this.tensors.slice(0, LISTED).map(({ bytes, op, phase, why }) =>
        `${formatBytes(bytes).padStart(10)}  of ${op}, ${phase}, ${why}`
      ),
    ].join("\n");
  }

  /** What a notebook shows. */
  [DISPLAY](): Record<string, string> {
    const cells = (kind: string, texts: readonly string[]) =>
      `<tr>${texts.map((text) => `<${kind}>${escaped(text)}</${kind}>`).join("")}</tr>`;
    const tensors = this.tensors.slice(0, LISTED).map(({ bytes, op, phase, why }) =>
      cells("td", [formatBytes(bytes), op, phase, why])
    );
    const html = `<table>${cells("th", HEAD)}` +
      `${this.#figures().map((row) => cells("td", row)).join("")}</table>` +
      `<table>${cells("th", ["bytes", "made by", "phase", "moves, stays or is dropped"])}${
        tensors.join("")
      }</table>`;
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

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
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
