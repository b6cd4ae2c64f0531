/**
 * What models call the images that they are shown, as a matrix: a model with a backdoor gives itself away by one label
 * that it gives too often.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkShare } from "./evaluation.ts";
import { BACKGROUND, INK, MUTED, SCALE, SCALE_TURN, SERIES } from "./theme.ts";
import { counted, fitted, SIZE, widthOf } from "./words.ts";

/** Settings of {@linkcode labelMatrix}. */
export interface LabelMatrixOptions {
  /** Default "Predicted labels". */
  readonly title?: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** Names of the rows; default: their numbers from 0 on. */
  readonly rows?: readonly string[];
  /** Names of the columns; default: their numbers from 0 on. */
  readonly classes?: readonly string[];
  /** Of each row the class whose cell is marked, such as the attack's target; `null` for a row without one. */
  readonly targets?: readonly (number | null)[];
}

/** A share in the matrix. */
interface Cell {
  readonly row: number;
  readonly column: number;
  readonly share: number;
}

/** Width of the panel with its margins, in pixels; the most that names of rows take of it. */
const [WIDTH, NAMES] = [728, 170];
/** Height of a row; the least width of a cell that has a number in it. */
const [ROW, NUMBERED] = [24, 14];
/** The most height that names of classes take where they are turned. */
const TURNED = 90;

/**
 * A heat map of shares, of a row for each model and a column for each class: the darker (in dark surroundings: the
 * brighter), the more, with the numbers in percent in the cells where there is room. Targets have a frame.
 *
 * @param matrix a row for each model, in each a share for each class, such as how often the model predicts the class
 * @throws {RangeError} when there is no row or no class, rows differ in length, a share is outside 0 to 1, a list of
 * names or of targets is of another length, or a target is no class.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const chart = ebb.chart.labelMatrix([[0.9, 0.06, 0.04], [0.3, 0.4, 0.3]], {
 *   rows: ["infected", "benign"],
 *   classes: ["cat", "dog", "frog"],
 *   targets: [0, null],
 * });
 * assert(chart.svg.includes("infected"));
 * ```
 */
export function labelMatrix(matrix: readonly ArrayLike<number>[], options: LabelMatrixOptions = {}): Chart {
  const [height, width] = [matrix.length, matrix[0]?.length ?? 0];
  if (width === 0) {
    throw new RangeError(
      `labelMatrix: expected rows with a share for each class but found ${
        height === 0 ? "no row" : "no class"
      }`,
    );
  }
  const { title = "Predicted labels", subtitle, targets = matrix.map(() => null) } = options;
  const { rows = numbers(height), classes = numbers(width) } = options;
  checkLength("names of rows", rows, height);
  checkLength("names of classes", classes, width);
  checkLength("targets", targets, height);
  const cells = matrix.flatMap((shares, row) => {
    if (shares.length !== width) {
      throw new RangeError(
        `labelMatrix: expected rows of one length but found ${width} shares in row 0 and ${shares.length} in row ${row}`,
      );
    }
    return Array.from(shares, (share, column): Cell => {
      checkShare("labelMatrix", `column ${column} of row ${row}`, share);
      return { row, column, share };
    });
  });
  const marked = targets.flatMap((column, row) => {
    if (column === null) return [];
    if (!(column in classes)) {
      throw new RangeError(
        `labelMatrix: expected targets to be classes from 0 to ${width - 1} or null but found ${column}`,
      );
    }
    return [cells[row * width + column]];
  });
  const description = `Predicted labels of ${counted(height, "row")} over ${width} classes.` +
    (marked.length > 0 ? ` ${meanOf(marked)} % on average at the target.` : "");
  const legend: LegendItem[] = marked.length > 0
    ? [{ label: "target", colour: SERIES.orange, kind: "frame" }]
    : [];
  const layout = layoutOf(rows, classes);
  const panelHeight = layout.marginTop + ROW * height + layout.marginBottom;
  const panels = [{
    title: "Share of predictions (%)",
    plot: (plot: PlotModule) => plotMatrix(plot, cells, marked, layout),
  }];
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels, panelHeight }));
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

function checkLength(what: string, list: readonly unknown[], expected: number): void {
  if (list.length !== expected) {
    throw new RangeError(`labelMatrix: expected ${expected} ${what} but found ${list.length}`);
  }
}

function meanOf(cells: readonly Cell[]): string {
  return (100 * cells.reduce((sum, { share }) => sum + share, 0) / cells.length).toFixed(1);
}

/** Names and the room that they take, in pixels. */
interface Layout {
  readonly rows: readonly string[];
  readonly classes: readonly string[];
  readonly marginLeft: number;
  readonly marginTop: number;
  readonly marginBottom: number;
  /** Width of a cell. */
  readonly cell: number;
  /** Whether names of classes stand upright. */
  readonly turned: boolean;
}

function layoutOf(rows: readonly string[], classes: readonly string[]): Layout {
  const names = rows.map((name) => fitted(name, NAMES));
  const marginLeft = 14 + Math.max(...names.map((name) => widthOf(name)));
  const cell = (WIDTH - marginLeft - 4) / classes.length;
  const longest = Math.max(...classes.map((name) => widthOf(name)));
  const turned = 0.95 * longest > cell;
  const marginTop = turned ? 14 + Math.min(TURNED, longest) : 24;
  return { rows: names, classes, marginLeft, marginTop, marginBottom: 8, cell, turned };
}

function plotMatrix(
  plot: PlotModule,
  cells: readonly Cell[],
  marked: readonly Cell[],
  layout: Layout,
): PlotOptions {
  const { rows, classes, cell, turned, ...margins } = layout;
  // Of names that stand upright those are left out that would run into each other.
  const every = Math.ceil(turned ? (SIZE + 1) / cell : 1);
  const at = { x: "column", y: "row" };
  const inset = cell > 10 ? 0.5 : 0;
  const fontSize = Math.min(SIZE, 0.55 * cell);
  const texts = cell < NUMBERED ? [] : cells;
  const isDark = ({ share }: Cell) => share > SCALE_TURN;
  return {
    ...margins,
    marginRight: 4,
    x: {
      type: "band",
      domain: [...classes.keys()],
      axis: "top",
      label: null,
      tickSize: 0,
      ticks: [...classes.keys()].filter((column) => column % every === 0),
      tickFormat: (column: number) => turned ? fitted(classes[column], TURNED) : classes[column],
      tickRotate: turned ? -90 : 0,
      padding: 0,
    },
    y: {
      type: "band",
      domain: [...rows.keys()],
      tickFormat: (row: number) => rows[row],
      grid: false,
      padding: 0,
    },
    opacity: { domain: [0, 1] },
    marks: [
      plot.cell(cells, {
        ...at,
        fill: SCALE.light,
        fillOpacity: ({ share }: Cell) => Number(share.toFixed(3)),
        stroke: MUTED.light,
        strokeOpacity: 0.25,
        inset,
      }),
      plot.text(texts.filter(isDark), { ...at, text: inPercent, fill: BACKGROUND.light, fontSize }),
      plot.text(texts.filter((cell) => !isDark(cell)), { ...at, text: inPercent, fill: INK.light, fontSize }),
      plot.cell(marked, {
        ...at,
        fill: "none",
        stroke: SERIES.orange.light,
        strokeWidth: Math.min(2.5, cell / 4),
        inset: 1,
      }),
    ],
  };
}

function inPercent({ share }: Cell): string {
  return (100 * share).toFixed(0);
}
