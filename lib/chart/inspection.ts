/**
 * What speaks for a backdoor in a model: how much less a trigger takes towards each label than towards the median one, how
 * much surer of it the model can be made, and the triggers that were found.
 *
 * @module
 */
import type { Inspection, LabelEvidence } from "../backdoor/inspect.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { pictureUrl } from "../notebook/mod.ts";
import { INK, MUTED, SERIES } from "./theme.ts";
import { counted, fitted, SIZE, widthOf } from "./words.ts";

/** Settings of {@linkcode inspection}. */
export interface InspectionOptions {
  /** Default "Inspection for a backdoor". */
  readonly title?: string;
  /** A line below the title; default: the verdict. */
  readonly subtitle?: string;
  /** Names of the labels; default: their numbers. */
  readonly classes?: readonly string[];
}

const KINDS = {
  patch: SERIES.blue,
  overlay: SERIES.green,
  warp: SERIES.magenta,
  margin: INK,
} as const;

type Kind = keyof typeof KINDS;

/** A trigger's, or the margin's, advantage. */
interface Dot {
  readonly label: number;
  readonly kind: Kind;
  readonly advantage: number;
}

/** Width of the panel without its margins, of which the left one has the names of rows, in pixels. */
const [WIDTH, LEFT, RIGHT] = [728, 60, 12];
/** Height of the part with the dots. */
const DOTS = 200;
/** The least and the most that a picture is wide; labels that have less room have none. */
const [LEAST, MOST] = [20, 64];
/** Between pictures, in pixels. */
const GAP = 6;

/**
 * A column for each label, in it how much less each kind of trigger takes than for the median label, and how much larger
 * the margin is that can be reached (natural logarithms, that of warps halved), what they come to together as a bar, the
 * threshold as a line, and below it the patch and the overlay that were found. The target, if the model looks infected, is
 * shaded.
 *
 * @param found what `ebb.backdoor.inspect` returned
 * @throws {RangeError} when there is no label, or names of labels are of another number.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.rand([6, 1, 8, 8]);
 * using labels = ebb.tensor([0, 1, 2, 0, 1, 2], { dtype: "int64" });
 * using model = ebb.models.smallCnn({ classes: 3, size: 8 });
 * const clean = ebb.data.fromTensors([images, labels]);
 * const found = await ebb.backdoor.inspect(model, clean, { progress: false });
 * assert(ebb.chart.inspection(found, { classes: ["cat", "dog", "frog"] }).svg.includes("frog"));
 * ```
 */
export function inspection(found: Inspection, options: InspectionOptions = {}): Chart {
  const { labels, target, score, threshold } = found;
  if (labels.length === 0) throw new RangeError("inspection: expected evidence of labels but found none");
  const { title = "Inspection for a backdoor", classes = labels.map(({ label }) => String(label)) } = options;
  if (classes.length !== labels.length) {
    throw new RangeError(
      `inspection: expected ${labels.length} names of labels but found ${classes.length}`,
    );
  }
  const verdict = `${
    target === null ? "Does not look infected" : `Looks infected, towards ${classes[target]}`
  }: score ${score.toFixed(2)}; from ${threshold} on a model looks infected`;
  const legend = Object.entries(KINDS).map(([label, colour]): LegendItem => ({ label, colour, kind: "dot" }));
  legend.push({ label: "score", colour: MUTED, kind: "line" });
  legend.push({ label: "threshold", colour: SERIES.orange, kind: "dashed" });
  const layout = layoutOf(classes);
  const panels = [{
    title: "How much more speaks for it than for the median label (ln)",
    plot: (plot: PlotModule) => plotEvidence(plot, found, layout),
  }];
  const spec = {
    title,
    subtitle: options.subtitle ?? verdict,
    description: `${verdict}. Evidence of ${counted(labels.length, "label")}.`,
    legend,
    panels,
    panelHeight: layout.marginTop + DOTS + layout.marginBottom,
  };
  return new Chart(title, () => draw(spec));
}

