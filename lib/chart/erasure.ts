/**
 * How a backdoor is erased: clean accuracy and attack success over the epochs or rounds of a defence.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkShare, distinct } from "./evaluation.ts";
import { wholeTicks } from "./step.ts";
import { type Colour, INK, MUTED, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";
import { percent, widthOf } from "./words.ts";

/** What was measured after an epoch; what was not measured is left out. */
export interface ErasureRow {
  /** Which epoch, or which round. */
  readonly epoch: number;
  /** Clean accuracy, 0 to 1. */
  readonly acc?: number;
  /** Attack success rate, 0 to 1. */
  readonly asr?: number;
  /** What the epoch did, such as "adversarial" or "clean". */
  readonly phase?: string;
}

/** Settings of {@linkcode erasure}. */
export interface ErasureOptions {
  /** Default "Erasing the backdoor". */
  readonly title?: string;
  /** A line below the title; default: both numbers at the beginning and at the end. */
  readonly subtitle?: string;
  /** What a row is, for the horizontal axis: default "epoch", or such as "round". */
  readonly x?: string;
}

/** Epochs of one phase in a row. */
interface Band {
  readonly phase: string;
  readonly from: number;
  readonly to: number;
  readonly colour: Colour;
}

/** Width and height of the panel without its margins, in pixels; of these on the right for the last numbers. */
const [WIDTH, HEIGHT, RIGHT] = [624, 180, 60];
/** Two numbers on the right stand so far apart at least. */
const APART = 14;
/** Colours of phases, by the order in which they first come; after the last the first again. */
const PHASES = [MUTED, SERIES.magenta, SERIES.green];
/** Of longer series the single points are not marked. */
const DOTS = 60;

/**
 * Clean accuracy and attack success as two curves, each ending in its number. Phases are faint bands behind them, with
 * their names where these fit; a phase whose name fits nowhere is in the legend.
 *
 * @param rows in any order
 * @throws {RangeError} when no row has a number, an epoch is none, or a share is outside 0 to 1.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = [
 *   { epoch: 0, acc: 0.93, asr: 0.99 },
 *   { epoch: 1, acc: 0.71, asr: 0.22, phase: "adversarial" },
 *   { epoch: 2, acc: 0.91, asr: 0.01, phase: "clean" },
 * ];
 * assert(ebb.chart.erasure(rows, { x: "round" }).svg.includes("adversarial"));
 * ```
 */
export function erasure(rows: readonly ErasureRow[], options: ErasureOptions = {}): Chart {
  const { title = "Erasing the backdoor", x = "epoch" } = options;
  for (const { epoch, acc, asr } of rows) {
    if (!Number.isFinite(epoch)) {
      throw new RangeError(`erasure: expected the epoch of every row to be a number but found ${epoch}`);
    }
    checkShare("erasure", `acc of ${x} ${epoch}`, acc);
    checkShare("erasure", `asr of ${x} ${epoch}`, asr);
  }
  const sorted = rows.toSorted((a, b) => a.epoch - b.epoch);
  const curves = [
    curveOf(sorted, "clean accuracy", SERIES.blue, ({ acc }) => acc),
    curveOf(sorted, "attack success", SERIES.orange, ({ asr }) => asr),
  ].filter(({ points }) => points.length > 0);
  if (curves.length === 0) {
    throw new RangeError(`erasure: expected rows with acc or asr but found none in ${rows.length} rows`);
  }
  const ends = curves.map(({ name, points }) =>
    `${name} ${percent(points[0].share)} → ${percent(points.at(-1)!.share)}`
  ).join(", ");
  const description = `${ends[0].toUpperCase()}${ends.slice(1)}.`;
  const { subtitle = description } = options;
  const [first, last] = [sorted[0].epoch, sorted.at(-1)!.epoch];
  const domain: [number, number] = first < last ? [first, last] : [first - 0.5, last + 0.5];
  const bands = bandsOf(sorted, domain);
  const perEpoch = WIDTH / (domain[1] - domain[0]);
  const named = bands.filter(({ phase, from, to }) => (to - from) * perEpoch >= widthOf(phase) + 8);
  const legend = curves.map(({ name, colour }): LegendItem => ({ label: name, colour, kind: "line" }));
  for (const { phase, colour } of bands) {
    if (![...named.map(({ phase }) => phase), ...legend.map(({ label }) => label)].includes(phase)) {
      legend.push({ label: phase, colour, kind: "band" });
    }
  }
  const plot = (plot: PlotModule) => plotErasure(plot, { x, first, last, domain, curves, bands, named });
  const panels = [{ title: "Share of images (%)", plot }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels }));
}

