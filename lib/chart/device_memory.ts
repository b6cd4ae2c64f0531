/**
 * What a device holds over time: bytes in use and bytes reserved, with the budget where there is one.
 *
 * @module
 */
import { formatBytes } from "../device/bytes.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type Panel, type PlotModule, type PlotOptions } from "./draw.ts";
import { BACKGROUND, INK, MUTED, SERIES } from "./theme.ts";
import { thin } from "./thin.ts";

/** A device's memory at one moment; what `device.memory()` gives, with a place on the horizontal axis. */
export interface MemorySample {
  /** When: a step, a number of operators, milliseconds; see {@linkcode MemoryOptions.at}. */
  readonly at: number;
  /** Bytes in use. */
  readonly liveBytes: number;
  /** Bytes reserved from the machine, in use or cached. */
  readonly reservedBytes?: number;
}

/** Settings of {@linkcode deviceMemory}. */
export interface MemoryOptions {
  /** Default "Device memory". */
  readonly title?: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** What the horizontal axis counts, with its unit; default "training step". */
  readonly at?: string;
  /** The most bytes that may be reserved, drawn as a line. */
  readonly budgetBytes?: number;
  /** Where a part of the time begins, and its name, such as forward and backward. */
  readonly phases?: readonly { readonly at: number; readonly label: string }[];
}

/**
 * Memory as a filled curve of the bytes in use, the bytes reserved as a dashed line above it. Peaks are kept however
 * long the series is.
 *
 * @throws {RangeError} when there is no sample.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu();
 * const samples = [{ at: 0, ...device.memory() }];
 * using x = ebb.zeros([1 << 20], { device });
 * samples.push({ at: 1, ...device.memory() });
 * assert(ebb.chart.deviceMemory(samples).svg.includes("MiB"));
 * ```
 */
export function deviceMemory(samples: readonly MemorySample[], options: MemoryOptions = {}): Chart {
  const { title = "Device memory", subtitle, at = "training step", budgetBytes = Infinity } = options;
  if (samples.length === 0) throw new RangeError("deviceMemory: expected samples but found none");
  const live = samples.map((row) => ({ at: row.at, bytes: row.liveBytes }));
  const reserved = samples.flatMap((row) =>
    row.reservedBytes === undefined ? [] : [{ at: row.at, bytes: row.reservedBytes }]
  );
  const budget = Number.isFinite(budgetBytes) ? [{ at: samples[0].at, bytes: budgetBytes }] : [];
  const peak = highest(live);
  const top = highest([...live, ...reserved, ...budget]).bytes;
  const [unit, unitBytes] = unitOf(top);

  const legend: LegendItem[] = [{ label: "in use", colour: SERIES.blue, kind: "area" }];
  if (reserved.length > 0) legend.push({ label: "reserved", colour: SERIES.magenta, kind: "dashed" });
  if (budget.length > 0) legend.push({ label: "budget", colour: SERIES.orange, kind: "line" });
  const description = `Memory in use by ${at}; ${formatBytes(peak.bytes)} at its highest.`;
  const data = {
    at,
    live: thin(live, [(row) => row.bytes]),
    reserved: thin(reserved, [(row) => row.bytes]),
    budget,
    peak,
    phases: [...options.phases ?? []],
    unitBytes,
    top: top / unitBytes * 1.1,
  };
  const panel: Panel = { title: `Memory (${unit})`, plot: (plot) => plotMemory(plot, data) };
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels: [panel] }));
}

/** Bytes at a place on the horizontal axis. */
interface Point {
  readonly at: number;
  readonly bytes: number;
}

interface MemoryData {
  readonly at: string;
  readonly live: readonly Point[];
  readonly reserved: readonly Point[];
  readonly budget: readonly Point[];
  readonly peak: Point;
  readonly phases: readonly { readonly at: number; readonly label: string }[];
  readonly unitBytes: number;
  /** Where the vertical axis ends, in the unit. */
  readonly top: number;
}

function plotMemory(plot: PlotModule, data: MemoryData): PlotOptions {
  const { live, reserved, budget, peak, phases, unitBytes } = data;
  const x = "at";
  const y = ({ bytes }: Point) => bytes / unitBytes;
  const [begin, end] = [live[0].at, live.at(-1)!.at];
  /** Labels stand to the right of their place, or to the left near the right end. */
  const beside = (place: { readonly at: number }) =>
    place.at > begin + 0.85 * (end - begin)
      ? { textAnchor: "end", dx: -5 } as const
      : { textAnchor: "start", dx: 5 } as const;
  const halo = { fill: INK.light, stroke: BACKGROUND.light, strokeWidth: 4, fontWeight: 600 };
  return {
    x: { label: data.at },
    y: { domain: [0, data.top] },
    marks: [
      plot.areaY(live, { x, y, fill: SERIES.blue.light, fillOpacity: 0.2 }),
      plot.lineY(live, { x, y, stroke: SERIES.blue.light }),
      plot.lineY(reserved, { x, y, stroke: SERIES.magenta.light, strokeDasharray: "5 3" }),
      plot.ruleY(budget, { y, stroke: SERIES.orange.light, strokeWidth: 2 }),
      plot.ruleX(phases, { x, stroke: MUTED.light, strokeOpacity: 0.5 }),
      phases.map((phase) =>
        plot.text([phase], {
          x,
          text: "label",
          frameAnchor: "top",
          dy: 2,
          fill: MUTED.light,
          ...beside(phase),
        })
      ),
      plot.dot([peak], { x, y, r: 3.5, fill: SERIES.blue.light }),
      plot.text([peak], { x, y, text: () => formatBytes(peak.bytes), dy: -10, ...halo, ...beside(peak) }),
    ],
  };
}

/** The row of the most bytes. */
export function highest<Row extends { readonly bytes: number }>(points: readonly Row[]): Row {
  return points.reduce((a, b) => b.bytes > a.bytes ? b : a);
}

/** The unit in which the largest of the values reads best, and its bytes. */
export function unitOf(bytes: number): [string, number] {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const index = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return [units[index], 1024 ** index];
}
