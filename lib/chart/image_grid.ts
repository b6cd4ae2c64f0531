/**
 * Pictures side by side: the same images clean, with a trigger, after an attack, each with what the model takes it for.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkPicture, pictureUrl } from "../notebook/mod.ts";
import { INK, SERIES } from "./theme.ts";
import { counted, SIZE, wrapped } from "./words.ts";

/** A picture and the words below it. */
export interface GridImage {
  /** `[channels, height, width]`, 0 to 1; what is outside is clipped. */
  readonly pixels: ArrayLike<number>;
  /** Of the pixels; 1 channel is grey, 3 are red, green, blue. */
  readonly shape: readonly number[];
  /** Such as the label that a model predicts. */
  readonly caption?: string;
  /** Whether the caption is a wrong one: it is marked then. */
  readonly wrong?: boolean;
}

/** Pictures below each other. */
export interface GridColumn {
  /** Stands above the pictures, such as "clean" or "with trigger". */
  readonly title: string;
  /** From top to bottom, as many as in the other columns. */
  readonly images: readonly GridImage[];
}

/** Settings of {@linkcode imageGrid}. */
export interface ImageGridOptions {
  /** Default "Images". */
  readonly title?: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** What a marked caption is, for the legend; default "wrong". */
  readonly wrong?: string;
}

/** Width of all columns, and the least and the most of one, in pixels. */
const [WIDTH, LEAST, MOST] = [728, 72, 140];
/** Between columns, between a picture and its caption, and between rows. */
const [GAP, OVER, BETWEEN] = [12, 3, 12];
/** Height of a line of words. */
const LINE = 15;
/** Pictures that are enlarged at least so many times are so by a whole number; below that too much room would be lost. */
const WHOLE = 3;

/** A picture at its place. */
interface Cell {
  readonly column: number;
  readonly row: number;
  readonly url: string;
  readonly width: number;
  readonly height: number;
  /** In lines. */
  readonly caption: readonly string[];
  readonly wrong: boolean;
}

/**
 * A grid of pictures, enlarged with their pixels sharp. A row is an example, a column one way to show
 * it. Wrong captions are orange, with a frame round their picture. The pictures are PNGs inside the SVG.
 *
 * @throws {RangeError} when there is no column or no image, columns have not equally many, an image is not of shape
 * [1 or 3, height, width], or it has another number of pixels.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const shape = [1, 2, 2];
 * const chart = ebb.chart.imageGrid([
 *   { title: "clean", images: [{ pixels: [0, 1, 0, 1], shape, caption: "cat" }] },
 *   { title: "with trigger", images: [{ pixels: [0, 1, 0, 0], shape, caption: "dog", wrong: true }] },
 * ]);
 * assert(chart.svg.includes("data:image/png;base64,"));
 * ```
 */
