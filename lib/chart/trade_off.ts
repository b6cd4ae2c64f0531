/**
 * What defences cost and what they achieve: accuracy against attack success, a dot for each defence.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkEvaluations, distinct, type EvaluationRow } from "./evaluation.ts";
import { boxOf, type LabelPlace, placeLabels } from "./labels.ts";
import { BACKGROUND, INK, MUTED, SERIES } from "./theme.ts";
import { counted, shortened, widthOf } from "./words.ts";

/** Settings of {@linkcode tradeOff}. */
export interface TradeOffOptions {
  /** Default "Accuracy against attack success". */
  readonly title?: string;
  /** A line below the title; default: over how many attacks the means are. */
  readonly subtitle?: string;
  /**
   * The model before the defence, such as "infected". With it the horizontal axis is the accuracy lost since, in points,
   * of each attack for itself; default: none, and the axis is the accuracy.
   */
  readonly baseline?: string;
}

/** Width and height of the panel, and its margins, in pixels. */
const [WIDTH, HEIGHT] = [728, 380];
const MARGINS = { marginLeft: 44, marginRight: 12, marginTop: 10, marginBottom: 36 };
const [INNER_WIDTH, INNER_HEIGHT] = [
  WIDTH - MARGINS.marginLeft - MARGINS.marginRight,
  HEIGHT - MARGINS.marginTop - MARGINS.marginBottom,
];
/** The vertical axis, in percent. */
const [LOW, HIGH] = [-6, 104];
/** The least width of the horizontal axis, in points. */
const LEAST = 4;
/** The good corner as a part of the panel's width, and up to which attack success. */
const [CORNER, UP_TO] = [0.22, 20];
/** Size of labels, and the letters of a name that are shown. */
const [LABEL, LETTERS] = [12, 26];

/** A model under an attack, or its mean: where it is, in points and in percent. */
interface Dot {
  readonly model: string;
  readonly x: number;
  readonly asr: number;
}

/**
 * A plane of accuracy and attack success with a labelled dot for each model, the mean over attacks; faint dots with a line
 * to their mean are single attacks. The good corner is green: accurate, and the trigger does nothing.
 *
 * @throws {RangeError} when there is no row, a share is outside 0 to 1, an attack has two rows of one model, or an attack
 * lacks a row of the baseline.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = [
 *   { model: "infected", acc: 0.931, asr: 0.998 },
 *   { model: "repaired", acc: 0.918, asr: 0.012 },
 * ];
 * assert(ebb.chart.tradeOff(rows, { baseline: "infected" }).svg.includes("accuracy lost (points)"));
 * ```
 */
export function tradeOff(rows: readonly EvaluationRow[], options: TradeOffOptions = {}): Chart {
  checkEvaluations("tradeOff", rows);
  const { title = "Accuracy against attack success", baseline } = options;
  const attacks = distinct(rows.map(({ attack }) => attack));
  const dots = rows.map((row): Dot => ({
    model: row.model,
    x: 100 * (baseline === undefined ? row.acc : accuracyBefore(rows, row, baseline) - row.acc),
    asr: 100 * row.asr,
  }));
  const means = distinct(dots.map(({ model }) => model)).map((model): Dot => {
    const own = dots.filter((dot) => dot.model === model);
    return { model, x: mean(own.map(({ x }) => x)), asr: mean(own.map(({ asr }) => asr)) };
  });
  const singles = attacks.length > 1 ? dots : [];
  const best = means.filter(({ model }) => model !== baseline)
    .reduce((a, b) => b.asr < a.asr ? b : a, means[0]);
  const over = attacks.length > 1 ? `, means over ${attacks.length} attacks (faint: each of these)` : "";
  const description = `${counted(means.length, "model")}${over}; ` +
    `least attack success: ${best.model}, ${best.asr.toFixed(1)} %.`;
  const { subtitle = description } = options;
  const legend: LegendItem[] = [
    { label: "the good corner: accurate, and the trigger does nothing", colour: SERIES.green, kind: "band" },
  ];
  const panels = [{
    title: "Attack success (%)",
    plot: (plot: PlotModule) => plotPlane(plot, means, singles, baseline),
  }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels, panelHeight: HEIGHT }));
}

