/**
 * Draws a chart: a heading, a legend and one panel or several side by side, each drawn by Observable Plot. The result is
 * one SVG with nothing outside it, since Plot's own titles and legends are HTML around an SVG.
 *
 * Charts are drawn synchronously, so that Plot and the document that it draws on must be loaded with the library. `import
 * defer` keeps that cheap: they are loaded, but run only when the first chart is drawn.
 *
 * @module
 */
import defer * as linkedom from "npm:linkedom@0.18.12";
import defer * as Plot from "npm:@observablehq/plot@0.6.17";
import { BACKGROUND, CLASS, type Colour, FONTS, INK, MUTED, styleSheet } from "./theme.ts";
import { widthOf } from "./words.ts";

/** Observable Plot. */
export type PlotModule = typeof Plot;
/** What a panel is drawn from: the argument of `Plot.plot`. */
export type PlotOptions = Plot.PlotOptions;

/** A series in the legend. */
export interface LegendItem {
  /** The series' name. */
  readonly label: string;
  /** Its colour. */
  readonly colour: Colour;
  /** How it is drawn. */
  readonly kind: "line" | "dashed" | "area" | "band" | "dot" | "frame";
}

/** One pair of axes. */
export interface Panel {
  /** What is on the vertical axis, with its unit; stands above the panel. */
  readonly title: string;
  /** Marks and scales, without sizes, margins and document. */
  readonly plot: (plot: PlotModule) => PlotOptions;
}

/** All that a chart shows, as plain data but for the panels' functions. */
export interface ChartSpec {
  /** What the chart shows, in a line. */
  readonly title: string;
  /** What the reader should see, or under which conditions it was measured, in a line. */
  readonly subtitle?: string;
  /** The same for someone who cannot see it, in a sentence or two. */
  readonly description: string;
  /** Which series is which; none for a single one. */
  readonly legend?: readonly LegendItem[];
  /** Side by side, of equal width. */
  readonly panels: readonly Panel[];
  /** Pixels; default 760. */
  readonly width?: number;
  /** Height of the panels in pixels, without heading and legend; default 240. */
  readonly panelHeight?: number;
}

const SPACE = 16; // around everything
const GAP = 24; // between panels
const MARGINS = { marginLeft: 44, marginRight: 12, marginTop: 10, marginBottom: 36 };

/** The chart as an SVG file's text. */
export function draw(spec: ChartSpec): string {
  const { title, description, panels, width = 760, panelHeight = 240 } = spec;
  const document = new linkedom.DOMParser()
    .parseFromString(`<svg xmlns="${SVG}"></svg>`, "image/svg+xml") as unknown as Document;
  const root = document.documentElement;
  add(root, "desc", {}, description);
  add(root, "style", {}, styleSheet());
  const background = add(root, "rect", { width: "100%", fill: BACKGROUND.light });
  const top = heading(root, spec) + (panels.some((panel) => panel.title !== "") ? 30 : 10);
  const panelWidth = (width - 2 * SPACE - GAP * (panels.length - 1)) / panels.length;
  panels.forEach((panel, index) => {
    const x = SPACE + index * (panelWidth + GAP);
    add(root, "text", { x, y: top, fill: MUTED.light }, panel.title);
    const group = add(root, "g", {
      transform: `translate(${x},${top})`,
      fill: MUTED.light,
      "text-anchor": "middle",
      "font-size": 11,
    });
    const { x: xAxis, y: yAxis, ...plot } = panel.plot(Plot);
    const drawn = Plot.plot({
      ...MARGINS,
      ...plot,
      x: { tickSize: 4, ...xAxis },
      y: { tickSize: 0, ticks: 5, grid: true, label: null, ...yAxis },
      document,
      width: panelWidth,
      height: panelHeight,
    });
    // The parts without their frame: a nested svg would be cut off and sized by rules for whole ones.
    for (const part of [...drawn.childNodes]) {
      if (part.nodeName.toLowerCase() !== "style") group.appendChild(part);
    }
  });
  const height = top + panelHeight + SPACE / 2;
  set(background, { height });
  set(root, {
    xmlns: SVG,
    class: CLASS,
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "font-family": FONTS,
    "font-size": 12,
    role: "img",
    "aria-label": title,
  });
  return root.outerHTML;
}

/** Title, subtitle and legend; gives the height of the last line. */
function heading(root: Element, { title, subtitle, legend = [] }: ChartSpec): number {
  let y = SPACE + 13;
  add(root, "text", { x: SPACE, y, fill: INK.light, "font-size": 15, "font-weight": 600 }, title);
  if (subtitle !== undefined) add(root, "text", { x: SPACE, y: y += 20, fill: MUTED.light }, subtitle);
  if (legend.length === 0) return y;
  y += 24;
  let x = SPACE;
  for (const item of legend) {
    swatch(root, item, x, y - 4);
    add(root, "text", { x: x + 24, y, fill: INK.light }, item.label);
    x += 24 + widthOf(item.label, 12) + 20;
  }
  return y;
}

/** A sample of how a series is drawn, 18 pixels wide, about the height `y`. */
function swatch(root: Element, { colour: { light }, kind }: LegendItem, x: number, y: number): void {
  if (kind === "dot") {
    add(root, "circle", { cx: x + 9, cy: y, r: 4, fill: light });
    return;
  }
  if (kind === "frame") {
    const frame = { x: x + 2, y: y - 5, width: 14, height: 10, fill: "none" };
    add(root, "rect", { ...frame, stroke: light, "stroke-width": 2 });
    return;
  }
  if (kind === "area" || kind === "band") {
    add(root, "rect", { x, y: y - 5, width: 18, height: 10, fill: light, "fill-opacity": 0.2 });
  }
  if (kind === "band") return;
  const top = kind === "area" ? y - 5 : y;
  const line = add(root, "line", { x1: x, x2: x + 18, y1: top, y2: top, stroke: light, "stroke-width": 2 });
  if (kind === "dashed") set(line, { "stroke-dasharray": "5 3" });
}

const SVG = "http://www.w3.org/2000/svg";

type Attributes = Record<string, string | number>;

function add(parent: Element, name: string, attributes: Attributes, text?: string): Element {
  const element = parent.ownerDocument.createElementNS(SVG, name);
  set(element, attributes);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}

function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
