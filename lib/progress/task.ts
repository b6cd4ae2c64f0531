/**
 * What long work tells while it goes on. The work says how much of it is done; where that is shown is the caller's
 * choice: a line on standard output by default, nothing, or a function of the caller's.
 *
 * @module
 */
import { bar, ProgressLine } from "./line.ts";

/** How far something is. */
export interface ProgressEvent {
  /** What is being done, such as "infect". */
  readonly task: string;
  /** Steps done. */
  readonly done: number;
  /** Steps in all. */
  readonly total: number;
  /** What was measured last, such as "loss 0.31"; may be empty. */
  readonly text: string;
  /** Milliseconds since the beginning. */
  readonly elapsedMs: number;
}

/** Where progress is told: `true`, a line on standard output; `false`, nowhere; or a function. */
export type Progress = boolean | ((event: ProgressEvent) => void);

/**
 * One piece of long work.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Task } from "./task.ts";
 *
 * const seen: number[] = [];
 * using task = new Task("count", 3, ({ done }) => seen.push(done));
 * for (let i = 0; i < 3; i++) task.advance();
 * assertEquals(seen, [1, 2, 3]);
 * ```
 */
export class Task implements Disposable {
  readonly #name: string;
  readonly #total: number;
  readonly #tell: (text: () => string) => void;
  readonly #line: ProgressLine | null;
  readonly #begin = performance.now();
  #done = 0;

  /** Begins to count up to `total`. */
  constructor(name: string, total: number, progress: Progress = true) {
    this.#name = name;
    this.#total = total;
    this.#line = progress === true ? new ProgressLine() : null;
    this.#tell = typeof progress === "function"
      ? (text) => progress(this.#event(text()))
      : (text) => this.#line?.show(() => lineOf(this.#event(text())));
  }

  /** One step more is done; `text` says what was measured and is called only where it is shown. */
  advance(text: () => string = () => ""): void {
    this.#done++;
    if (this.#line !== null && this.#done === this.#total) this.#line.end(lineOf(this.#event(text())));
    else this.#tell(text);
  }

  /** Leaves the line as it stands. */
  [Symbol.dispose](): void {
    this.#line?.end();
  }

  #event(text: string): ProgressEvent {
    return {
      task: this.#name,
      done: this.#done,
      total: this.#total,
      text,
      elapsedMs: performance.now() - this.#begin,
    };
  }
}

function lineOf({ task, done, total, text, elapsedMs }: ProgressEvent): string {
  const time = done < total ? `${seconds(elapsedMs * (total / done - 1))} left` : `in ${seconds(elapsedMs)}`;
  return [`${task} ${bar(done / total)} ${done} of ${total}, ${time}`, text].filter((part) => part).join(
    " · ",
  );
}

function seconds(ms: number): string {
  const all = Math.round(ms / 1000);
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}
