/**
 * How long steps take while what they do changes: each step's time, and of it what was computed again and waited for, with
 * marks where a plan was still being learnt.
 *
 * @module
 */
import type { StepRecord } from "../swap/mod.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { wholeTicks } from "./step.ts";
import { BACKGROUND, INK, MUTED, SERIES } from "./theme.ts";

/** Settings of {@linkcode steps}. */
export interface StepsOptions {
  /** Default "Time of steps". */
  readonly title?: string;
  /** A line below the title; default: how many steps, and how many of them were learnt from. */
  readonly subtitle?: string;
  /** At most so many steps are shown, the last ones; default 200. */
  readonly limit?: number;
}

const COLOURS = { computes: SERIES.blue, "computes again": MUTED, waits: SERIES.orange };
type Kind = keyof typeof COLOURS;

/** A part of a step's bar. */
interface Part {
  readonly kind: Kind;
  readonly step: number;
  readonly from: number;
  readonly to: number;
}

/**
 * One bar a step: below what it computes, above that what it computed again, on top what it waited for copies. A dot stands
 * over steps without a plan that has been timed (`WarmUp`, `GenPolicy`), a ring over evaluations.
 *
 * @param rows what `swap.history()` gives
 * @throws {RangeError} when there is no row, or `limit` is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ budget: "64 KiB" });
 * using swap = ebb.swap(device);
 * using x = ebb.ones([32, 32], { device });
 * for (let i = 0; i < 4; i++) await swap.step(() => ebb.scope(() => x.matmul(x).relu().sum().item()));
 * assert(ebb.chart.steps(swap.history()).svg.includes("4 steps"));
 * ```
 */
export function steps(rows: readonly StepRecord[], options: StepsOptions = {}): Chart {
  const { title = "Time of steps", limit = 200 } = options;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`steps: expected limit to be a whole number of at least 1 but found ${limit}`);
  }
  if (rows.length === 0) throw new RangeError("steps: expected rows of steps but found none");
  const shown = rows.slice(-limit);
  const learnt = shown.filter(isLearning).length;
  const waits = shown.reduce((sum, { stallMs }) => sum + stallMs, 0);
  const total = shown.reduce((sum, { stepMs }) => sum + stepMs, 0);
  const description =
    `${shown.length} ${shown.length === 1 ? "step" : "steps"}, ${learnt} of them learning; ` +
    `${(100 * waits / Math.max(total, 1e-9)).toFixed(0)} % of the time waiting for copies.`;
  const { subtitle = description } = options;
  const parts = shown.flatMap(partsOf);
  const kinds = new Set<string>(parts.map(({ kind }) => kind));
  const legend = Object.entries(COLOURS).filter(([kind]) => kinds.has(kind)).map((
    [label, colour],
  ): LegendItem => ({
    label,
    colour,
    kind: "area",
  }));
  if (learnt > 0) legend.push({ label: "learning", colour: SERIES.magenta, kind: "dot" });
  if (shown.some(isEvaluation)) legend.push({ label: "evaluation", colour: SERIES.green, kind: "dot" });
  const panels = [{
    title: "Time of a step (ms)",
    plot: (plot: PlotModule) => plotSteps(plot, shown, parts),
  }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels }));
}

function isLearning({ stage }: StepRecord): boolean {
  return stage !== "Stable";
}

function isEvaluation({ kind }: StepRecord): boolean {
  return kind === "evaluation";
}

function partsOf({ step, stepMs, stallMs, recomputedMs }: StepRecord): Part[] {
  const own = Math.max(0, stepMs - stallMs - recomputedMs);
  const parts: Part[] = [
    { kind: "computes", step, from: 0, to: own },
    { kind: "computes again", step, from: own, to: own + recomputedMs },
    { kind: "waits", step, from: own + recomputedMs, to: own + recomputedMs + stallMs },
  ];
  return parts.filter(({ from, to }) => to > from);
}

function plotSteps(plot: PlotModule, shown: readonly StepRecord[], parts: readonly Part[]): PlotOptions {
  const [first, last] = [shown[0].step, shown.at(-1)!.step];
  const top = Math.max(...shown.map(({ stepMs }) => stepMs), 1e-9);
  const above = { x: "step", y: "stepMs", dy: -8 } as const;
  return {
    x: { label: "step", domain: [first - 0.5, last + 0.5], ...wholeTicks(first, last) },
    y: { domain: [0, 1.12 * top] },
    marks: [
      plot.rectY(parts, {
        x1: ({ step }: Part) => step - 0.4,
        x2: ({ step }: Part) => step + 0.4,
        y1: "from",
        y2: "to",
        fill: ({ kind }: Part) => COLOURS[kind].light,
      }),
      plot.dot(shown.filter(isLearning), { ...above, r: 3.5, fill: SERIES.magenta.light }),
      plot.dot(shown.filter(isEvaluation), {
        ...above,
        r: 3.5,
        stroke: SERIES.green.light,
        strokeWidth: 2,
        fill: BACKGROUND.light,
      }),
      plot.ruleY([0], { stroke: INK.light }),
    ],
  };
}
