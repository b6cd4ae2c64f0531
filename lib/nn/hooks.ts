/**
 * What happens around a module's forward pass: a scope, and the functions that were registered.
 *
 * @module
 */
import { scope } from "../tensor/scope.ts";
import type { Module } from "./module.ts";

/** Called before; an array that it returns replaces the inputs. */
export type ForwardPreHook = (module: Module, inputs: unknown[]) => unknown[] | void;

/** Called after; what it returns, unless nothing, replaces the output. */
export type ForwardHook = (module: Module, inputs: unknown[], output: unknown) => unknown;

/** How one module is called. */
interface Call {
  readonly hooks: ForwardHook[];
  readonly preHooks: ForwardPreHook[];
  /** The forward pass with all that is around it. */
  readonly forward: unknown;
}

const calls = new WeakMap<Module, Call>();

/** How a module is called. */
export function callOf(module: Module): Call {
  return calls.get(module)!;
}

/**
 * Puts a scope and hooks around a module's forward pass: as a property of its own, so that `super.forward` inside of a
 * subclass is the bare method.
 */
export function wrapForward(module: Module): void {
  const bare = module.forward;
  const hooks: ForwardHook[] = [];
  const preHooks: ForwardPreHook[] = [];
  const forward = (...inputs: unknown[]): unknown =>
    scope(() => {
      let given = inputs;
      for (const hook of preHooks) given = hook(module, given) ?? given;
      let output = bare.apply(module, given);
      for (const hook of hooks) output = hook(module, given, output) ?? output;
      return output;
    });
  calls.set(module, { hooks, preHooks, forward });
  Object.defineProperty(module, "forward", { value: forward, writable: true, configurable: true });
}

/** Adds to a list; the result takes it out again. */
export function register<T>(list: T[], hook: T): () => void {
  list.push(hook);
  return () => {
    const index = list.indexOf(hook);
    if (index >= 0) list.splice(index, 1);
  };
}
