/**
 * Looking into a model for the time of a call.
 *
 * @module
 */
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Runs `fn`, with `see` called after every forward pass of the given modules. */
export function watching<T>(
  modules: readonly Module[],
  see: (module: Module, input: Tensor, output: Tensor) => void,
  fn: () => T,
): T {
  const ends = modules.map((module) =>
    // What a hook returns would replace the output.
    module.registerForwardHook((_, [input], output) => void see(module, input as Tensor, output as Tensor))
  );
  try {
    return fn();
  } finally {
    for (const end of ends) end();
  }
}
