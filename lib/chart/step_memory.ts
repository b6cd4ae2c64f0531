/**
 * Memory over one step of training, op by op: what it needs if nothing leaves the device, and what lies there under a
 * plan of swap, with the budget.
 *
 * @module
 */
import { formatBytes } from "../device/bytes.ts";
import { needOf, simulate } from "../swap/policy/mod.ts";
import { PHASES, type Plan, type Trace } from "../swap/mod.ts";
import { Chart } from "./chart.ts";
import { unitOf } from "./device_memory.ts";
import { draw, type LegendItem, type Panel, type PlotModule, type PlotOptions } from "./draw.ts";
import { BACKGROUND, INK, MUTED, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";

/** Settings of {@linkcode memory}. */
export interface StepMemoryOptions {
  /** Default "Memory over a step". */
  readonly title?: string;
  /** A line below the title; default: the peaks in words. */
  readonly subtitle?: string;
}

interface Point {
  readonly op: number;
  readonly bytes: number;
}

/**
 * The bytes that each op of a step needs, and with a plan those that lie on the device under it (simulated), beside the
 * plan's budget.
 *
 * @throws {RangeError} when the trace has no op.
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
  const need = pointsOf(needOf(trace));
  if (need.length === 0) throw new RangeError("memory: expected a trace with ops but found an empty one");
  const under = plan === undefined ? [] : pointsOf(simulate(trace, plan).residentBytes);
  const budgetBytes = plan?.budgetBytes ?? Infinity;
  const budget = Number.isFinite(budgetBytes) ? [{ op: 0, bytes: budgetBytes }] : [];
  const [needed, held] = [highest(need), under.length > 0 ? highest(under) : null];
  const phases = trace.phases
    .map((phase, op) => ({ op, label: PHASES[phase] }))
    .filter(({ label }, i, all) => i === 0 || label !== all[i - 1].label)
    // A short interlude has no room for a name.
    .filter(({ op }, i, all) => (all[i + 1]?.op ?? need.length) - op > 0.06 * need.length);
  const [unit, unitBytes] = unitOf(needed.bytes);
  const legend: LegendItem[] = [{ label: "without swap", colour: SERIES.blue, kind: "line" }];
  if (held !== null) legend.push({ label: "under the plan", colour: SERIES.green, kind: "area" });
  if (budget.length > 0) legend.push({ label: "budget", colour: SERIES.orange, kind: "line" });
  const words = `Needs ${formatBytes(needed.bytes)}` +
    (held === null ? "" : `; the plan holds ${formatBytes(held.bytes)}`) +
    (budget.length > 0 ? ` of a budget of ${formatBytes(budgetBytes)}` : "") + ".";
  const data = {
    need: thin(need, [({ bytes }) => bytes]),
    under: thin(under, [({ bytes }) => bytes]),
    peaks: held === null ? [needed] : [needed, held],
    budget,
    phases,
    unitBytes,
    last: need.length - 1,
  };
  const { title = "Memory over a step", subtitle = words } = options;
  const panel: Panel = { title: `Memory (${unit})`, plot: (plot) => plotMemory(plot, data) };
  return new Chart(title, () => draw({ title, subtitle, description: words, legend, panels: [panel] }));
}

interface Data {
  readonly need: readonly Point[];
  readonly under: readonly Point[];
  readonly peaks: readonly Point[];
  readonly budget: readonly Point[];
  readonly phases: readonly { readonly op: number; readonly label: string }[];
  readonly unitBytes: number;
  readonly last: number;
}

function plotMemory(
  plot: PlotModule,
  { need, under, peaks, budget, phases, unitBytes, last }: Data,
): PlotOptions {
  const x = "op";
  const y = ({ bytes }: Point) => bytes / unitBytes;
  const top = Math.max(...[...peaks, ...budget].map(y)) * 1.25;
  const halo = { fill: INK.light, stroke: BACKGROUND.light, strokeWidth: 4, fontWeight: 600 };
  return {
    x: { label: "op", domain: [0, Math.max(1, last)] },
    y: { domain: [0, top] },
    marks: [
      plot.areaY(under, { x, y, fill: SERIES.green.light, fillOpacity: 0.2 }),
      plot.lineY(need, { x, y, stroke: SERIES.blue.light }),
      plot.lineY(under, { x, y, stroke: SERIES.green.light }),
      plot.ruleY(budget, { y, stroke: SERIES.orange.light, strokeWidth: 2 }),
      plot.ruleX(phases.slice(1), { x, stroke: MUTED.light, strokeOpacity: 0.5 }),
      plot.text(phases, {
        x,
        text: "label",
        frameAnchor: "top",
        textAnchor: "start",
        dx: 5,
        dy: 2,
        fill: MUTED.light,
      }),
      plot.dot(peaks, { x, y, r: 3.5, fill: INK.light }),
      plot.text(peaks, { x, y, text: ({ bytes }: Point) => formatBytes(bytes), dy: -10, ...halo }),
    ],
  };
}

function pointsOf(bytes: ArrayLike<number>): Point[] {
  return Array.from(bytes, (value, op) => ({ op, bytes: value }));
}

function highest(points: readonly Point[]): Point {
  return points.reduce((a, b) => b.bytes > a.bytes ? b : a);
}
