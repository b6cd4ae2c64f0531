/**
 * Reads a chart's SVG in tests.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DOMParser } from "npm:linkedom@0.18.12";

/** What a test asks of a picture. */
export interface Picture {
  /** The root element. */
  readonly root: Element;
  /** All texts that are drawn, in the order of the file. */
  readonly texts: readonly string[];
  /** The elements that `selector` names. */
  all(selector: string): Element[];
  /** The horizontal and vertical places of a path's points. */
  points(path: Element): [number, number][];
}

/**
 * A chart's picture, after looking at what holds for all: one complete file, every tag closed, nothing that was computed
 * from nothing.
 */
export function picture(svg: string): Picture {
  assert(svg.startsWith("<svg ") && svg.endsWith("</svg>"), svg.slice(0, 80));
  assertClosed(svg);
  assertEquals(/NaN|undefined|Infinity|\[object/.exec(svg)?.[0], undefined);
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement as unknown as Element;
  assertEquals(root.getAttribute("xmlns"), "http://www.w3.org/2000/svg");
  const [width, height] = ["width", "height"].map((name) => Number(root.getAttribute(name)));
  assertEquals(root.getAttribute("viewBox"), `0 0 ${width} ${height}`);
  assertEquals(root.querySelector("rect")?.getAttribute("height"), String(height), "an opaque background");
  const all = (selector: string) => [...root.querySelectorAll(selector)];
  return {
    root,
    texts: all("text").map((text) => text.textContent ?? ""),
    all,
    points: (path) =>
      [...path.getAttribute("d")!.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map((
        [, x, y],
      ) => [Number(x), Number(y)]),
  };
}

/** linkedom forgives what a browser refuses in a file: tags are matched here. */
function assertClosed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, rest] of svg.matchAll(/<(\/?)([A-Za-z]+)((?:[^<>"]|"[^"<]*")*)>/g)) {
    if (end) assertEquals(open.pop(), name);
    else if (!rest.endsWith("/")) open.push(name);
  }
  assertEquals(open, []);
  assertEquals(/&(?!(amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.exec(svg)?.[0], undefined, "an unknown entity");
}
