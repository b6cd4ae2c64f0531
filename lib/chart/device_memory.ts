/**
 * What a device holds over time: bytes in use and bytes reserved, with the budget where there is one.
 *
 * @module
 */
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
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
  const { title = "Device memory", subtitle, at = "training step", budgetBytes, phases = [] } = options;
  if (samples.length === 0) throw new RangeError("deviceMemory: expected samples but found none");
  samples = [...samples]; // the picture is drawn later, and the caller's list may go on growing
  const budget = budgetBytes !== undefined && Number.isFinite(budgetBytes) ? budgetBytes : undefined;
  const reserved = samples.filter(({ reservedBytes }) => reservedBytes !== undefined);
  const peak = samples.reduce((a, b) => b.liveBytes > a.liveBytes ? b : a);
  const highest = reserved.reduce(
    (most, { reservedBytes }) => Math.max(most, reservedBytes!),
    peak.liveBytes,
  );
  const [unit, bytes] = unitOf(Math.max(highest, budget ?? 0));
  const legend: LegendItem[] = [{ label: "in use", colour: SERIES.blue, kind: "area" }];
  if (reserved.length > 0) legend.push({ label: "reserved", colour: SERIES.magenta, kind: "dashed" });
  if (budget !== undefined) legend.push({ label: "budget", colour: SERIES.orange, kind: "line" });

  const plot = (plot: PlotModule): PlotOptions => {
    const live = { x: "at", y: (row: MemorySample) => row.liveBytes / bytes, curve: "linear" } as const;
    return {
      x: { label: at },
      y: { domain: [0, Math.max(highest, budget ?? 0) / bytes * 1.1] },
      marks: [
        plot.areaY(thin(samples, [(row) => row.liveBytes]), {
          x: "at",
          y2: live.y,
          y1: 0,
          fill: SERIES.blue.light,
          fillOpacity: 0.2,
        }),
        plot.lineY(thin(samples, [(row) => row.liveBytes]), { ...live, stroke: SERIES.blue.light }),
        plot.lineY(thin(reserved, [(row) => row.reservedBytes]), {
          x: "at",
          y: (row: MemorySample) => row.reservedBytes! / bytes,
          stroke: SERIES.magenta.light,
          strokeDasharray: "5 3",
        }),
        budget === undefined
          ? null
          : plot.ruleY([budget / bytes], { stroke: SERIES.orange.light, strokeWidth: 2 }),
        plot.ruleX(phases, { x: "at", stroke: MUTED.light, strokeOpacity: 0.5 }),
        plot.text(phases, {
          x: "at",
          text: "label",
          frameAnchor: "top-left",
          dx: 5,
          dy: 2,
          fill: MUTED.light,
        }),
        plot.dot([peak], { x: "at", y: live.y, r: 3.5, fill: SERIES.blue.light }),
        plot.text([peak], {
          x: "at",
          y: live.y,
          text: (row: MemorySample) => `${(row.liveBytes / bytes).toPrecision(3)} ${unit}`,
          dy: -10,
          fill: INK.light,
          stroke: BACKGROUND.light,
          strokeWidth: 4,
          fontWeight: 600,
        }),
      ],
    };
  };
  const spec = {
    title,
    subtitle,
    description: `Memory in use over the ${at}s; ${
      (peak.liveBytes / bytes).toPrecision(3)
    } ${unit} at its highest.`,
    legend,
    panels: [{ title: `Memory (${unit})`, plot }],
  };
  return new Chart(title, () => draw(spec));
}

/** The unit in which the largest of the values reads best, and its bytes. */
function unitOf(bytes: number): [string, number] {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const index = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return [units[index], 1024 ** index];
}
