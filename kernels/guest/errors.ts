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

/** What was thrown, an error or not. */
export function describe(reason: unknown, depth = 0): Described {
  if (!(reason instanceof Error)) {
    return { name: "Thrown", message: textOf(reason), frames: [], awaited: placesOf(reason), causes: [] };
  }
  // A getter of the user's may throw.
  const name = String(attempt(() => reason.name) ?? "Error");
  const message = String(attempt(() => reason.message) ?? "");
  const stack = String(attempt(() => reason.stack) ?? "");
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const behind = [
    attempt(() => reason.cause),
    ...(attempt(() => (reason as AggregateError).errors as unknown[]) ?? []),
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
