/**
 * Tests that run in a scope and leave nothing, and which ops ran.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

/** Runs a test in a scope and sees that nothing is left. */
export function test(name: string, fn: () => void): void {
  Deno.test(name, () => leakFree(() => ebb.scope(fn)));
}

/** Names of the ops that run inside `fn`. */
export function opsOf(fn: () => void): string[] {
  const names: string[] = [];
  const stop = ebb.observeOps({ before: () => {}, after: (op) => names.push(op) });
  try {
    fn();
  } finally {
    stop();
  }
  return names;
}