/** The baseline's accuracy under the attack of a row. */
function accuracyBefore(rows: readonly EvaluationRow[], { attack }: EvaluationRow, baseline: string): number {
  const before = rows.find((row) => row.model === baseline && row.attack === attack);
  if (before === undefined) {
    const where = attack === undefined ? "" : ` of attack "${attack}"`;
    throw new RangeError(`tradeOff: expected a row of the baseline "${baseline}"${where} but found none`);
  }
  return before.acc;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function plotPlane(
  plot: PlotModule,
  means: readonly Dot[],
  singles: readonly Dot[],
  baseline: string | undefined,
): PlotOptions {
  const lost = baseline !== undefined;
  const [begin, end] = domainOf([...means, ...singles].map(({ x }) => x), lost);
  const pixels = ({ x, asr }: Dot) => ({
    x: MARGINS.marginLeft + INNER_WIDTH * (x - begin) / (end - begin),
    y: MARGINS.marginTop + INNER_HEIGHT * (HIGH - asr) / (HIGH - LOW),
  });
  const labels = labelsOf(means, singles, pixels);
  const at = { x: "x", y: "asr" };
  const colour = ({ model }: Dot) => model === baseline ? MUTED.light : SERIES.blue.light;
  const centre = new Map(means.map((dot) => [dot.model, dot]));
  return {
    ...MARGINS,
    x: {
      label: lost ? "accuracy lost (points)" : "clean accuracy (%)",
      domain: [begin, end],
      grid: true,
    },
    y: { domain: [LOW, HIGH], ticks: [0, 20, 40, 60, 80, 100] },
    marks: [
      plot.rect([lost ? begin : end], {
        x1: (edge: number) => edge,
        x2: (edge: number) => edge + (lost ? 1 : -1) * CORNER * (end - begin),
        y1: () => LOW,
        y2: () => UP_TO,
        fill: SERIES.green.light,
        fillOpacity: 0.13,
      }),
      plot.link(singles, {
        x1: "x",
        y1: "asr",
        x2: ({ model }: Dot) => centre.get(model)!.x,
        y2: ({ model }: Dot) => centre.get(model)!.asr,
        stroke: colour,
        strokeOpacity: 0.15,
        strokeWidth: 1,
      }),
      plot.dot(singles, { ...at, r: 2.5, fill: colour, fillOpacity: 0.35 }),
      labels.filter(({ far }) => far).map(({ dot, x, y }) =>
        plot.link([dot], {
          x1: "x",
          y1: "asr",
          x2: () => begin + (end - begin) * (x - MARGINS.marginLeft) / INNER_WIDTH,
          y2: () => HIGH - (HIGH - LOW) * (y - MARGINS.marginTop) / INNER_HEIGHT,
          stroke: MUTED.light,
          strokeWidth: 0.75,
        })
      ),
      plot.dot(means, { ...at, r: 5, fill: colour, stroke: BACKGROUND.light, strokeWidth: 1 }),
      labels.map(({ dot, x, y }) =>
        plot.text([dot], {
          ...at,
          text: () => shortened(dot.model, LETTERS),
          dx: x - pixels(dot).x,
          dy: y - pixels(dot).y,
          fontSize: LABEL,
          fill: INK.light,
          stroke: BACKGROUND.light,
          strokeWidth: 3,
        })
      ),
    ],
  };
}

/** The horizontal axis: in the good direction little more than the best that there is, so that the corner is near it. */
function domainOf(values: readonly number[], lost: boolean): [number, number] {
  const [low, high] = [Math.min(...values, ...(lost ? [0] : [])), Math.max(...values)];
  const range = Math.max(LEAST, 1.1 * (high - low));
  const pad = 0.06 * range;
  if (lost) return [low - pad, low + range];
  const end = Math.min(100, high + pad);
  return [Math.max(0, Math.min(end - range, low - pad)), end];
}

/** Labels of the means, each at its place. */
function labelsOf(
  means: readonly Dot[],
  singles: readonly Dot[],
  pixels: (dot: Dot) => { x: number; y: number },
): (LabelPlace & { readonly dot: Dot })[] {
  const height = LABEL + 3;
  const dots = means.map((dot) => ({
    ...pixels(dot),
    width: widthOf(shortened(dot.model, LETTERS), LABEL) + 4,
    height,
  }));
  const bounds = {
    left: MARGINS.marginLeft,
    top: MARGINS.marginTop,
    right: WIDTH - MARGINS.marginRight,
    bottom: HEIGHT - MARGINS.marginBottom,
  };
  const faint = singles.map((dot) => boxOf(pixels(dot).x, pixels(dot).y, 5, 5));
  return placeLabels(dots, bounds, faint).map((place, i) => ({ ...place, dot: means[i] }));
}
