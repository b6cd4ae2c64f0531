/**
 * Interrupts. Ebb's kernel puts an `AbortSignal` for the cell that runs where a symbol names it; every operator and every
 * step of long work looks at it, so that an interrupt unwinds what runs, and frees what it had made.
 *
 * @module
 */

/** Where the kernel puts the running cell's signal; an interrupt aborts it. */
export const SIGNAL: unique symbol = Symbol.for("ebb.interrupt") as never;
const place = globalThis as unknown as { readonly [SIGNAL]?: AbortSignal };
/** The signal that was obeyed last: each is obeyed once, so that cleaning up may still compute. */
let obeyed: AbortSignal | undefined;

/** Throws if the running cell was interrupted since this was last asked. */
export function throwIfInterrupted(): void {
  const signal = place[SIGNAL];
  if (signal === undefined || !signal.aborted || signal === obeyed) return;
  obeyed = signal;
  throw signal.reason;
}