interface Curve {
  readonly name: string;
  readonly colour: Colour;
  readonly points: readonly { readonly epoch: number; readonly share: number }[];
}

function curveOf(
  rows: readonly ErasureRow[],
  name: string,
  colour: Colour,
  read: (row: ErasureRow) => number | undefined,
): Curve {
  const points = rows.flatMap((row) => {
    const share = read(row);
    return share === undefined ? [] : [{ epoch: row.epoch, share }];
  });
  return { name, colour, points: thin(points, [({ share }) => share]) };
}

/** Phases as bands: each from halfway to the epoch before its first up to halfway to the one after its last. */
function bandsOf(rows: readonly ErasureRow[], [begin, end]: [number, number]): Band[] {
  const names = distinct(rows.flatMap(({ phase }) => phase === undefined ? [] : [phase]));
  const half = (a: number) =>
    a < 0 ? begin : a + 1 === rows.length ? end : (rows[a].epoch + rows[a + 1].epoch) / 2;
  const bands: Band[] = [];
  rows.forEach(({ phase }, i) => {
    if (phase === undefined) return;
    const before = i > 0 && rows[i - 1].phase === phase ? bands.pop() : undefined;
    const colour = PHASES[names.indexOf(phase) % PHASES.length];
    bands.push({ phase, from: before?.from ?? half(i - 1), to: half(i), colour });
  });
  return bands;
}

interface ErasureData {
  readonly x: string;
  readonly first: number;
  readonly last: number;
  readonly domain: [number, number];
  readonly curves: readonly Curve[];
  readonly bands: readonly Band[];
  readonly named: readonly Band[];
}

function plotErasure(plot: PlotModule, data: ErasureData): PlotOptions {
  const { x, first, last, domain, curves, bands, named } = data;
  const at = { x: "epoch", y: ({ share }: { share: number }) => 100 * share };
  const ends = apart(curves);
  return {
    marginTop: 24,
    marginRight: RIGHT,
    x: { label: x, domain, ...wholeTicks(Math.ceil(first), Math.floor(last)) },
    y: { domain: [0, 100] },
    marks: [
      plot.rectY(bands, {
        x1: "from",
        x2: "to",
        y1: () => 0,
        y2: () => 100,
        fill: ({ colour }: Band) => colour.light,
        fillOpacity: 0.12,
      }),
      plot.text(named, {
        x: ({ from, to }: Band) => (from + to) / 2,
        text: "phase",
        frameAnchor: "top",
        dy: -14,
        fill: MUTED.light,
      }),
      curves.map(({ points, colour }, i) => [
        plot.lineY(points, { ...at, stroke: colour.light, strokeWidth: 2 }),
        points.length > DOTS ? [] : plot.dot(points, { ...at, r: 3.5, fill: colour.light }),
        plot.text([ends[i]], {
          y: (end) => end,
          text: () => percent(points.at(-1)!.share),
          frameAnchor: "right",
          textAnchor: "start",
          dx: 9,
          fill: INK.light,
          fontSize: 12,
          fontWeight: 600,
        }),
      ]),
    ],
  };
}

/** Where the numbers of the curves' ends stand, in percent: beside these, or as far from each other as they must be. */
function apart(curves: readonly Curve[]): number[] {
  const ends = curves.map(({ points }) => 100 * points.at(-1)!.share);
  if (ends.length < 2) return ends;
  const least = 100 * APART / HEIGHT;
  const [gap, middle] = [ends[0] - ends[1], (ends[0] + ends[1]) / 2];
  if (Math.abs(gap) >= least) return ends;
  const half = gap < 0 ? -least / 2 : least / 2;
  return [middle + half, middle - half];
}
