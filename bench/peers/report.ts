/**
 * Statistics of what was measured, and the tables as markdown.
 *
 * @module
 */
import type { CaseResult, SideResult } from "./measure.ts";

/** Times of a side, in ms. */
export interface Summary {
  median: number;
  /** A fifth of the steps were faster: what a disturbed machine disturbs least, short of the minimum. */
  p20: number;
  min: number;
  /** (80th − 20th percentile) ÷ median. */
  spread: number;
  /** Steps timed. */
  count: number;
}

/** How far checks may differ, relative to values above 1. */
export const TOLERANCE = 1e-4;

/** The value below which the share `q` of sorted numbers lies. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** Summary of times, in any order. */
export function summarize(times: readonly number[]): Summary {
  const sorted = [...times].sort((a, b) => a - b);
  const [p20, median, p80] = [0.2, 0.5, 0.8].map((q) => quantile(sorted, q));
  return { median, p20, min: sorted[0], spread: (p80 - p20) / median, count: sorted.length };
}

/** A time ÷ Ebb's: of medians, of 20th percentiles, and the range of the rounds' medians. */
export interface Ratio {
  median: number;
  p20: number;
  low: number;
  high: number;
}

/** How much longer `other` takes than `base`. */
export function ratioOf(other: SideResult, base: SideResult): Ratio {
  const [a, b] = [other, base].map(({ rounds }) => summarize(rounds.flat()));
  const median = (times: number[]) => summarize(times).median;
  const byRound = other.rounds.map((times, i) =>
    median(times) / median(base.rounds[i] ?? base.rounds.flat())
  );
  return {
    median: a.median / b.median,
    p20: a.p20 / b.p20,
    low: Math.min(...byRound),
    high: Math.max(...byRound),
  };
}

/** The largest difference of any side's check from the first one's, relative to values above 1. */
export function disagreement({ sides }: CaseResult): number {
  const checks = Object.values(sides).map(({ check }) => check);
  return Math.max(
    0,
    ...checks.map((check) => {
      const difference = Math.abs(check - checks[0]) / Math.max(1, Math.abs(checks[0]));
      return Number.isNaN(difference) ? Infinity : difference;
    }),
  );
}

/** All results as markdown: every side's times, then the ratios to Ebb. */
export function markdown(results: Readonly<Record<string, CaseResult>>): string {
  return [timesTable(results), "", "Time ÷ Ebb's time:", "", ratioTable(results), ...skipLines(results)].join(
    "\n",
  );
}

function timesTable(results: Readonly<Record<string, CaseResult>>): string {
  const rows = Object.entries(results).flatMap(([name, { sides }]) =>
    Object.values(sides).map(({ title, rounds, check }) => {
      const times = rounds.flat();
      // Operations of microseconds are easier to read as such.
      const unit = summarize(times).median < 0.1 ? "µs" : "ms";
      const { median, p20, min, spread, count } = summarize(
        unit === "µs" ? times.map((ms) => ms * 1000) : times,
      );
      const numbers = [median, p20, min].map(show);
      return [name, title, unit, ...numbers, `${Math.round(spread * 100)} %`, count, check.toPrecision(7)];
    })
  );
  return table(["case", "library", "unit", "median", "p20", "min", "spread", "steps", "check"], rows);
}

function ratioTable(results: Readonly<Record<string, CaseResult>>): string {
  const others = new Map<string, string>();
  for (const { sides } of Object.values(results)) {
    for (const [key, { title }] of Object.entries(sides)) if (key !== "ebb") others.set(key, title);
  }
  const rows = Object.entries(results).map(([name, result]) => {
    const { ebb } = result.sides;
    const ratios = [...others.keys()].map((key) => {
      const other = result.sides[key];
      if (ebb === undefined || other === undefined) return "–";
      const { median, p20, low, high } = ratioOf(other, ebb);
      return `**${show(median)}** (p20 ${show(p20)}; rounds ${show(low)}–${show(high)})`;
    });
    const off = disagreement(result);
    return [
      name,
      ...ratios,
      off <= TOLERANCE ? off.toExponential(0) : `**${off.toExponential(0)}: DISAGREE**`,
    ];
  });
  return table(["case", ...others.values(), "checks differ by"], rows);
}

function skipLines(results: Readonly<Record<string, CaseResult>>): string[] {
  const found = Object.entries(results).flatMap(([name, { skipped }]) =>
    Object.entries(skipped).map(([key, reason]) => `- ${name}: ${key} skipped: ${reason}`)
  );
  return found.length > 0 ? ["", ...found] : [];
}

/** Three digits that count. */
function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Rows as a markdown table. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
