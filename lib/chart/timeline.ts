/**
 * A step of training under a plan of swap over time: when it computes and when it waits, and the copies in each
 * direction beside that.
 *
 * @module
 */
import type { Plan, Simulation, Trace } from "../swap/mod.ts";
import { simulate } from "../swap/policy/mod.ts";
import { durations } from "../swap/trace.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkStep, phaseMarks, phasesOf } from "./step.ts";
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
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

const COLOURS = {
  computes: SERIES.blue,
  "computes again": MUTED,
  waits: SERIES.orange,
  "copies out": SERIES.magenta,
  "copies in": SERIES.green,
};
type Kind = keyof typeof COLOURS;

const LANES = ["compute", "out", "in"];

/** A lane that is too crowded for bars is drawn as so many cells, of two pixels each. */
const CELLS = 326;
/** Bars closer than half a pixel are drawn as one, and none is drawn shorter than a pixel; as shares of the step. */
const [GAP, LEAST] = [1 / (4 * CELLS), 1 / (2 * CELLS)];
/** More bars than these that are shorter than a cell, each next to another such one, would run into each other. */
const CROWD = 4;

/**
 * Compute (for the first time, and again of what was dropped) and waiting, copies out and copies in, each as a lane over the milliseconds of a step (simulated; where ops were
 * not timed, the step's time is spread evenly over them). What follows without a gap is one bar. Where bars would be too
 * many to be seen, a lane is drawn in short cells, of each kind as many as its share of the time, there and in the whole.
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
 *   opMs: [1, 1, 1, 1],
 *   stepMs: 4,
 *   storages: [{ bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 }],
 * };
 * const { candidates, compose, fit } = ebb.policy;
 * const plan = compose(candidates(), fit({ budget: "0.5 MiB", bandwidth: 1e9 }))(trace);
 * assert(ebb.chart.timeline(trace, plan).svg.includes("waiting for copies"));
 * ```
 */
export function timeline(trace: Trace, plan: Plan, options: TimelineOptions = {}): Chart {
  checkStep("timeline", trace, plan);
  const simulation = simulate(trace, plan);
  const { startMs, stallMs, stepMs, copies } = simulation;
  const waits = stallMs.reduce((a, b) => a + b, 0);
  const again = (plan.recomputed ?? []).reduce((sum, { ms }) => sum + ms, 0);
  const description = `${format(stepMs)} ms, of which ${format(waits)} ms waiting for copies` +
    `${again > 0 ? ` and ${format(again)} ms computing again` : ""}; ` +
    `${copies.length.toLocaleString("en")} ${copies.length === 1 ? "copy" : "copies"}.`;
  const { title = "A step over time", subtitle = description } = options;
  const bars = barsOf(trace, plan, simulation);
  const phases = phasesOf(trace, (op) => op === 0 ? 0 : startMs[op] ?? stepMs);
  const legend = Object.entries(COLOURS).filter(([kind]) => again > 0 || kind !== "computes again").map((
    [label, colour],
  ): LegendItem => ({
    label,
    colour,
    kind: "dot",
  }));
  const plot = (plot: PlotModule): PlotOptions => ({
    marginLeft: 64,
    marginTop: 20,
    x: { label: "time (ms)", domain: [0, stepMs || 1] },
    y: { domain: LANES, type: "band", grid: false, padding: 0.3 },
    marks: [
      plot.barX(bars, { y: "lane", x1: "from", x2: "to", fill: ({ kind }: Bar) => COLOURS[kind].light }),
      phaseMarks(plot, phases, -14),
    ],
  });
  const panels = [{ title: "", plot }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels, panelHeight: 180 }));
}

/** What is drawn, lane by lane. */
function barsOf(
  trace: Trace,
  { recomputed = [] }: Plan,
  { startMs, stallMs, stepMs, copies }: Simulation,
): Bar[] {
  const ms = durations(trace);
  const again = new Float64Array(ms.length);
  for (const { back, ms: more } of recomputed) again[back] += more;
  const compute: Bar[] = [];
  const add = (kind: Kind, from: number, to: number) => {
    if (to > from) compute.push({ lane: "compute", kind, from, to });
  };
  startMs.forEach((start, i) => {
    const own = start + again[i];
    add("waits", start - stallMs[i], start);
    add("computes again", start, own);
    add("computes", own, own + ms[i]);
  });
  const sent = (lane: "out" | "in") =>
    copies.filter(({ direction, startMs }) => direction === lane && startMs < stepMs)
      .map(({ startMs: from, endMs }): Bar => ({
        lane,
        kind: `copies ${lane}`,
        from,
        to: Math.min(endMs, stepMs),
      }));
  return [compute, sent("out"), sent("in")].flatMap((lane) => {
    const few = joined(lane, stepMs * GAP);
    const isShort = ({ from, to }: Bar) => to - from < stepMs / CELLS;
    const crowd = few.filter((bar, i) =>
      i > 0 && few[i - 1].kind !== bar.kind && isShort(bar) && isShort(few[i - 1])
    );
    return few.length <= CELLS && crowd.length <= CROWD
      ? few.map((bar) => ({ ...bar, to: Math.min(stepMs, Math.max(bar.to, bar.from + stepMs * LEAST)) }))
      : joined(inCells(lane, stepMs), 0);
  });
}

/** Bars of a lane, neighbours of one kind as one. */
function joined(bars: readonly Bar[], gap: number): Bar[] {
  const out: Bar[] = [];
  for (const bar of bars) {
    const before = out.at(-1);
    if (before !== undefined && before.kind === bar.kind && bar.from - before.to <= gap) {
      out[out.length - 1] = { ...before, to: Math.max(before.to, bar.to) };
    } else {
      out.push(bar);
    }
  }
  return out;
}

/** A lane in cells: each is of the kind that is furthest behind its share of the time so far. */
function inCells(bars: readonly Bar[], stepMs: number): Bar[] {
  const width = stepMs / CELLS;
  const shares = Array.from({ length: CELLS }, () => new Map<Kind, number>());
  for (const { kind, from, to } of bars) {
    for (let cell = Math.floor(from / width); cell < CELLS && cell * width < to; cell++) {
      const covered = Math.min(to, (cell + 1) * width) - Math.max(from, cell * width);
      shares[cell].set(kind, (shares[cell].get(kind) ?? 0) + covered);
    }
  }
  const behind = new Map<Kind | "idle", number>();
  const out: Bar[] = [];
  shares.forEach((share, cell) => {
    let idle = width;
    for (const [kind, covered] of share) {
      behind.set(kind, (behind.get(kind) ?? 0) + covered);
      idle -= covered;
    }
    behind.set("idle", (behind.get("idle") ?? 0) + idle);
    const [kind, most] = [...behind].reduce((a, b) => b[1] > a[1] ? b : a);
    behind.set(kind, most - width);
    const [from, to] = [cell * width, (cell + 1) * width];
    if (kind !== "idle") out.push({ lane: bars[0].lane, kind, from, to });
  });
  return out;
}

/** Milliseconds by three digits or more. */
function format(ms: number): string {
  return ms >= 100 ? Math.round(ms).toLocaleString("en") : ms === 0 ? "0" : ms.toPrecision(3);
}
