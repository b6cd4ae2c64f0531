/**
 * Progress of a loop.
 *
 * @module
 */
import { type Progress, Task } from "./task.ts";

/** Options of {@linkcode progress}. */
export interface LoopOptions {
  /** How many items there are; default: the length or size of what is run over, or nobody knows. */
  readonly total?: number;
  /** What the loop does, for whoever watches; default "progress". */
  readonly task?: string;
  /** Where progress is told; default: a bar in a notebook, a line on standard output elsewhere. */
  readonly progress?: Progress;
  /** Ends the loop with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Runs over `items` and shows how far it is: as a bar in a notebook, as a line in a terminal, now and then in a plain line
 * where output goes to a file. What can be iterated asynchronously is, as a data loader.
 *
 * @throws the reason of the signal when it is aborted, or of an interrupt in Ebb's kernel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * let sum = 0;
 * for (const x of ebb.progress([1, 2, 3], { task: "add" })) sum += x;
 * assertEquals(sum, 6);
 * ```
 */
export function progress<T>(items: AsyncIterable<T>, options?: LoopOptions): AsyncGenerator<T, void, void>;
/** The same for what is iterated at once. */
export function progress<T>(items: Iterable<T>, options?: LoopOptions): Generator<T, void, void>;
export function progress<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: LoopOptions = {},
): Generator<T, void, void> | AsyncGenerator<T, void, void> {
  const { total = countOf(items), task = "progress", progress, signal } = options;
  const begin = () => new Task(task, total, { progress, signal });
  return Symbol.asyncIterator in Object(items)
    ? later(items as AsyncIterable<T>, begin)
    : now(items as Iterable<T>, begin);
}

function* now<T>(items: Iterable<T>, begin: () => Task): Generator<T, void, void> {
  using task = begin();
  for (const item of items) {
    yield item;
    task.advance();
  }
}

async function* later<T>(items: AsyncIterable<T>, begin: () => Task): AsyncGenerator<T, void, void> {
  using task = begin();
  for await (const item of items) {
    yield item;
    task.advance();
  }
}

function countOf(items: unknown): number {
  const { length, size } = items as { length?: unknown; size?: unknown };
  return ([length, size].find((count) => typeof count === "number") ?? Infinity) as number;
}
