/**
 * What a device holds, as numbers, in a line, and as a bar for a notebook.
 *
 * @module
 */
import { escaped } from "../notebook/mod.ts";
import { formatBytes } from "./bytes.ts";

/** What a device holds, in bytes; `storages` counts the blocks that tensors hold. */
export interface MemoryReport {
  /** Bytes in use. */
  liveBytes: number;
  /** Bytes reserved from the machine, in use or cached. */
  reservedBytes: number;
  /** The most bytes that were reserved at once. */
  peakBytes: number;
  /** Bytes that may be reserved; `Infinity` without a budget. */
  budgetBytes: number;
  /** Storages alive. */
  storages: number;
}

/** What a device of that name holds, in a line. */
export function describeMemory(name: string, report: MemoryReport): string {
  const { liveBytes, reservedBytes, peakBytes, budgetBytes, storages } = report;
  const budget = budgetBytes === Infinity ? "" : ` of ${formatBytes(budgetBytes)}`;
  return `Device(${name}): ${formatBytes(liveBytes)} live in ${storages} storage${
    storages === 1 ? "" : "s"
  }, ` +
    `${formatBytes(reservedBytes)} reserved, at most ${formatBytes(peakBytes)}${budget}`;
}

/** Colours that the colour-blind tell apart: live, cached, and where the peak was. */
const [LIVE, CACHED, PEAK] = ["#2a78a8", "#a8cfe3", "#d55e00"];

/** The same as a bar: what is live, what is cached, and a mark at the peak, of the budget or else of the peak. */
export function displayMemory(name: string, report: MemoryReport): Record<string, string> {
  const { liveBytes, reservedBytes, peakBytes, budgetBytes } = report;
  const text = describeMemory(name, report);
  const whole = Math.max(1, budgetBytes === Infinity ? peakBytes : budgetBytes);
  const share = (bytes: number) => `${Math.min(100, 100 * bytes / whole).toFixed(2)}%`;
  const part = (bytes: number, colour: string) =>
    `<div style="position:absolute;height:100%;width:${share(bytes)};background:${colour}"></div>`;
  const bar = `<div style="position:relative;width:24em;max-width:100%;height:1em;border:1px solid #888">` +
    part(reservedBytes, CACHED) + part(liveBytes, LIVE) +
    `<div style="position:absolute;height:100%;left:calc(${
      share(peakBytes)
    } - 2px);width:2px;background:${PEAK}">` +
    `</div></div>`;
  return { "text/html": `<div>${bar}<div>${escaped(text)}</div></div>`, "text/plain": text };
}
