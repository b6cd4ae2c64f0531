/**
 * What was done to a model, kept on the model.
 *
 * @module
 */
import type { Module } from "../nn/module.ts";

/** Puts records on a model. Not enumerable: a module's properties are what it consists of. */
export function withRecord<M extends Module, R extends object>(model: M, records: R): M & R {
  for (const [name, value] of Object.entries(records)) {
    Object.defineProperty(model, name, { value, configurable: true });
  }
  return model as M & R;
}
