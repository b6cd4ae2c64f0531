/**
 * How a network learns: loss and accuracy over the steps of training, of the batches and of data held out, side by side.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type Panel, type PlotModule, type PlotOptions } from "./draw.ts";
import { BACKGROUND, INK, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";

/** What was measured after a step; what was not measured is left out. */
export interface LearningRow {
  /** Steps taken so far. */
  readonly step: number;
  /** Mean loss of the step's batch. */
  readonly loss?: number;
  /** Share of the step's batch that was classified right, 0 to 1. */
  readonly accuracy?: number;
  /** Mean loss over data held out. */
  readonly heldOutLoss?: number;
  /** Share of data held out that was classified right, 0 to 1. */
  readonly heldOutAccuracy?: number;
}

/** Settings of {@linkcode learningCurves}. */
export interface LearningOptions {
  /** Default "Learning curves". */
  readonly title?: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** Unit of the loss; default "nats", that of cross-entropy. */
  readonly lossUnit?: string;
}

/** One of the two panels: how it reads its rows. */
interface Quantity {
  readonly title: string;
  readonly batch: (row: LearningRow) => number | undefined;
  readonly heldOut: (row: LearningRow) => number | undefined;
  readonly domain?: [number, number];
  readonly format: (value: number) => string;
}

/** The means of batches are drawn over so many stretches of the steps. */
const STRETCHES = 60;

/**
 * Loss and accuracy as two panels. Single batches are drawn faintly, with their mean over short stretches on top of them;
 * values of data held out as points, the last one with its number. A panel without numbers is left out.
 *
 * @throws {RangeError} when no row has a loss or an accuracy.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = [{ step: 1, loss: 2.3 }, { step: 2, loss: 1.9 }, { step: 2, heldOutAccuracy: 0.4 }];
 * assert(ebb.chart.learningCurves(rows).svg.includes("40.0 %"));
 * ```
 */
export function learningCurves(rows: readonly LearningRow[], options: LearningOptions = {}): Chart {
  const { title = "Learning curves", subtitle, lossUnit = "nats" } = options;
  rows = [...rows]; // the picture is drawn later, and the caller's list may go on growing
  const quantities: Quantity[] = [
    {
      title: `Loss (${lossUnit})`,
      batch: (row) => row.loss,
      heldOut: (row) => row.heldOutLoss,
      format: (value) => value.toPrecision(3),
    },
    {
      title: "Accuracy (%)",
      batch: (row) => percent(row.accuracy),
      heldOut: (row) => percent(row.heldOutAccuracy),
      domain: [0, 100],
      format: (value) => `${value.toFixed(1)} %`,
    },
  ];
  const some = (read: (row: LearningRow) => number | undefined) => rows.some((row) => drawable(read(row)));
  const shown = quantities.filter(({ batch, heldOut }) => some(batch) || some(heldOut));
  if (shown.length === 0) {
    throw new RangeError(
      `learningCurves: expected rows with a loss or an accuracy but found none in ${rows.length} rows`,
    );
  }
  const legend: LegendItem[] = [];
  if (shown.some(({ batch }) => some(batch))) {
    legend.push({ label: "training batches", colour: SERIES.blue, kind: "line" });
  }
  if (shown.some(({ heldOut }) => some(heldOut))) {
    legend.push({ label: "held-out data", colour: SERIES.orange, kind: "dot" });
  }
  const last = rows.at(-1)!.step;
  const spec = {
    title,
    subtitle,
    description: `${shown.map(({ title }) => title).join(" and ")} over ${last} steps of training.`,
    legend,
    panels: shown.map((quantity) => panel(rows, quantity)),
  };
  return new Chart(title, () => draw(spec));
}

function panel(rows: readonly LearningRow[], { title, batch, heldOut, domain, format }: Quantity): Panel {
  const batches = rows.filter((row) => drawable(batch(row)));
  const tests = rows.filter((row) => drawable(heldOut(row)));
  // Under a name: the transform's types have no place for the y that its reducer reads.
  const means = { x: "step", y: batch, thresholds: STRETCHES, stroke: SERIES.blue.light, strokeWidth: 2 };
  const plot = (plot: PlotModule): PlotOptions => ({
    x: { label: "training step", domain: [0, rows.at(-1)!.step] },
    y: domain ? { domain } : { zero: true, nice: true },
    marks: [
      plot.lineY(thin(batches, [batch]), {
        x: "step",
        y: batch,
        stroke: SERIES.blue.light,
        strokeOpacity: 0.35,
        strokeWidth: 0.75,
      }),
      plot.lineY(batches, plot.binX({ x: "mean", y: "mean" }, means)),
      plot.lineY(tests, { x: "step", y: heldOut, stroke: SERIES.orange.light, strokeWidth: 1.5 }),
      plot.dot(tests, { x: "step", y: heldOut, r: 3.5, fill: SERIES.orange.light }),
      plot.text(
        tests,
        plot.selectLast({
          x: "step",
          y: heldOut,
          text: (row: LearningRow) => format(heldOut(row)!),
          textAnchor: "end",
          dy: domain ? 16 : -14,
          fill: INK.light,
          stroke: BACKGROUND.light,
          strokeWidth: 4,
          fontWeight: 600,
        }),
      ),
    ],
  });
  return { title, plot };
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : 100 * share;
}

/** Whether there is a number; a loss that went to infinity leaves a gap. */
function drawable(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value);
}
