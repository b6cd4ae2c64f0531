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
  /** Where an element's own origin is, moved by all that it is in. */
  place(element: Element): [number, number];
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
  const words = svg.replaceAll(/base64,[^"]*/g, ""); // a picture's bytes may look like any word
  assertEquals(/NaN|undefined|Infinity|\[object/.exec(words)?.[0], undefined);
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
    place: placeOf,
    points: (path) =>
      [...path.getAttribute("d")!.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map((
        [, x, y],
      ) => [Number(x), Number(y)]),
  };
}

function placeOf(element: Element): [number, number] {
  const own = /translate\((-?[\d.]+),(-?[\d.]+)\)/.exec(element.getAttribute("transform") ?? "");
  const [x, y] = element.parentElement === null ? [0, 0] : placeOf(element.parentElement);
  return own === null ? [x, y] : [x + Number(own[1]), y + Number(own[2])];
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
