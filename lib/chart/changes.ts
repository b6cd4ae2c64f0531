/**
 * How alike the steps of a run are: similarity of each to the one before (or to another that it is compared with), by
 * n-grams and by the rule of SmartSwap's paper (arXiv:2509.11076), with the steps that either calls changed.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type Panel, type PlotModule, type PlotOptions } from "./draw.ts";
import { wholeTicks } from "./step.ts";
import { BACKGROUND, MUTED, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";
import { counted } from "./words.ts";

/** A step compared with another: what `ngramSimilarity` and `paperSimilarity` give. */
export interface ChangeRow {
  /** Which step. */
  readonly step: number;
  /** Similarity by n-grams, 0 to 1. */
  readonly ngram: number;
  /** Cosine of the sequences of op numbers, 0 to 1. */
  readonly cosine: number;
  /** Difference of lengths as a share, 0 to 1. */
  readonly length: number;
  /** Whether the paper's rule calls it changed, for the words; default: by cosine and length. */
  readonly changed?: boolean;
}

/** Settings of {@linkcode changes}. */
export interface ChangesOptions {
  /** Default "Similarity of steps". */
  readonly title?: string;
  /** A line below the title; default: how many changes each rule sees. */
  readonly subtitle?: string;
  /** Similarity by n-grams below which a step has changed; default 0.95. */
  readonly ngramThreshold?: number;
  /** Cosine below which a step has changed; default 0.95, the paper's. */
  readonly cosineThreshold?: number;
  /** Difference of lengths from which on a step has changed; default 0.05, the paper's. */
  readonly lengthThreshold?: number;
}

/** Steps beyond a threshold are dots, at most about so many a curve. */
const DOTS = 200;

/**
 * Similarity by n-grams and cosine over steps, and beside them the difference of lengths, each with its threshold and
 * with dots where it is beyond that. The words count the changes that each rule sees; the paper's asks for the cosine or
 * the length. Rows with a number that is not finite are left out.
 *
 * @throws {RangeError} when no row has finite numbers.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const train = Array.from({ length: 60 }, (_, i) => i % 5 + 1);
 * const steps = [train, train, [...train, 6], train.slice(0, 40), train];
 * const rows = steps.slice(1).map((ops, i) => ({
 *   step: i + 1,
 *   ngram: ebb.ngramSimilarity(steps[i], ops),
 *   ...ebb.paperSimilarity(steps[i], ops),
 * }));
 * assert(ebb.chart.changes(rows).svg.includes("n-grams see 2 changes"));
 * ```
 */
export function changes(rows: readonly ChangeRow[], options: ChangesOptions = {}): Chart {
  const { title = "Similarity of steps" } = options;
  const { ngramThreshold = 0.95, cosineThreshold = 0.95, lengthThreshold = 0.05 } = options;
  const finite = rows.filter(({ step, ngram, cosine, length }) =>
    [step, ngram, cosine, length].every(Number.isFinite)
  );
  if (finite.length === 0) {
    throw new RangeError(`changes: expected rows with numbers but found none in ${rows.length} rows`);
  }
  const tests = {
    ngram: (row: ChangeRow) => row.ngram < ngramThreshold,
    cosine: (row: ChangeRow) => row.cosine < cosineThreshold,
    length: (row: ChangeRow) => row.length >= lengthThreshold,
  };
  const ours = finite.filter(tests.ngram).length;
  const theirs = finite.filter((row) => row.changed ?? (tests.cosine(row) || tests.length(row))).length;
  const description = `In ${counted(finite.length, "step")} n-grams see ${counted(ours, "change")}, ` +
    `the paper's rule ${theirs}.`;
  const { subtitle = description } = options;
  const legend: LegendItem[] = [
    { label: "n-grams", colour: SERIES.blue, kind: "line" },
    { label: "cosine", colour: SERIES.orange, kind: "dashed" },
    { label: "length", colour: SERIES.green, kind: "line" },
  ];
  const [ngram, cosine, length]: Curve[] = [
    curve(finite, tests.ngram, (row) => row.ngram, SERIES.blue.light),
    curve(finite, tests.cosine, (row) => row.cosine, SERIES.orange.light, "5 3"),
    curve(finite, tests.length, (row) => 100 * row.length, SERIES.green.light),
  ];
  const ends: [number, number] = [finite[0].step, finite.at(-1)!.step];
  const lowest = Math.min(...[ngram, cosine].map(({ points }) => Math.min(...points.map(({ y }) => y))));
  const floor = Math.min(lowest, ngramThreshold, cosineThreshold);
  const similarity: Panel = {
    title: "Similarity (0 to 1)",
    plot: (plot) =>
      plotCurves(plot, ends, [ngram, cosine], [...new Set([ngramThreshold, cosineThreshold])], "", [
        Math.max(0, floor - 0.1 * (1 - floor)),
        1 + 0.05 * (1 - floor),
      ]),
  };
  const lengths: Panel = {
    title: "Difference of lengths (%)",
    plot: (plot) =>
      plotCurves(plot, ends, [length], [100 * lengthThreshold], " %", [
        0,
        1.2 * Math.max(100 * lengthThreshold, ...length.points.map(({ y }) => y)),
      ]),
  };
  const panels = [similarity, lengths];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels }));
}

interface Point {
  readonly step: number;
  readonly y: number;
}

/** A series, and of it what is beyond the threshold. */
interface Curve {
  readonly points: readonly Point[];
  readonly dots: readonly Point[];
  readonly colour: string;
  readonly dashes?: string;
}

function curve(
  rows: readonly ChangeRow[],
  isBeyond: (row: ChangeRow) => boolean,
  read: (row: ChangeRow) => number,
  colour: string,
  dashes?: string,
): Curve {
  const drawn = (some: readonly ChangeRow[], limit?: number) =>
    thin(some.map((row) => ({ step: row.step, y: read(row) })), [({ y }) => y], limit);
  return { points: drawn(rows), dots: drawn(rows.filter(isBeyond), DOTS), colour, dashes };
}

function plotCurves(
  plot: PlotModule,
  [begin, end]: [number, number],
  curves: readonly Curve[],
  thresholds: readonly number[],
  unit: string,
  domain: [number, number],
): PlotOptions {
  const at = { x: "step", y: "y" };
  const ends: [number, number] = begin < end ? [begin, end] : [begin - 1, end + 1];
  return {
    x: { label: "step", domain: ends, ...wholeTicks(...ends) },
    y: { domain },
    marks: [
      plot.ruleY(thresholds, { stroke: MUTED.light, strokeWidth: 1.5 }),
      curves.map(({ points, colour, dashes }) =>
        plot.lineY(points, { ...at, stroke: colour, strokeDasharray: dashes })
      ),
      curves.map(({ dots, colour }) =>
        plot.dot(dots, { ...at, r: 3.5, fill: colour, stroke: BACKGROUND.light, strokeWidth: 1 })
      ),
      plot.text(thresholds, {
        y: (value: number) => value,
        text: (value: number) => `threshold ${Number(value.toPrecision(3))}${unit}`,
        frameAnchor: "right",
        textAnchor: "end",
        dy: 8,
        fill: MUTED.light,
        stroke: BACKGROUND.light,
        strokeWidth: 4,
      }),
    ],
  };
}
