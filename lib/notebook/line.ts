/**
 * A line that says how far something is: rewritten in place in a terminal, a plain line now and then where output goes
 * to a file or another program.
 *
 * @module
 */

/** Settings of {@linkcode ProgressLine}; the defaults are those of standard output. */
export interface ProgressOptions {
  /** Where text goes. */
  readonly write?: (text: string) => void;
  /** Whether a line can be rewritten there. */
  readonly terminal?: boolean;
  /** Characters in a line of the terminal. */
  readonly columns?: () => number;
  /** Least time between two texts, in milliseconds; default 100 in a terminal, 5,000 elsewhere. */
  readonly everyMs?: number;
}

/**
 * One line of progress. Show as often as you like: what comes too soon after the text before is passed over.
 *
 * @example
 * ```ts
 * import { bar, ProgressLine } from "./line.ts";
 *
 * using line = new ProgressLine();
 * for (let step = 1; step <= 1000; step++) line.show(() => `${bar(step / 1000)} step ${step}`);
 * ```
 */
export class ProgressLine implements Disposable {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  readonly #columns: () => number;
  readonly #everyMs: number;
  #shownAt = -Infinity;
  /** Whether the cursor stands behind a text that may be rewritten. */
  #open = false;

  /** A line on standard output, or where the options say. */
  constructor(options: ProgressOptions = {}) {
    const { terminal = Deno.stdout.isTerminal() } = options;
    this.#terminal = terminal;
    this.#write = options.write ?? writeOut;
    this.#columns = options.columns ?? (() => Deno.consoleSize().columns || 80);
    this.#everyMs = options.everyMs ?? (terminal ? 100 : 5000);
  }

  /** Shows a text if it is time for one; `text` is called only then. */
  show(text: () => string): void {
    const now = performance.now();
    if (now - this.#shownAt < this.#everyMs) return;
    this.#shownAt = now;
    this.#put(text());
  }

  /** Shows a last text whatever the time, and leaves it standing. The next text begins a line. */
  end(text?: string): void {
    if (text !== undefined) this.#put(text);
    if (this.#open) this.#write("\n");
    this.#open = false;
    this.#shownAt = -Infinity;
  }

  /** Ends the line as it stands. */
  [Symbol.dispose](): void {
    this.end();
  }

  #put(text: string): void {
    if (!this.#terminal) {
      this.#write(`${text}\n`);
      return;
    }
    // A line that wraps cannot be rewritten; the last column makes some terminals wrap.
    const fits = [...text].slice(0, Math.max(1, this.#columns() - 1)).join("");
    this.#write(`\r${fits}\x1b[K`);
    this.#open = true;
  }
}

/** A bar of `width` characters for a share of 0 to 1. */
export function bar(share: number, width = 12): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "━".repeat(full) + "╌".repeat(width - full);
}

function writeOut(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch (error) {
    // Whoever read it (`head`, a pager) has seen enough; the work itself goes on.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
