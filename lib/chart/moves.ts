/**
 * What a plan of swap moves: for each storage when it is on the device in a step, when it is away, and from where on it
 * may come back.
 *
 * @module
 */
import { formatBytes } from "../device/bytes.ts";
import type { Plan, Trace } from "../swap/mod.ts";
import { originals } from "../swap/policy/recomputed.ts";
import { successors } from "../swap/trace.ts";
import { Chart } from "./chart.ts";
import { draw, type LegendItem, type PlotModule, type PlotOptions } from "./draw.ts";
import { checkStep, phaseMarks, phasesOf, wholeTicks } from "./step.ts";
import { BACKGROUND, INK, MUTED, SERIES } from "./theme.ts";
import { shortened, widthOf } from "./words.ts";

/** Settings of {@linkcode moves}. */
export interface MovesOptions {
  /** Default "What moves". */
  readonly title?: string;
  /** A line below the title; default: how much moves, and how much of it is shown. */
  readonly subtitle?: string;
  /** At most so many storages are shown, the largest; default 40. */
  readonly limit?: number;
}

/** A storage that moves. */
interface Row {
  readonly storage: number;
  readonly bytes: number;
  /** Who made it, and its size. */
  readonly label: string;
  readonly spans: readonly Span[];
  /** Positions for which it is away. */
  readonly away: number;
}

/** Positions from `from` up to `to`, that one not. */
interface Span {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

const COLOURS = {
  "on the device": SERIES.blue,
  away: SERIES.magenta,
  "may come back": SERIES.green,
  "dropped, computed again": MUTED,
};
type Kind = keyof typeof COLOURS;

/** Shares of the step: none is drawn shorter; ticks stand in those longer than that. */
const [LEAST, TICKED] = [1 / 320, 0.03];
/** Pixels a row, and those of axis and margins. */
const [ROW, FRAME] = [15, 56];

/**
 * One bar a storage that a plan moves, over the positions of the step, the largest first and of equal ones that which is
 * away longest: blue while it is on the device, a thin line while it is away, green where it may be on its way back (from
 * `prefetch` to `back`), a thin grey line while it is dropped, to be computed again. Small ticks in long bars are ops that use it. A row is named after the op that made the storage; one that
 * was there before the step after the op that uses it first (`for adam`). What is away over the end of the step begins
 * the next one away, so that it is also drawn at the beginning, in the row of the storage that it is then.
 *
 * @throws {RangeError} when the trace has no op, the plan is one of another trace, or `limit` is no whole number of at
 * least 1.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const trace: ebb.Trace = {
 *   names: ["matmul", "relu"],
 *   ops: [0, 1, 1, 0],
 *   phases: [0, 0, 1, 1],
 *   temporaries: [0, 0, 0, 0],
 *   opMs: null,
 *   stepMs: 4,
 *   storages: [{ bytes: 1 << 20, born: 0, died: 3, uses: [0, 3], origin: -1 }],
 * };
 * const plan = ebb.policy.compose(ebb.policy.candidates(), ebb.policy.fit({ budget: "0.5 MiB" }))(trace);
 * assert(ebb.chart.moves(trace, plan).svg.includes("matmul 1 MiB"));
 * ```
 */
export function moves(trace: Trace, plan: Plan, options: MovesOptions = {}): Chart {
  checkStep("moves", trace, plan);
  const { title = "What moves", limit = 40 } = options;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`moves: expected limit to be a whole number of at least 1 but found ${limit}`);
  }
  const all = rowsOf(trace, plan);
  const rows = all.slice(0, limit);
  const description = inWords(plan, rows.length < all.length ? rows.length : undefined);
  const { subtitle = description } = options;
  const kinds = new Set(rows.flatMap(({ spans }) => spans.map(({ kind }) => kind as string)));
  const legend = Object.entries(COLOURS).filter(([kind]) => kinds.has(kind)).map((
    [label, colour],
  ): LegendItem => ({
    label,
    colour,
    kind: isThin(label as Kind) ? "line" : "dot",
  }));
  const panels = [{ title: "Storage", plot: (plot: PlotModule) => plotMoves(plot, trace, rows) }];
  const panelHeight = FRAME + ROW * (rows.length || 4);
  return new Chart(title, () => draw({ title, subtitle, description, legend, panels, panelHeight }));
}

/** What is there, but not on the device: a line and no bar. */
function isThin(kind: Kind): boolean {
  return kind === "away" || kind === "dropped, computed again";
}

/** What leaves, in words; `shown` where that is not all. */
function inWords({ moves, recomputed = [] }: Plan, shown?: number): string {
  const dropped = recomputed.reduce((sum, { storages }) => sum + storages.length, 0);
  if (moves.length + dropped === 0) return "Nothing leaves the device.";
  const bytes = formatBytes(moves.reduce((sum, move) => sum + move.bytes, 0));
  const count = new Set(moves.map(({ storage }) => storage)).size;
  const moved = `${count} ${count === 1 ? "storage moves" : "storages move"}, ${bytes} a step`;
  const what = [
    ...(count > 0 ? [moved] : []),
    ...(dropped > 0 ? [`${dropped} ${dropped === 1 ? "is" : "are"} computed again`] : []),
  ].join("; ");
  return shown === undefined ? `${what}.` : `${what}; the ${shown} largest are shown.`;
}

