/**
 * Timers whose callbacks can be stopped. V8 ends a callback that the event loop has called, and the process with it; one
 * that runs as a microtask it ends alone.
 *
 * @module
 */

type Timer = (callback: unknown, ...rest: unknown[]) => unknown;

/** The event loop's own, before they are replaced. */
export const nextTurn = setImmediate;

/** Puts such timers in the place of Deno's. */
export function installTimers(): void {
  const global = globalThis as unknown as Record<string, Timer>;
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
    const own = global[name];
    const softened: Timer = (callback, ...rest) =>
      typeof callback !== "function"
        ? own(callback, ...rest)
        : own((...values: unknown[]) => queueMicrotask(() => callback(...values)), ...rest);
    Object.defineProperties(softened, Object.getOwnPropertyDescriptors(own));
    global[name] = softened;
  }
}
