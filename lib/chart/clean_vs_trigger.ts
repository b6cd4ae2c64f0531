/**
 * Clean accuracy and attack success of models: what a backdoor does to a network, and what a defence leaves of both.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkEvaluations, distinct, type EvaluationRow } from "./evaluation.ts";
import { INK, SERIES } from "./theme.ts";
import { counted, fitted, percent, shortened, widthOf } from "./words.ts";

/** Settings of {@linkcode cleanVsTrigger}. */
export interface CleanVsTriggerOptions {
  /** Default "Clean images and images with a trigger". */
  readonly title?: string;
  /** A line below the title. */
  readonly subtitle?: string;
}

/** The width of the panel, and of it the parts that are not bars. */
const [WIDTH, RIGHT, GAP] = [728, 8, 18];
/** Height of an attack's name above its bars, of the axis below all. */
const [NAME, AXIS] = [26, 24];
/** Thickness of a bar: of a few, and of many. */
const [THICK, THIN, FEW] = [17, 12, 8];
/** The part of a pair's height that is empty, below it. */
const PADDING = 0.25;
/** Length of the caps at a whisker's ends. */
const CAP = 7;
/** Names of models are cut to so many letters. */
const LETTERS = 26;

/** A number that is drawn as a bar. */
interface Bar {
  readonly model: string;
  readonly attack: string;
  readonly series: "acc" | "asr";
  /** In percent, as the ends of the whisker. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

/** Where everything is, in pixels. */
interface Layout {
  readonly models: readonly string[];
  readonly attacks: readonly string[];
  readonly columns: number;
  readonly marginLeft: number;
  readonly marginTop: number;
  /** Of an attack. */
  readonly width: number;
  readonly height: number;
  /** Of a pair of bars. */
  readonly thickness: number;
  readonly panelHeight: number;
}

/**
 * A pair of bars a model, clean accuracy over attack success, in the order of the rows, each with its number and with a
 * whisker of a standard deviation where there is one. Several attacks stand beside and below each other.
 *
 * @throws {RangeError} when there is no row, a share is outside 0 to 1, or an attack has two rows of one model.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = [
 *   { model: "infected", acc: 0.931, asr: 0.998 },
 *   { model: "repaired", acc: 0.918, asr: 0.012, asrStd: 0.004 },
 * ];
 * assert(ebb.chart.cleanVsTrigger(rows).svg.includes("1.2 ± 0.4 %"));
 * ```
 */
export function cleanVsTrigger(rows: readonly EvaluationRow[], options: CleanVsTriggerOptions = {}): Chart {
  checkEvaluations("cleanVsTrigger", rows);
  const { title = "Clean images and images with a trigger", subtitle } = options;
  const bars = rows.flatMap((row) => [
    barOf(row, "acc", row.acc, row.accStd),
    barOf(row, "asr", row.asr, row.asrStd),
  ]);
  const layout = layoutOf(
    distinct(rows.map(({ model }) => model)),
    distinct(bars.map(({ attack }) => attack)),
  );
  const { models, attacks, panelHeight } = layout;
  const description = `Clean accuracy and attack success of ${counted(models.length, "model")}` +
    `${attacks.length > 1 ? ` under ${attacks.length} attacks` : ""}.`;
  const legend: LegendItem[] = [
    { label: "clean accuracy", colour: SERIES.blue, kind: "dot" },
    { label: "attack success", colour: SERIES.orange, kind: "dot" },
  ];
  const panels = [{ title: "Share of images (%)", plot: (plot: PlotModule) => plotBars(plot, bars, layout) }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels, panelHeight }));
}

function barOf(
  { model, attack = "" }: EvaluationRow,
  series: Bar["series"],
  share: number,
  std?: number,
): Bar {
  return {
    model,
    attack,
    series,
    value: 100 * share,
    low: 100 * Math.max(0, share - (std ?? 0)),
    high: 100 * Math.min(1, share + (std ?? 0)),
    label: std === undefined ? percent(share) : `${(100 * share).toFixed(1)} ± ${percent(std)}`,
  };
}