/** All that moves, the largest first. */
function rowsOf(trace: Trace, { moves, recomputed = [] }: Plan): Row[] {
  const { storages, ops } = trace;
  const { length } = ops;
  const next = successors(trace);
  const who = originals(trace, recomputed);
  const away = new Map<number, { kind: Kind; from: number; prefetch: number; to: number }[]>();
  const add = (storage: number, from: number, prefetch: number, to: number, kind: Kind = "away") => {
    const { born, died } = storages[storage];
    const [begin, end] = [Math.max(0, born, from), Math.min(length, died + 1, to)];
    if (begin >= end) return;
    const some = away.get(storage) ?? [];
    away.set(storage, some);
    some.push({ kind, from: begin, prefetch: Math.min(end, Math.max(begin, prefetch)), to: end });
  };
  for (const { storages: dropped, back } of recomputed) {
    for (const { storage, out } of dropped) add(storage, out + 1, back, back, "dropped, computed again");
  }
  for (const { storage: index, out, back, until, prefetch } of moves) {
    const storage = who[index];
    // What is never used again is away until it is freed.
    const [early, to] = back === Infinity ? [Infinity, until + 1] : [prefetch, back];
    add(storage, out + 1, early, to);
    if (to > length && next[storage] >= 0) add(next[storage], 0, early - length, to - length);
  }
  return [...away].map(([storage, gaps]): Row => {
    const { bytes, born, died } = storages[storage];
    const spans: Span[] = [];
    let at = Math.max(0, born);
    for (const { kind, from, prefetch, to } of gaps.sort((a, b) => a.from - b.from)) {
      spans.push(
        { kind: "on the device", from: at, to: from },
        { kind, from, to: prefetch },
        { kind: "may come back", from: prefetch, to },
      );
      at = Math.max(at, to);
    }
    spans.push({ kind: "on the device", from: at, to: Math.min(length, died + 1) });
    return {
      storage,
      bytes,
      label: `${shortened(makerOf(trace, storage), 20)} ${formatBytes(bytes)}`,
      spans: spans.filter(({ from, to }) => to > from),
      away: gaps.reduce((sum, { from, to }) => sum + to - from, 0),
    };
  }).sort((a, b) => b.bytes - a.bytes || b.away - a.away || a.storage - b.storage);
}

/** The op that made a storage, in this step or in the one before; else the one that it is there for. */
function makerOf({ names, ops, storages }: Trace, storage: number): string {
  const { born, origin, uses } = storages[storage];
  const made = born >= 0 ? born : storages[origin]?.born ?? -1;
  if (made >= 0) return names[ops[made]] ?? "program"; // made by no op, after the last one
  return uses.length > 0 ? `for ${names[ops[uses[0]]]}` : "unused";
}

function plotMoves(plot: PlotModule, trace: Trace, rows: readonly Row[]): PlotOptions {
  const { length } = trace.ops;
  const labels = new Map(rows.map(({ storage, label }) => [storage, label]));
  const least = LEAST * length;
  const spans = (wanted: Kind) =>
    rows.flatMap(({ storage, spans }) =>
      spans.filter(({ kind }) => kind === wanted)
        .map(({ kind, from, to }) => ({
          storage,
          kind,
          from,
          to: Math.min(length, Math.max(to, from + least)),
        }))
    );
  const uses = rows.flatMap(({ storage, spans }) =>
    ticks(trace.storages[storage].uses, length)
      .filter((op) =>
        spans.some(({ kind, from, to }) =>
          kind === "on the device" && from <= op && op < to && to - from > TICKED * length
        )
      )
      .map((op) => ({ storage, at: op + 0.5 }))
  );
  const span = { y: "storage", x1: "from", x2: "to" };
  const colour = ({ kind }: Span) => COLOURS[kind].light;
  const widest = Math.max(0, ...rows.map(({ label }) => widthOf(label)));
  return {
    marginLeft: Math.max(44, 14 + widest),
    marginTop: 20,
    x: { label: "position in the step (ops)", domain: [0, length], ...wholeTicks(0, length) },
    y: {
      type: "band",
      domain: [...labels.keys()],
      tickFormat: (storage: number) => labels.get(storage)!,
      grid: false,
      padding: 0.25,
    },
    marks: [
      phaseMarks(plot, phasesOf(trace), -14),
      plot.barX([...spans("away"), ...spans("dropped, computed again")], {
        ...span,
        fill: colour,
        insetTop: 4.5,
        insetBottom: 4.5,
      }),
      plot.barX(spans("may come back"), { ...span, fill: colour }),
      plot.barX(spans("on the device"), { ...span, fill: colour }),
      plot.tickX(uses, { x: "at", y: "storage", stroke: BACKGROUND.light, insetTop: 3, insetBottom: 3 }),
      rows.length > 0 ? [] : plot.text(["Nothing leaves the device."], {
        frameAnchor: "middle",
        fill: INK.light,
        stroke: BACKGROUND.light,
        strokeWidth: 4,
      }),
    ],
  };
}

/** Ops that use a storage, no more of them than can be told apart. */
function ticks(uses: readonly number[], length: number): number[] {
  const apart = length / 250;
  const out: number[] = [];
  for (const op of uses) if (out.length === 0 || op - out.at(-1)! >= apart) out.push(op);
  return out;
}