export function imageGrid(columns: readonly GridColumn[], options: ImageGridOptions = {}): Chart {
  const { title = "Images", subtitle, wrong = "wrong" } = options;
  const rows = columns[0]?.images.length ?? 0;
  if (rows === 0) {
    throw new RangeError(
      `imageGrid: expected columns of images but found ${columns.length === 0 ? "no column" : "no image"}`,
    );
  }
  const other = columns.find(({ images }) => images.length !== rows);
  if (other !== undefined) {
    throw new RangeError(
      `imageGrid: expected ${rows} images in each column, as in "${columns[0].title}", ` +
        `but found ${other.images.length} in "${other.title}"`,
    );
  }
  const images = columns.flatMap(({ images }) => images);
  for (const { pixels, shape } of images) checkPicture("imageGrid", pixels, shape);
  const width = Math.min(MOST, Math.max(LEAST, Math.floor(WIDTH / columns.length)));
  const longest = Math.max(...images.flatMap(({ shape }) => [shape[1], shape[2]]));
  const times = (width - GAP) / longest;
  const side = longest * (times < WHOLE ? times : Math.floor(times));
  const cells = columns.flatMap(({ images }, column) =>
    images.map(({ pixels, shape, caption = "", wrong = false }, row): Cell => {
      const scale = side / Math.max(shape[1], shape[2]);
      return {
        column,
        row,
        url: pictureUrl(pixels, shape),
        width: shape[2] * scale,
        height: shape[1] * scale,
        caption: caption === "" ? [] : wrapped(caption, width - 2),
        wrong,
      };
    })
  );
  const marked = cells.filter(({ wrong }) => wrong).length;
  const description = `${counted(rows, "example")}: ${columns.map(({ title }) => title).join(", ")}.` +
    (marked > 0 ? ` ${marked} of ${cells.length} captions are marked ${wrong}.` : "");
  const legend: LegendItem[] = marked > 0 ? [{ label: wrong, colour: SERIES.orange, kind: "frame" }] : [];
  const titles = columns.map(({ title }) => wrapped(title, width - 2));
  const layout: Layout = {
    rows,
    width,
    side,
    sharp: times >= 1,
    below: BETWEEN + LINE * Math.max(...cells.map(({ caption }) => caption.length)),
    titles,
    marginTop: 8 + LINE * Math.max(...titles.map((lines) => lines.length)),
  };
  const panels = [{ title: "", plot: (plot: PlotModule) => plotGrid(plot, cells, layout) }];
  const spec = {
    title,
    subtitle,
    description,
    legend,
    panels,
    panelHeight: layout.marginTop + rows * (side + layout.below),
    width: 760 + Math.max(0, width * columns.length - WIDTH),
  };
  return new Chart(title, () => draw(spec));
}

/** Where everything is, in pixels. */
interface Layout {
  readonly rows: number;
  /** Of a column. */
  readonly width: number;
  /** The longer side of a picture. */
  readonly side: number;
  /** Whether pictures are enlarged and not made smaller. */
  readonly sharp: boolean;
  /** Height of what is below a picture. */
  readonly below: number;
  /** Lines of each column's title. */
  readonly titles: readonly (readonly string[])[];
  readonly marginTop: number;
}

function plotGrid(plot: PlotModule, cells: readonly Cell[], layout: Layout): PlotOptions {
  const { rows, width, side, sharp, below, titles, marginTop } = layout;
  const at = { x: "column", y: "row" };
  const caption = {
    ...at,
    text: ({ caption }: Cell) => caption.join("\n"),
    lineAnchor: "top",
    lineHeight: LINE / SIZE,
    dy: side / 2 - below / 2 + OVER,
  } as const;
  const wrong = cells.filter((cell) => cell.wrong);
  return {
    marginLeft: 0,
    marginRight: 0,
    marginTop,
    marginBottom: 0,
    // Columns are as wide as they are, however few there are.
    x: { axis: null, domain: [-0.5, -0.5 + Math.max(titles.length, WIDTH / width)] },
    y: { axis: null, domain: [-0.5, rows - 0.5], reverse: true, grid: false },
    marks: [
      plot.text(titles, {
        x: (_, i) => i,
        text: (lines: readonly string[]) => lines.join("\n"),
        frameAnchor: "top",
        lineAnchor: "bottom",
        lineHeight: LINE / SIZE,
        dy: -8,
        fontWeight: 600,
        fill: INK.light,
      }),
      plot.image(cells, {
        ...at,
        src: "url",
        width: "width",
        height: "height",
        dy: -below / 2,
        preserveAspectRatio: "none",
        imageRendering: sharp ? "pixelated" : "auto",
      }),
      plot.text(cells.filter((cell) => !cell.wrong), { ...caption, fill: INK.light }),
      plot.text(wrong, { ...caption, fill: SERIES.orange.light, fontWeight: 600 }),
      plot.rect(wrong, {
        x1: (cell: Cell) => cell.column - cell.width / width / 2,
        x2: (cell: Cell) => cell.column + cell.width / width / 2,
        y1: (cell: Cell) => cell.row - cell.height / (side + below) / 2,
        y2: (cell: Cell) => cell.row + cell.height / (side + below) / 2,
        dy: -below / 2,
        inset: -1.5,
        fill: "none",
        stroke: SERIES.orange.light,
        strokeWidth: 2,
      }),
    ],
  };
}
