/**
 * The result of the detailed profiler: rows of plain data, a table as text, one in a notebook, and a trace for
 * Perfetto. After PyTorch's `torch.profiler`: `key_averages().table()`, `export_chrome_trace()`.
 *
 * @module
 */
import { formatBytes } from "../device/mod.ts";
import { writeAtomically } from "../files/atomic.ts";
import { type ChromeTrace, chromeTrace } from "./chrome_trace.ts";
import { DISPLAY, htmlTable } from "../notebook/mod.ts";
import {
  averages,
  type ProfileAverage,
  type ProfileData,
  type ProfiledCopy,
  type ProfiledOp,
  type ProfiledWait,
  type ProfileKey,
  totalMs,
} from "./profile_data.ts";

/** Settings of {@linkcode Profile.table}. */
export interface ProfileTableOptions {
  /** What ops are put together by; default `"op"`. */
  by?: ProfileKey;
  /** Rows before the rest is put together; default: all. */
  top?: number;
}

/** Rows that a text or a notebook shows of its own accord. */
const LISTED = 12;

/**
 * What ran. `profile` makes it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertMatch } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.randn([64, 64], { requiresGrad: true });
 * const profile = await ebb.profile(() => ebb.scope(() => w.matmul(w).matmul(w).sum().backward()));
 * const calls = Object.fromEntries(profile.keyAverages().map(({ name, calls }) => [name, calls]));
 * assertEquals(calls.matmul, 6); // two forward, and for each of them two backward
 * assertEquals(new Set(profile.keyAverages("phase").map(({ name }) => name)), new Set(["forward", "backward"]));
 * assertMatch(profile.table({ by: "site", top: 3 }), /calls +total +mean/);
 * w.grad!.dispose();
 * ```
 */
export class Profile<T = unknown> implements ProfileData {
  /** What the profiled function gave. */
  readonly result: T;
  /** Milliseconds from begin to end, with the profiler's own work. */
  readonly wallMs: number;
  /** Every op, in order. */
  readonly ops: readonly ProfiledOp[];
  /** Every copy that ended, in that order. */
  readonly copies: readonly ProfiledCopy[];
  /** Every wait for a copy, in order. */
  readonly waits: readonly ProfiledWait[];

  /** Users call `profile`. */
  constructor(result: T, { wallMs, ops, copies, waits }: ProfileData) {
    this.result = result;
    this.wallMs = wallMs;
    this.ops = ops;
    this.copies = copies;
    this.waits = waits;
  }

  /** Ops put together by name, by the user's line, by phase or by module, the longest first. */
  keyAverages(by: ProfileKey = "op"): ProfileAverage[] {
    return averages(this.ops, by);
  }

  /** {@linkcode keyAverages} as text. */
  table({ by = "op", top = Infinity }: ProfileTableOptions = {}): string {
    const rows = [headOf(by), ...cellsOf(averages(this.ops, by, top))];
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
    return rows.map((row) =>
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")
    ).join("\n");
  }

  /** The profile as lines of text. */
  toString(): string {
    return `${this.#summary()}\n${this.table({ top: LISTED })}`;
  }

  /** The profile in Chrome's Trace Event Format. */
  chromeTrace(): ChromeTrace {
    return chromeTrace(this);
  }

  /**
   * Writes the profile in Chrome's Trace Event Format: a file for https://ui.perfetto.dev or chrome://tracing.
   *
   * @throws {Error} when the file cannot be written: a sentence with the path.
   */
  async exportChromeTrace(path: string | URL): Promise<void> {
    const text = JSON.stringify(this.chromeTrace());
    await writeAtomically(path, [new TextEncoder().encode(text)], "exportChromeTrace");
  }

  /** What a notebook shows. */
  [DISPLAY](): Record<string, string> {
    const tables = (["op", "site"] as const).map((by) =>
      htmlTable(headOf(by), cellsOf(averages(this.ops, by, LISTED)))
    );
    return { "text/html": `<p>${this.#summary()}</p>${tables.join("")}`, "text/plain": this.toString() };
  }

  /** The same for `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  #summary(): string {
    const ops = `${this.ops.length} ops took ${showMs(totalMs(this.ops))} of ${showMs(this.wallMs)}`;
    if (this.copies.length === 0) return ops;
    const moved = (["out", "in"] as const).map((direction) => {
      const copies = this.copies.filter((copy) => copy.direction === direction);
      return `${formatBytes(copies.reduce((sum, { bytes }) => sum + bytes, 0))} ${direction}`;
    });
    const waited = this.waits.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return `${ops}; ${this.copies.length} copies, ${moved.join(" and ")}; ${
      showMs(waited)
    } of waiting for them`;
  }
}

function headOf(by: ProfileKey): string[] {
  return [by, "calls", "total", "mean", "share", "bytes"];
}

function cellsOf(rows: readonly ProfileAverage[]): string[][] {
  const folder = folderOf(rows.map(({ name }) => name));
  return rows.map(({ name, calls, totalMs, meanMs, share, bytes }) => [
    name.startsWith(folder) ? name.slice(folder.length) : name,
    String(calls),
    showMs(totalMs),
    showMs(meanMs),
    `${(share * 100).toFixed(1)} %`,
    formatBytes(bytes),
  ]);
}

/** What all absolute paths among names begin with, up to a slash: it goes without saying. */
function folderOf(names: readonly string[]): string {
  const paths = names.filter((name) => /^(\/|[a-z]:\\|https?:)/i.test(name));
  if (paths.length === 0) return "";
  const folders = paths.map((path) =>
    path.slice(0, Math.max(...["/", "\\"].map((s) => path.lastIndexOf(s))) + 1)
  );
  return folders.reduce((common, folder) => {
    while (!folder.startsWith(common)) common = common.slice(0, -1).replace(/[^/\\]*$/, "");
    return common;
  });
}

function showMs(ms: number): string {
  return ms >= 1 ? `${ms.toFixed(2)} ms` : `${(ms * 1000).toFixed(1)} µs`;
}
