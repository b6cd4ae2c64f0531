/**
 * Copying a state dictionary into a module's tensors: everything is looked at before anything is written.
 *
 * @module
 */
import { isFloating } from "../tensor/dtype.ts";
import { to } from "../tensor/ops/cast.ts";
import { copy_ } from "../tensor/ops/copy.ts";
import { scope } from "../tensor/scope.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Whether names must agree; default true. */
  strict?: boolean;
}

/** What `loadStateDict` found. */
export interface LoadReport {
  /** Names of the module that the dictionary does not have. */
  missing: string[];
  /** Names of the dictionary that the module does not have. */
  unexpected: string[];
}

/** Names listed in an error. */
const LISTED = 6;

/** Copies the tensors of `dict` over those of `own` with the same names. `kind` is what errors call the module. */
export function loadState(
  kind: string,
  own: Record<string, Tensor>,
  dict: Record<string, Tensor>,
  { strict = true }: LoadOptions,
): LoadReport {
  const missing = Object.keys(own).filter((name) => !Object.hasOwn(dict, name));
  const unexpected = Object.keys(dict).filter((name) => !Object.hasOwn(own, name));
  const shared = Object.keys(own).filter((name) => Object.hasOwn(dict, name));
  const wrong = shared.map((name) => misfit(name, own[name], dict[name])).filter((text) => text !== null);
  const faults = strict ? [...named("missing", missing), ...named("unknown", unexpected), ...wrong] : wrong;
  if (faults.length > 0) {
    throw new Error(`loadStateDict: expected the tensors of ${kind} but found ${faults.join("; ")}`);
  }
  noGrad(() =>
    scope(() => {
      // Across devices first: nothing is written where one of them has no room.
      const sources = shared.map((name) => to(dict[name], own[name].device));
      shared.forEach((name, i) => {
        if (sources[i].storage !== own[name].storage) copy_(own[name], sources[i]);
      });
    })
  );
  return { missing, unexpected };
}

function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const listed = names.slice(0, LISTED).map((name) => `"${name}"`).join(", ");
  return [`${listed}${names.length > LISTED ? ` and ${names.length - LISTED} more` : ""} ${what}`];
}

/** What is wrong with the tensor given for `own`, in words; null: nothing. */
function misfit(name: string, own: Tensor, given: Tensor): string | null {
  if (given.disposed) return `"${name}" freed`;
  if (!sameShape(own.shape, given.shape)) {
    return `"${name}" of shape ${showShape(given.shape)} instead of ${showShape(own.shape)}`;
  }
  if (isFloating(own.dtype) !== isFloating(given.dtype)) {
    return `"${name}" of ${given.dtype} instead of ${own.dtype}`;
  }
  return null;
}
