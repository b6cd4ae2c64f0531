/**
 * Errors as plain data.
 *
 * @module
 */
import type { Described } from "./channel.ts";
import { textOf } from "./display.ts";
import { placesOf } from "./interrupts.ts";

/** How deep causes of causes are told. */
const DEEPEST = 5;

/** What was thrown, an error or not. Never fails, whatever it is. */
export function describe(reason: unknown, depth = 0): Described {
  // Getters and traps of the user's may throw.
  if (!attempt(() => reason instanceof Error)) {
    const message = attempt(() => textOf(reason)) ?? "a value that cannot be shown";
    return { name: "Thrown", message, frames: [], awaited: placesOf(reason), causes: [] };
  }
  const error = reason as AggregateError;
  const text = (of: () => unknown, otherwise: string) =>
    attempt(() => String(of() ?? otherwise)) ?? otherwise;
  const name = text(() => error.name, "Error");
  const message = text(() => error.message, "");
  const stack = text(() => error.stack, "");
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const behind = [
    attempt(() => error.cause),
    ...attempt(() => Array.isArray(error.errors) ? error.errors as unknown[] : []) ?? [],
  ].filter((cause) => cause !== undefined && cause !== null);
  const causes = depth < DEEPEST ? behind.slice(0, DEEPEST).map((cause) => describe(cause, depth + 1)) : [];
  return { name, message, frames, awaited: placesOf(reason), causes };
}

function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}
