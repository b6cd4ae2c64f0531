/**
 * A chart as a value: a title, a picture as SVG, and a notebook's display. It is drawn when first looked at, so that a
 * chart that nobody sees costs nothing.
 *
 * @module
 */
import { DISPLAY } from "../notebook/mod.ts";
import { rasterise } from "./raster.ts";

/** Characters that XML cannot have, as of a name that was read from a faulty file. */
// deno-lint-ignore no-control-regex
const UNWRITABLE = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/**
 * A chart. Functions of this room make it; a notebook shows it as the value of a cell.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const chart = ebb.chart.deviceMemory([{ at: 0, liveBytes: 0 }, { at: 1, liveBytes: 4096 }]);
 * assert(chart.svg.startsWith("<svg")); // Deno.writeTextFile("memory.svg", chart.svg) keeps it
 * ```
 */
export class Chart {
  /** What the chart shows, in a line. */
  readonly title: string;
  readonly #draw: () => string;
  #svg: string | undefined;

  /**
   * Use the functions of `ebb.chart`.
   *
   * @param draw gives the picture as SVG; called once, when the chart is first looked at
   */
  constructor(title: string, draw: () => string) {
    this.title = title;
    this.#draw = draw;
  }

  /** The picture as a complete SVG file, readable in light and in dark surroundings. */
  get svg(): string {
    return this.#svg ??= this.#draw().replace(UNWRITABLE, "\ufffd");
  }

  /**
   * The picture as a PNG file, on white.
   *
   * @param options `scale`: pixels for each of the SVG's, default 2
   * @throws {RangeError} when the scale is not above 0, or above 16.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * const chart = ebb.chart.deviceMemory([{ at: 0, liveBytes: 0 }, { at: 1, liveBytes: 4096 }]);
   * const file = await chart.png({ scale: 1 });
   * assertEquals([...file.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
   * ```
   */
  async png({ scale = 2 }: { readonly scale?: number } = {}): Promise<Uint8Array<ArrayBuffer>> {
    return await rasterise(this.svg, scale);
  }

  /** The picture as a part of a page: `<figure>` with the SVG inside. */
  html(): string {
    return `<figure class="ebb-figure" style="margin:0">${this.svg}</figure>`;
  }

  /** What a notebook shows: MIME types and contents. */
  [DISPLAY](): Record<string, string> {
    return { "image/svg+xml": this.svg, "text/plain": this.toString() };
  }

  /** The title in a line; the picture is {@linkcode Chart.svg}. */
  toString(): string {
    return `Chart(${this.title})`;
  }
}