function layoutOf(models: readonly string[], attacks: readonly string[]): Layout {
  const few = models.length * attacks.length <= FEW;
  const columns = [0, 1, 2, 3, 2][attacks.length] ?? 3;
  const lines = Math.ceil(attacks.length / columns);
  const marginLeft = 14 + Math.max(...models.map((model) => widthOf(shortened(model, LETTERS))));
  const marginTop = attacks.length > 1 || attacks[0] !== "" ? NAME : 8;
  const thickness = 2 * (few ? THICK : THIN);
  const height = (models.length + PADDING) * thickness / (1 - PADDING);
  return {
    models,
    attacks,
    columns,
    marginLeft,
    marginTop,
    width: (WIDTH - marginLeft - RIGHT - GAP * (columns - 1)) / columns,
    height,
    thickness,
    panelHeight: marginTop + lines * height + (lines - 1) * NAME + AXIS,
  };
}

function plotBars(plot: PlotModule, bars: readonly Bar[], layout: Layout): PlotOptions {
  const { attacks, columns, marginLeft, marginTop, width, height, thickness } = layout;
  const place = ({ attack }: { attack: string }) => attacks.indexOf(attack);
  const facet = {
    fx: (row: { attack: string }) => place(row) % columns,
    fy: (row: { attack: string }) => Math.floor(place(row) / columns),
  };
  // Room beyond 100 % for the longest number.
  const room = 10 + Math.max(...bars.map(({ label }) => widthOf(label, 10)));
  const half = thickness / 2;
  const series = [
    {
      some: bars.filter(({ series }) => series === "acc"),
      colour: SERIES.blue,
      dy: -half / 2,
      insetBottom: half,
    },
    {
      some: bars.filter(({ series }) => series === "asr"),
      colour: SERIES.orange,
      dy: half / 2,
      insetTop: half,
    },
  ];
  return {
    marginLeft,
    marginRight: RIGHT,
    marginTop,
    marginBottom: AXIS,
    fx: { axis: null, paddingInner: columns > 1 ? GAP / (width + GAP) : 0, paddingOuter: 0 },
    fy: { axis: null, paddingInner: attacks.length > columns ? NAME / (height + NAME) : 0, paddingOuter: 0 },
    x: {
      label: null,
      domain: [0, 100 * width / (width - room)],
      ticks: width > 300 ? [0, 20, 40, 60, 80, 100] : [0, 50, 100],
      grid: true,
    },
    y: {
      type: "band",
      domain: [...layout.models],
      tickFormat: (model: string) => shortened(model, LETTERS),
      grid: false,
      padding: PADDING,
    },
    marks: [
      plot.text(attacks.map((attack) => ({ attack })), {
        ...facet,
        text: ({ attack }) => fitted(attack, width, 12),
        frameAnchor: "top-left",
        dy: -16,
        fill: INK.light,
        fontSize: 12,
        fontWeight: 600,
      }),
      series.map(({ some, colour, dy, ...insets }) => [
        plot.barX(some, { ...facet, ...insets, y: "model", x: "value", fill: colour.light }),
        whiskers(plot, some.filter(({ low, high }) => low < high), { ...facet, y: "model", dy }, thickness),
        plot.text(some, {
          ...facet,
          y: "model",
          x: "high",
          text: "label",
          textAnchor: "start",
          dx: 4,
          dy,
          fill: INK.light,
          fontSize: 10,
        }),
      ]),
      plot.ruleX([0], { stroke: INK.light }),
    ],
  };
}

/** A standard deviation to both sides of a bar's end. */
function whiskers(
  plot: PlotModule,
  bars: readonly Bar[],
  place: Record<string, unknown>,
  thickness: number,
): NonNullable<PlotOptions["marks"]> {
  const look = { ...place, stroke: INK.light, strokeWidth: 1.25 };
  const inset = (thickness - CAP) / 2;
  return [
    plot.ruleY(bars, { ...look, x1: "low", x2: "high" }),
    ["low", "high"].map((x) => plot.tickX(bars, { ...look, x, insetTop: inset, insetBottom: inset })),
  ];
}
