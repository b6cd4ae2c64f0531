/**
 * What long work tells while it goes on. The work says how much of it is done; where that is shown is the caller's
 * choice: a bar in a notebook or a line on standard output by default, nothing, or a function of the caller's. Between two
 * steps the work can be stopped.
 *
 * @module
 */
import { jupyter } from "./display.ts";
import { throwIfInterrupted } from "./interrupt.ts";
import { bar, ProgressLine } from "./line.ts";
import { LiveBar } from "./live.ts";

/** How far something is. */
export interface ProgressEvent {
  /** What is being done, such as "infect". */
  readonly task: string;
  /** Steps done. */
  readonly done: number;
  /** Steps in all; Infinity where nobody knows. */
  readonly total: number;
  /** What was measured last, such as "loss 0.31"; may be empty. */
  readonly text: string;
  /** Milliseconds since the beginning. */
  readonly elapsedMs: number;
}

/**
 * Where progress is told: `true`, a bar in a notebook, a line on standard output elsewhere; `false`, nowhere; or a function.
 */
export type Progress = boolean | ((event: ProgressEvent) => void);

/** How a {@linkcode Task} is watched and stopped. */
export interface TaskOptions {
  /** Where progress is told; default: a bar in a notebook, a line on standard output elsewhere. */
  readonly progress?: Progress;
  /** Its abort throws its reason at the next step. */
  readonly signal?: AbortSignal;
  /**
   * How long the task must last for a bar or line of it to show, in milliseconds; default 0. A task that is done sooner
   * shows nothing.
   */
  readonly delayMs?: number;
}

/** Shows events. */
interface Shown extends Disposable {
  show(event: () => ProgressEvent): void;
  end(event: () => ProgressEvent): void;
}

/**
 * One piece of long work.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Task } from "./task.ts";
 *
 * const seen: number[] = [];
 * using task = new Task("count", 3, { progress: ({ done }) => seen.push(done) });
 * for (let i = 0; i < 3; i++) task.advance();
 * assertEquals(seen, [1, 2, 3]);
 * ```
 */
export class Task implements Disposable {
  readonly #name: string;
  #total: number;
  readonly #signal: AbortSignal | undefined;
  readonly #tell: ((event: ProgressEvent) => void) | undefined;
  readonly #shown: Shown | undefined;
  readonly #delayMs: number;
  readonly #begin = performance.now();
  #done = 0;

  /** Begins to count up to `total`. */
  constructor(name: string, total: number, { progress = true, signal, delayMs = 0 }: TaskOptions = {}) {
    signal?.throwIfAborted();
    this.#name = name;
    this.#total = total;
    this.#signal = signal;
    this.#delayMs = delayMs;
    if (typeof progress === "function") this.#tell = progress;
    else if (progress) this.#shown = jupyter() === undefined ? line() : live();
  }

  /** One step more is done; `text` says what was measured and is called only where it is shown. */
  advance(text: () => string = () => ""): void {
    this.#done++;
    this.#show(text);
    this.#signal?.throwIfAborted();
    throwIfInterrupted();
  }

  /** The steps done so far turned out to be all; `text` says what came out. */
  finish(text: () => string = () => ""): void {
    this.#total = this.#done;
    this.#show(text);
  }

  /** Leaves what is shown as it stands. */
  [Symbol.dispose](): void {
    this.#shown?.[Symbol.dispose]();
  }

  #show(text: () => string): void {
    const event = () => this.#event(text());
    this.#tell?.(event());
    if (performance.now() - this.#begin < this.#delayMs) return;
    if (this.#done === this.#total) this.#shown?.end(event);
    else this.#shown?.show(event);
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

function line(): Shown {
  const line = new ProgressLine();
  const text = (event: ProgressEvent) =>
    textOf(event, event.total === Infinity ? "" : bar(event.done / event.total));
  return {
    show: (event) => line.show(() => text(event())),
    end: (event) => line.end(text(event())),
    [Symbol.dispose]: () => line.end(),
  };
}

function live(): Shown {
  const bar = new LiveBar();
  const state = (event: () => ProgressEvent) => (): [number | undefined, string] => {
    const now = event();
    return [now.total === Infinity ? undefined : now.done / Math.max(1, now.total), textOf(now)];
  };
  return {
    show: (event) => bar.show(state(event)),
    end: (event) => bar.end(state(event)),
    [Symbol.dispose]: () => bar[Symbol.dispose](),
  };
}

function textOf({ task, done, total, text, elapsedMs }: ProgressEvent, picture = ""): string {
  const far = total === Infinity
    ? `${done}, ${seconds(elapsedMs)}`
    : `${done} of ${total}, ${
      done < total ? `${seconds(elapsedMs * (total / done - 1))} left` : `in ${seconds(elapsedMs)}`
    }`;
  const head = [task, picture, far].filter((part) => part).join(" ");
  return text === "" ? head : `${head} · ${text}`;
}

function seconds(ms: number): string {
  const all = Math.round(ms / 1000);
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}
