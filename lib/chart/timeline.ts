/**
 * A step of training under a plan of swap over time: when it computes and when it waits, and the copies in each
 * direction beside that.
 *
 * @module
 */
import { PHASES, type Plan, type Simulation, type Trace } from "../swap/mod.ts";
import { simulate } from "../swap/policy/mod.ts";
import { durations } from "../swap/trace.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { MUTED, SERIES } from "./theme.ts";

/** Settings of {@linkcode timeline}. */
export interface TimelineOptions {
  /** Default "A step over time". */
  readonly title?: string;
  /** A line below the title; default: how long it takes and waits. */
  readonly subtitle?: string;
}

/** A stretch of time on a lane. */
interface Bar {
  readonly lane: string;
  readonly kind: keyof typeof COLOURS;
  readonly from: number;
  readonly to: number;
}

const LANES = ["compute", "out", "in"];
const COLOURS = {
  computes: SERIES.blue,
  waits: SERIES.orange,
  "copies out": SERIES.magenta,
  "copies in": SERIES.green,
};

/** Bars closer than this share of the step are drawn as one. */
const JOINED = 1 / 1500;

/**
 * Compute and waiting, copies out and copies in, each as a lane over the milliseconds of a step (simulated).
 *
 * @throws {RangeError} when the trace has no op.
 */
export function timeline(trace: Trace, plan: Plan, options: TimelineOptions = {}): Chart {
  if (trace.ops.length === 0) {
    throw new RangeError("timeline: expected a trace with ops but found an empty one");
  }
  const simulation = simulate(trace, plan);
  const waits = simulation.stallMs.reduce((a, b) => a + b, 0);
  const words = `${simulation.stepMs.toFixed(1)} ms, of which ${waits.toFixed(1)} ms waiting for copies; ` +
    `${simulation.copies.length} copies.`;
  const { title = "A step over time", subtitle = words } = options;
  const bars = barsOf(trace, simulation);
  const phases = trace.phases
    .map((phase, op) => ({ ms: simulation.startMs[op], label: PHASES[phase] }))
    .filter(({ label }, i, all) => i === 0 || label !== all[i - 1].label)
    .filter(({ ms }, i, all) => (all[i + 1]?.ms ?? simulation.stepMs) - ms > 0.06 * simulation.stepMs);
  const legend: LegendItem[] = Object.entries(COLOURS).map(([label, colour]) => ({
    label,
    colour,
    kind: "area",
  }));
  const panel = {
    title: "",
    plot: (plot: PlotModule): PlotOptions => ({
      x: { label: "ms", domain: [0, simulation.stepMs] },
      y: { domain: LANES, type: "band", grid: false, padding: 0.3, tickSize: 0 },
      marks: [
        plot.barX(bars, {
          y: "lane",
          x1: "from",
          x2: "to",
          fill: ({ kind }: Bar) => COLOURS[kind].light,
          insetLeft: 0,
        }),
        plot.ruleX(phases.slice(1), { x: "ms", stroke: MUTED.light, strokeOpacity: 0.5 }),
        plot.text(phases, {
          x: "ms",
          text: "label",
          frameAnchor: "top",
          textAnchor: "start",
          dx: 5,
          dy: -6,
          fill: MUTED.light,
        }),
      ],
    }),
  };
  return new Chart(
    title,
    () => draw({ title, subtitle, description: words, legend, panels: [panel], panelHeight: 170 }),
  );
}

function barsOf(trace: Trace, { startMs, stallMs, stepMs, copies }: Simulation): Bar[] {
  const ms = durations(trace);
  const bars: Bar[] = [];
  startMs.forEach((start, i) => {
    if (stallMs[i] > 0) bars.push({ lane: "compute", kind: "waits", from: start - stallMs[i], to: start });
    bars.push({ lane: "compute", kind: "computes", from: start, to: start + ms[i] });
  });
  for (const { direction, startMs: from, endMs } of copies) {
    const to = Math.min(endMs, stepMs);
    if (to > from) bars.push({ lane: direction, kind: `copies ${direction}`, from, to });
  }
  return joined(bars, stepMs * JOINED);
}

/** Neighbours of one kind on one lane as one bar. */
function joined(bars: readonly Bar[], gap: number): Bar[] {
  const last = new Map<string, number>();
  const out: Bar[] = [];
  for (const bar of bars) {
    const index = last.get(bar.lane) ?? -1;
    const before = out[index];
    if (before !== undefined && before.kind === bar.kind && bar.from - before.to <= gap) {
      out[index] = { ...before, to: Math.max(before.to, bar.to) };
    } else {
      last.set(bar.lane, out.push(bar) - 1);
    }
  }
  return out;
}
