/**
 * The guest: the process in which cells run. The host speaks to it through V8's inspector, by calls of the functions that
 * this module puts into the global object as `__ebb`; the code of cells, as the host compiles it, calls them, too.
 *
 * @module
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { enter, tell, within } from "./channel.ts";
import { comms, receive } from "./comms.ts";
import { installQuestions } from "./ask.ts";
import { captureOutput } from "./console.ts";
import { bundleOf } from "./display.ts";
import { begin as startInterruptible, check, each, end, interrupt, wait } from "./interrupts.ts";
import { displayed, installJupyter } from "./jupyter.ts";
import { describe } from "./errors.ts";
import { hold } from "./held.ts";
import { installTimers, nextTurn } from "./timers.ts";

// Packages tell of what is old in other packages, of which a cell knows nothing.
Object.assign(process, { noDeprecation: true });
const streams = captureOutput();
installQuestions();
installJupyter();
installTimers();

/** The folder of the notebook. */
const HERE = pathToFileURL(`${Deno.cwd()}/`);

/** When files were changed that cells have imported, by address. */
const versions = new Map<string, number>();

/** The address of a module; of a file that was changed since a cell imported it, one under which it is loaded anew. */
function fresh(url: string): string {
  if (!url.startsWith("file:") || url.includes("?")) return url;
  try {
    const changed = Deno.statSync(new URL(url)).mtime?.getTime() ?? 0;
    const first = versions.get(url) ?? changed;
    versions.set(url, first);
    return first === changed ? url : `${url}?changed=${changed}`;
  } catch {
    return url; // its import says what is wrong
  }
}

/** What the cell that runs ends in. */
let last: unknown;

const own = {
  /** The beginning of a cell. It goes on in a turn of the event loop of its own: only there can V8 be told to stop it. */
  begin(cell: number): Promise<void> {
    enter(cell);
    startInterruptible(cell);
    last = undefined;
    return new Promise((resolve) => nextTurn(() => resolve()));
  },
  /** The value of a cell's last expression. */
  result(value: unknown): void {
    last = value;
  },
  /** The end of a cell that did not fail: its value is shown. */
  async end(cell: number): Promise<void> {
    const value = last;
    last = undefined;
    if (value !== undefined) {
      const data = await wait(bundleOf(value), cell, 0, 0) as Record<string, unknown>;
      // Deno's convention: an empty bundle is of a value that has shown itself.
      if (Object.keys(data).length > 0) {
        tell({ kind: "display", type: "execute_result", data, metadata: {} }, cell);
      }
    }
    await wait(displayed(cell), cell, 0, 0);
    check();
    own.close(cell);
    tell({ kind: "ended" }, cell);
  },
  /** The end of a cell that failed with `reason`. */
  fail(cell: number, reason: unknown): void {
    own.close(cell);
    tell({ kind: "failed", error: describe(reason) }, cell);
  },
  /** Marks on the streams of native code where a cell has ended. */
  close(cell: number): void {
    last = undefined;
    end(cell);
    const mark = new TextEncoder().encode(`\x1e${cell}\x1e`);
    streams.stdout(mark);
    streams.stderr(mark);
  },
  /** What a cell imports by a relative path lies beside its notebook. */
  resolve(specifier: unknown): string {
    const text = String(specifier);
    return fresh(/^(\.{0,2}\/)/.test(text) ? new URL(text, HERE).href : text);
  },
  /** What `import.meta` is in a cell. */
  meta: { url: new URL("notebook.ts", HERE).href, dirname: Deno.cwd(), main: false },
  /** A module that is to export some names. */
  exports(module: object, specifier: string, names: readonly string[]): object {
    const missing = names.find((name) => !(name in module));
    if (missing === undefined) return module;
    const found = Object.keys(module).slice(0, 20).join(", ") || "nothing";
    throw new SyntaxError(`import: expected "${specifier}" to export ${missing} but found ${found}`);
  },
  /** Tells when the event loop has turned. */
  turn(): void {
    nextTurn(() => tell({ kind: "turned" }));
  },
  wait,
  each,
  hold,
  describe,
  bundle: bundleOf,
  interrupt,
  /** A comm message, which counts as a cell of its own. */
  receive(cell: number, ...message: Parameters<typeof receive>): void {
    within(cell, () => {
      try {
        receive(...message);
      } catch (error) {
        report("Uncaught", error);
      }
    });
  },
  /** The open channels. */
  comms: (): { id: string; target: string }[] => comms.list().map(({ id, target }) => ({ id, target })),
};

// What nobody catches must not end the process, and with it what the cells have made.
addEventListener("error", (event) => {
  event.preventDefault();
  report("Uncaught", event.error);
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  report("Uncaught (in promise)", event.reason);
});

function report(how: string, reason: unknown): void {
  tell({ kind: "uncaught", how, error: describe(reason) });
}

// The process ends with the kernel, and not between two cells.
const kernel = Deno.ppid;
setInterval(() => {
  if (Deno.ppid !== kernel) Deno.exit();
}, 2000);

// What the host and the code of cells call. It comes last: the host looks for it to know that all is there.
Object.defineProperty(globalThis, "__ebb", { value: Object.freeze(own), enumerable: false });
