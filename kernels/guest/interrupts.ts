/**
 * Stops a cell that waits. Every `await` of a cell's own code goes through {@linkcode wait}, which an interrupt rejects;
 * long work of libraries looks at the signal, which a global symbol names.
 *
 * @module
 */
import { SIGNAL } from "../../lib/notebook/interrupt.ts";
import { cellNow } from "./channel.ts";
import { Interrupted } from "./hearing.ts";

/** Where cells awaited what failed; see `Described`. */
const awaited = new WeakMap<object, [cell: number, line: number, column: number][]>();
const waiting = new Map<number, Set<(reason: Interrupted) => void>>();
const controllers = new Map<number, AbortController>();

/** A cell begins: it can be interrupted from now on. */
export function begin(cell: number): void {
  const controller = new AbortController();
  controllers.set(cell, controller);
  (globalThis as unknown as Record<symbol, AbortSignal>)[SIGNAL] = controller.signal;
}

/** A cell ended. What it left running may still be interrupted with a later one. */
export function end(cell: number): void {
  controllers.delete(cell);
  if (waiting.get(cell)?.size === 0) waiting.delete(cell);
}

/** Whatever waits fails. */
export function interrupt(): void {
  const reason = new Interrupted();
  for (const controller of controllers.values()) controller.abort(reason);
  const all = [...waiting.values()].flatMap((set) => [...set]);
  waiting.clear();
  for (const reject of all) reject(reason);
}

/** Fails if this cell was interrupted: it may have caught that, and asked for more. */
export function check(): void {
  controllers.get(cellNow())?.signal.throwIfAborted();
}

/** What `await value` in line `line` of a cell waits for. */
export function wait<T>(value: T, cell: number, line: number, column: number): T | Promise<Awaited<T>> {
  check();
  if (typeof (value as PromiseLike<unknown> | null | undefined)?.then !== "function") return value;
  return new Promise((resolve, reject) => {
    const owner = cellNow();
    const set = waiting.get(owner) ?? new Set();
    waiting.set(owner, set);
    const fail = (reason: unknown) => {
      set.delete(fail);
      note(reason, [cell, line, column]);
      reject(reason);
    };
    set.add(fail);
    (value as PromiseLike<Awaited<T>>).then((result) => {
      set.delete(fail);
      resolve(result);
    }, fail);
  });
}

/** What `for await (… of values)` runs over. */
export async function* each<T>(
  values: AsyncIterable<T> | Iterable<T | Promise<T>>,
  cell: number,
  line: number,
  column: number,
): AsyncGenerator<T> {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = values as Partial<
    AsyncIterable<T> & Iterable<T | Promise<T>>
  >;
  if (later === undefined && now === undefined) {
    throw new TypeError("for await: expected what can be iterated");
  }
  const iterator = later?.call(values) ?? now!.call(values);
  /** Whether the iterator is to be told that nobody asks any more. */
  let open = true;
  try {
    while (true) {
      open = false;
      const next = await wait(iterator.next(), cell, line, column) as IteratorResult<T>;
      if (next.done) return;
      open = true;
      yield await wait(next.value, cell, line, column) as T;
    }
  } catch (error) {
    // A generator that waits would end only after what it waits for.
    if (error instanceof Interrupted) {
      open = false;
      Promise.resolve(iterator.return?.()).catch(() => {});
    }
    throw error;
  } finally {
    if (open) await iterator.return?.();
  }
}

function note(reason: unknown, at: [number, number, number]): void {
  if (typeof reason !== "object" || reason === null) return;
  const places = awaited.get(reason) ?? [];
  awaited.set(reason, [...places, at]);
}

/** Where cells awaited what failed with `reason`. */
export function placesOf(reason: unknown): readonly (readonly [number, number, number])[] {
  return typeof reason === "object" && reason !== null ? awaited.get(reason) ?? [] : [];
}
