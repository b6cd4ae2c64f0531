/**
 * Memory over one step of training, op by op: what it needs if nothing leaves the device, and what lies there under a
 * plan of swap, with the budget.
 *
 * @module
 */
import { formatBytes } from "../device/bytes.ts";
import type { Plan, Trace } from "../swap/mod.ts";
import { needOf, simulate } from "../swap/policy/mod.ts";
import { Chart } from "./chart.ts";
import { highest, unitOf } from "./device_memory.ts";
import { draw, type LegendItem, type Panel, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkStep, phaseMarks, phasesOf, type PhaseStart, wholeTicks } from "./step.ts";
import { BACKGROUND, INK, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";

/** Settings of {@linkcode memory}. */
export interface StepMemoryOptions {
  /** Default "Memory over a step". */
  readonly title?: string;
  /** A line below the title; default: the peaks in words. */
  readonly subtitle?: string;
}

/** A budget this many times as large as what is held is not drawn: the curves would lie on the ground. */
const FAR = 4;

/**
 * The bytes that each op of a step needs (storages alive and the op's own temporaries), and with a plan those that lie on
 * the device under it (simulated), beside the plan's budget. Phases are marked where they begin; peaks are kept however
 * long the step is. A budget of more than four times the peak is left to the words.
 *
 * @throws {RangeError} when the trace has no op, or the plan is one of another trace.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["op"],
 *   ops: [0, 0, 0, 0],
 *   phases: [0, 0, 1, 1],
 *   temporaries: [0, 0, 0, 0],
 *   opMs: null,
 *   stepMs: 4,
 *   storages: [{ bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 }],
 * };
 * const plan = ebb.policy.compose(ebb.policy.candidates(), ebb.policy.fit({ budget: "0.5 MiB" }))(trace);
 * assert(ebb.chart.memory(trace, plan).svg.includes("budget"));
 * ```
 */
export function memory(trace: Trace, plan?: Plan, options: StepMemoryOptions = {}): Chart {
  checkStep("memory", trace, plan);
  const need = pointsOf(needOf(trace));
  const under = plan === undefined ? [] : pointsOf(simulate(trace, plan).residentBytes);
  const peaks = [need, under].filter((curve) => curve.length > 0).map(highest);
  const most = Math.max(...peaks.map(({ bytes }) => bytes));
  // Without a budget, plans are made for the largest number there is.
  const limit = plan === undefined || plan.budgetBytes >= Number.MAX_SAFE_INTEGER
    ? Infinity
    : plan.budgetBytes;
  const budget = limit <= FAR * Math.max(1, most) ? [{ op: 0, bytes: limit }] : [];
  const [unit, unitBytes] = unitOf(Math.max(most, ...budget.map(({ bytes }) => bytes)));

  const legend: LegendItem[] = [{ label: "without swap", colour: SERIES.blue, kind: "line" }];
  if (under.length > 0) legend.push({ label: "under the plan", colour: SERIES.green, kind: "area" });
  if (budget.length > 0) legend.push({ label: "budget", colour: SERIES.orange, kind: "line" });
  const description = inWords(peaks[0].bytes, peaks[1]?.bytes, limit);
  const data = {
    need: thin(need, [({ bytes }) => bytes]),
    under: thin(under, [({ bytes }) => bytes]),
    peaks,
    budget,
    phases: phasesOf(trace),
    unitBytes,
    end: Math.max(1, trace.ops.length - 1),
  };
  const { title = "Memory over a step", subtitle = description } = options;
  const panel: Panel = { title: `Memory (${unit})`, plot: (plot) => plotMemory(plot, data) };
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels: [panel] }));
}

function inWords(needed: number, held: number | undefined, limit: number): string {
  const needs = `Needs ${formatBytes(needed)}`;
  if (held === undefined) return `${needs}.`;
  const budget = formatBytes(limit);
  const within = limit === Infinity
    ? ""
    : held > limit
    ? `, over its budget of ${budget}`
    : ` of a budget of ${budget}`;
  return `${needs}; the plan holds ${formatBytes(held)}${within}.`;
}

/** Bytes at a position of the step. */
interface Point {
  readonly op: number;
  readonly bytes: number;
}

interface Data {
  readonly need: readonly Point[];
  readonly under: readonly Point[];
  /** Of the need, and of what is held. */
  readonly peaks: readonly Point[];
  readonly budget: readonly Point[];
  readonly phases: readonly PhaseStart[];
  readonly unitBytes: number;
  /** Where the horizontal axis ends. */
  readonly end: number;
}

function plotMemory(
  plot: PlotModule,
  { need, under, peaks, budget, phases, unitBytes, end }: Data,
): PlotOptions {
  const x = "op";
  const y = ({ bytes }: Point) => bytes / unitBytes;
  const top = (Math.max(...[...peaks, ...budget].map(y)) || 1) * 1.25;
  /** A peak's number stands above it, within the panel; that of a second one right below the first stands below. */
  const beside = (peak: Point) => {
    const [first] = peaks;
    const close = peak !== first && y(first) - y(peak) < 0.12 * top && y(first) >= y(peak) &&
      Math.abs(first.op - peak.op) < 0.12 * end;
    const textAnchor = peak.op < 0.06 * end ? "start" : peak.op > 0.94 * end ? "end" : "middle";
    return { textAnchor, dy: close ? 14 : -10 } as const;
  };
  const halo = { fill: INK.light, stroke: BACKGROUND.light, strokeWidth: 4, fontWeight: 600 };
  return {
    x: { label: "position in the step (ops)", domain: [0, end], ...wholeTicks(0, end) },
    y: { domain: [0, top] },
    marks: [
      plot.areaY(under, { x, y, fill: SERIES.green.light, fillOpacity: 0.2 }),
      plot.lineY(under, { x, y, stroke: SERIES.green.light }),
      plot.lineY(need, { x, y, stroke: SERIES.blue.light }),
      plot.ruleY(budget, { y, stroke: SERIES.orange.light, strokeWidth: 2 }),
      phaseMarks(plot, phases),
      plot.dot(peaks, { x, y, r: 3.5, fill: INK.light }),
      peaks.filter((peak) => peak === peaks[0] || peak.op !== peaks[0].op || peak.bytes !== peaks[0].bytes)
        .map((peak) =>
          plot.text([peak], { x, y, text: () => formatBytes(peak.bytes), ...halo, ...beside(peak) })
        ),
    ],
  };
}

function pointsOf(bytes: ArrayLike<number>): Point[] {
  return Array.from(bytes, (value, op) => ({ op, bytes: value }));
}
