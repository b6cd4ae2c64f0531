/**
 * Functions that are called around a module's forward pass.
 *
 * @module
 */
import type { Module } from "./module.ts";

/** Called before; an array that it returns replaces the inputs. */
export type ForwardPreHook = (module: Module, inputs: unknown[]) => unknown[] | void;

/** Called after; what it returns, unless nothing, replaces the output. */
export type ForwardHook = (module: Module, inputs: unknown[], output: unknown) => unknown;

/** Adds to a list; the result takes it out again. */
export function register<T>(list: T[], hook: T): () => void {
  list.push(hook);
  return () => {
    const index = list.indexOf(hook);
    if (index >= 0) list.splice(index, 1);
  };
}
