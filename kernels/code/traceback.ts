/**
 * What a cell shows of an error: name and message, the cell's own line with a mark under it, and the frames in which names
 * of the notebook's cells and files stand, not those of the kernel.
 *
 * @module
 */
import { originalPositionFor, TraceMap } from "npm:@jridgewell/trace-mapping@0.3.31";
import { CellSyntaxError, PREFIX } from "./compile.ts";
import type { Described } from "../guest/channel.ts";
import type { Call } from "../process/guest.ts";

/** A cell that was run. */
export interface Source {
  /** What it is called, such as "cell 3". */
  readonly name: string;
  readonly text: string;
  /** What its script is called. */
  readonly url: string;
  readonly map: string;
}

/** Where in a cell; counted from 1. */
interface Place {
  readonly source: Source;
  readonly line: number;
  readonly column: number;
}

/** An error as the protocol has it. */
export interface ErrorContent extends Record<string, unknown> {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const KERNEL = new URL("../", import.meta.url).href;
const [RED, BOLD, DIM, PLAIN] = ["\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"];

/** What to show of an error of a cell's code; `sources` are cells by number. */
export function tracebackOf(
  error: Described,
  calls: readonly Call[],
  sources: ReadonlyMap<number, Source>,
  cell: number,
): ErrorContent {
  const byUrl = new Map([...sources.values()].map((source) => [source.url, source]));
  const places: (Place | undefined)[] =
    (calls.length > 0 ? calls : callsOf(error, sources.get(cell)?.url ?? "")).map(
      ({ url, lineNumber, columnNumber }) => {
        const source = byUrl.get(url) ??
          (url === "" && error.frames.length === 0 ? sources.get(cell) : undefined);
        return source && placeOf(source, lineNumber, columnNumber);
      },
    );
  const awaited = error.awaited.filter(([, line]) => line > 0).flatMap(([number, line, column]) => {
    const source = sources.get(number);
    return source === undefined ? [] : [{ source, line, column }];
  });
  const frames = framesOf(error.frames, places);
  for (const place of awaited) {
    const text = `    at async ${nameOf(place)}`;
    if (!frames.includes(text)) frames.push(text);
  }
  const first = places.find((place) => place !== undefined) ?? awaited[0];
  return contentOf(error.name, error.message, [
    ...first === undefined ? [] : [excerptOf(first)],
    ...frames,
    ...error.causes.flatMap(causeOf),
  ]);
}

/** What is printed of an error that nobody caught, in code that a cell has left behind. */
export function uncaughtOf(
  how: string,
  error: Described,
  sources: ReadonlyMap<number, Source>,
  cell: number,
): string {
  return `${how} ${tracebackOf(error, [], sources, cell).traceback.join("\n")}\n`;
}

/** The calls of a stack as it is written, where V8 tells none: scripts are taken for the cell's. */
function callsOf({ frames }: Described, url: string): Call[] {
  return frames.filter((frame) => !/\(<anonymous>\)$/.test(frame)).map((frame) => {
    const [, line, column] = /<anonymous>:(\d+):(\d+)\)?$/.exec(frame) ?? [];
    if (line === undefined) return { url: "", lineNumber: 0, columnNumber: 0 };
    return { url, lineNumber: Number(line) - 1, columnNumber: Number(column) - 1 };
  });
}

/** A text in which places in a cell's script, as stacks have them, are those in the cell. */
export function withPlaces(text: string, source: Source | undefined): string {
  if (source === undefined || source.map === "" || !text.includes("<anonymous>:")) return text;
  return text.replace(/<anonymous>:(\d+):(\d+)/g, (whole, line, column) => {
    const place = placeOf(source, line - 1, column - 1);
    return place === undefined ? whole : nameOf(place);
  });
}

/** What to show of a cell that could not be compiled. */
export function syntaxErrorOf(error: CellSyntaxError, source: Source): ErrorContent {
  const place = { source, line: error.line, column: error.column };
  return contentOf(error.name, error.message, [excerptOf(place), `    at ${nameOf(place)}`]);
}

/** An error without a place. */
export function contentOf(name: string, message: string, lines: readonly string[] = []): ErrorContent {
  return { ename: name, evalue: message, traceback: [`${BOLD}${RED}${name}${PLAIN}: ${message}`, ...lines] };
}

function placeOf(source: Source, lineNumber: number, columnNumber: number): Place | undefined {
  const below = lineNumber - PREFIX + 1;
  if (below < 1) return undefined;
  const { line, column } = originalPositionFor(new TraceMap(source.map), {
    line: below,
    column: columnNumber,
  });
  return line === null ? undefined : { source, line, column: column + 1 };
}

/** The frames of a stack; those of scripts come in the order of the calls that V8 knows, whose places are better. */
function framesOf(frames: readonly string[], places: readonly (Place | undefined)[]): string[] {
  let call = -1;
  return frames.flatMap((frame) => {
    // V8 counts no calls of what is built into it.
    if (!/\(<anonymous>\)$/.test(frame)) call++;
    // Neither the kernel's own frames nor Deno's are of use here.
    if (frame.includes(KERNEL) || /\bext:/.test(frame)) return [];
    if (/\bat async /.test(frame) || !/<anonymous>:\d+:\d+\)?$/.test(frame)) {
      return /<anonymous>:\d+:\d+\)?$/.test(frame) ? [] : [frame];
    }
    const place = places[call];
    if (place === undefined) return [];
    return [frame.replace(/<anonymous>:\d+:\d+/, nameOf(place))];
  });
}

function nameOf({ source, line, column }: Place): string {
  return `${source.name}:${line}:${column}`;
}

/** A line with a mark, and the line before it. */
function excerptOf({ source, line, column }: Place): string {
  const lines = source.text.split("\n");
  const width = String(line).length;
  const shown = [line - 1, line].filter((number) => number >= 1 && number <= lines.length).map((number) =>
    `${DIM}${String(number).padStart(width)} |${PLAIN} ${cut(lines[number - 1])}`
  );
  const mark = `${" ".repeat(width)} ${DIM}|${PLAIN} ${
    " ".repeat(Math.max(0, Math.min(column, LONGEST) - 1))
  }${RED}^${PLAIN}`;
  return [`${DIM}${source.name}, line ${line}${PLAIN}`, ...shown, mark].join("\n");
}

/** Characters of a line that are shown. */
const LONGEST = 160;

function cut(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function causeOf({ name, message, frames, causes }: Described): string[] {
  const own = frames.filter((frame) => !frame.includes(KERNEL) && !/<anonymous>:\d+:\d+\)?$/.test(frame));
  return [`Caused by ${BOLD}${name}${PLAIN}: ${message}`, ...own, ...causes.flatMap(causeOf)];
}
