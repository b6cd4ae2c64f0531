/**
 * The grid's results: the leaderboard, all rows, and charts of both, as markdown and as a page.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { escaped, htmlTable } from "../../lib/notebook/mod.ts";
import { table } from "../peers/report.ts";
import { BENIGN } from "./benign.ts";
import { type Cell, infectedOf } from "./cells.ts";
import { INFECTED } from "./grid.ts";

type Summary = ebb.backdoor.SummaryRow;
/** A heading and rows below it. */
interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What was run, for the reader. */
export interface Run {
  /** Such as "mnist". */
  readonly size: string;
  readonly command: string;
  readonly machine: string;
}

/** Means and deviations over seeds of each attack, rate and model. */
export function summaries(cells: readonly Cell[]): Summary[] {
  return ebb.backdoor.summarise(cells).sort((a, b) =>
    b.rate! - a.rate! || (a.attack < b.attack ? -1 : Number(a.attack > b.attack)) || place(a) - place(b)
  );
}

/** The best defence first, between what it began with and the floor. */
function place({ model, der = 0 }: Summary): number {
  return model === INFECTED ? -2 : model === BENIGN ? 2 : -der;
}

/** A defence over attacks. */
export interface BoardRow extends Summary {
  /** How many attacks the means are over. */
  readonly attacks: number;
  /** How much clean accuracy went, against the very models that were repaired. */
  readonly lost: number;
  /** The attack that stays most, by its mean over seeds. */
  readonly worst: number;
}

/** Means over attacks, seed by seed, summed up over seeds. */
export function leaderboard(cells: readonly Cell[]): BoardRow[] {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const begun = new Map(
    cells.filter(({ model }) => model === INFECTED).map((cell) => [infectedOf(cell), cell]),
  );
  const boardRow = (own: readonly Cell[]): BoardRow => {
    const seeds = [...Map.groupBy(own, ({ seed }) => seed).values()].map(
      (group): ebb.backdoor.EvaluationRow => {
        const of = (key: "acc" | "asr" | "ra" | "der") => mean(group.map((row) => row[key]!));
        const [{ rate, model, seed, der }] = group;
        const figures = {
          acc: of("acc"),
          asr: of("asr"),
          ra: of("ra"),
          ...(der !== undefined && { der: of("der") }),
        };
        return { attack: "all", rate, model, seed, ...figures };
      },
    );
    const each = ebb.backdoor.summarise(own);
    return {
      ...ebb.backdoor.summarise(seeds)[0],
      attacks: each.length,
      lost: mean(own.map((cell) => begun.get(infectedOf(cell))!.acc - cell.acc)),
      worst: Math.max(...each.map(({ asr }) => asr)),
    };
  };
  return [...Map.groupBy(cells, ({ rate, model }) => JSON.stringify([rate, model])).values()].map(boardRow)
    .sort((a, b) => b.rate! - a.rate! || place(a) - place(b));
}

/** All of it as markdown. */
export function markdown(cells: readonly Cell[], run: Run): string {
  const parts = tables(cells).map(({ title, head, rows }) => `## ${title}\n\n${table(head, rows)}`);
  return [`# Backdoors, ${run.size}`, sourceOf(cells, run), ...parts].join("\n\n") + "\n";
}

/** All of it as a page, with charts. */
export function page(cells: readonly Cell[], run: Run): string {
  const all = summaries(cells);
  const [board, each] = tables(cells).map(section);
  const charts = [...Map.groupBy(all, ({ rate }) => rate)].flatMap(([rate, rows]) => {
    const subtitle = `${percent(rate!)} of the training images poisoned`;
    return [
      ebb.chart.tradeOff(rows.filter(({ model }) => model !== BENIGN), { baseline: INFECTED, subtitle }),
      ebb.chart.cleanVsTrigger(rows, { subtitle }),
    ];
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Backdoors, ${escaped(run.size)}</title>
<style>
body { margin: 0 auto; max-width: 800px; padding: 24px 16px; font: 15px/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid #8884; }
figure svg { width: 100%; height: auto; }
</style>
<h1>Backdoors, ${escaped(run.size)}</h1>
<p>${escaped(sourceOf(cells, run))}</p>
${[board, ...charts.map((chart) => chart.html()), each].join("\n")}
</html>
`;
}

function tables(cells: readonly Cell[]): Table[] {
  const figures = ["ACC", "ASR", "RA", "DER"];
  return [{
    title: "Means over attacks",
    head: ["poisoned", "model", ...figures, "ACC lost", "worst ASR", "attacks", "seeds"],
    rows: leaderboard(cells).map((row) => [
      percent(row.rate!),
      row.model,
      ...figuresOf(row),
      row.model === INFECTED || row.model === BENIGN ? "–" : points(row.lost),
      points(row.worst),
      String(row.attacks),
      String(row.seeds),
    ]),
  }, {
    title: "Attack by attack",
    head: ["poisoned", "attack", "model", ...figures, "seeds"],
    rows: summaries(cells).map((
      row,
    ) => [percent(row.rate!), row.attack, row.model, ...figuresOf(row), String(row.seeds)]),
  }];
}

/** Points, with their deviation over seeds. */
function figuresOf(row: Summary): string[] {
  return (["acc", "asr", "ra", "der"] as const).map((key) => {
    const [mean, deviation] = [row[key], row[`${key}Std`]];
    if (mean === undefined) return "–";
    const spread = deviation === undefined ? "" : ` ± ${points(deviation)}`;
    return `${points(mean)}${spread}`;
  });
}

/** A share in percent, to a tenth; never "-0.0". */
function points(share: number): string {
  return (Math.round(1000 * share) / 10 + 0).toFixed(1);
}

function sourceOf(cells: readonly Cell[], { command, machine }: Run): string {
  const days = [...new Set(cells.map(({ date }) => date))].sort();
  const when = days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`;
  return `${when}, ${machine}: ${command}. Points; mean ± standard deviation over seeds. ASR and RA without images of ` +
    `the target class; "${INFECTED}" is before any defence, "${BENIGN}" was trained on clean images.`;
}

function percent(rate: number): string {
  return `${Number((100 * rate).toFixed(2))} %`;
}

function section({ title, head, rows }: Table): string {
  return `<h2>${escaped(title)}</h2>\n<div style="overflow-x:auto">${htmlTable(head, rows)}</div>`;
}