/** Where everything is, in pixels. */
interface Layout {
  readonly classes: readonly string[];
  /** A picture's longer side; 0: there is no room for any. */
  readonly side: number;
  readonly marginTop: number;
  readonly marginBottom: number;
  /** Every how manieth label is named. */
  readonly every: number;
}

function layoutOf(classes: readonly string[]): Layout {
  const cell = (WIDTH - LEFT - RIGHT) / classes.length;
  const side = cell - GAP < LEAST ? 0 : Math.min(MOST, cell - GAP);
  const named = Math.max(cell, 40);
  return {
    classes: classes.map((name) => fitted(name, named)),
    side,
    marginTop: 24,
    marginBottom: side === 0 ? 10 : 10 + 2 * (side + GAP),
    every: Math.ceil(Math.min(named, Math.max(...classes.map((name) => widthOf(name)))) / cell),
  };
}

function plotEvidence(
  plot: PlotModule,
  { labels, target, threshold }: Inspection,
  layout: Layout,
): PlotOptions {
  const { classes, side, marginTop, marginBottom, every } = layout;
  const dots = labels.flatMap(({ label, advantages }) =>
    (Object.keys(KINDS) as Kind[]).map((kind): Dot => ({ label, kind, advantage: advantages[kind] }))
  );
  const rows = side === 0 ? [] : (["patch", "overlay"] as const).map((kind, row) => ({ kind, row }));
  const below = (row: number) => GAP + 4 + row * (side + GAP);
  return {
    marginLeft: LEFT,
    marginRight: RIGHT,
    marginTop,
    marginBottom,
    x: {
      type: "band",
      domain: labels.map(({ label }) => label),
      axis: "top",
      label: null,
      tickSize: 0,
      ticks: labels.map(({ label }) => label).filter((_, i) => i % every === 0),
      tickFormat: (label: number) => classes[label],
      padding: 0,
    },
    y: { nice: true },
    marks: [
      plot.cell(target === null ? [] : [target], {
        x: (label: number) => label,
        fill: SERIES.orange.light,
        fillOpacity: 0.12,
      }),
      plot.ruleY([0], { stroke: MUTED.light, strokeOpacity: 0.5 }),
      plot.tickY(labels, {
        x: "label",
        y: "score",
        stroke: MUTED.light,
        strokeWidth: 2,
        insetLeft: GAP,
        insetRight: GAP,
      }),
      plot.ruleY([threshold], { stroke: SERIES.orange.light, strokeWidth: 1.5, strokeDasharray: "5 3" }),
      ...Object.entries(KINDS).map(([kind, { light }], i) =>
        plot.dot(dots.filter((dot) => dot.kind === kind), {
          x: "label",
          y: "advantage",
          dx: 7 * (i - 1.5),
          r: 3.5,
          fill: light,
        })
      ),
      ...rows.flatMap(({ kind, row }) => [
        plot.text([kind], {
          text: (kind: string) => kind,
          frameAnchor: "bottom-left",
          textAnchor: "end",
          lineAnchor: "middle",
          dx: -8,
          dy: below(row) + side / 2,
          fontSize: SIZE,
          fill: INK.light,
        }),
        plot.image(labels, {
          x: "label",
          src: (evidence: LabelEvidence) => pictureOf(evidence, kind),
          width: side,
          height: side,
          frameAnchor: "bottom",
          dy: below(row) + side / 2,
          imageRendering: "pixelated",
        }),
      ]),
    ],
  };
}

/** A trigger over black: a patch as far as its mask shows it, an overlay as if it covered all. */
function pictureOf({ patch, overlay }: LabelEvidence, kind: "patch" | "overlay"): string {
  const { pattern: { data, shape }, mask } = kind === "patch" ? patch : overlay;
  if (kind === "overlay") return pictureUrl(data, shape);
  return pictureUrl(data.map((value, i) => value * mask.data[i % mask.data.length]), shape);
}
