/**
 * Copying a module with all that it owns.
 *
 * @module
 */
import { clone } from "../tensor/ops/copy.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { wrapForward } from "./hooks.ts";
import { Module } from "./module.ts";
import { buffer, parameter, roleOf } from "./parameter.ts";

/** A copy of `module`; each tensor and module inside is copied once. */
export function cloneModule<T extends Module>(module: T): T {
  const copies = new Map<object, unknown>();
  const made: Tensor[] = [];
  try {
    return noGrad(() => scope(() => copyOf(module, copies, made) as T));
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}

/** What a clone has in place of `value`: copies of tensors that modules own, of modules, and of arrays. */
function copyOf(value: unknown, copies: Map<object, unknown>, made: Tensor[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  if (value instanceof Tensor) {
    const role = roleOf(value);
    if (role === null) return value;
    const copy = role === "parameter" ? parameter(clone(value)) : buffer(clone(value));
    made.push(copy);
    copy.requiresGrad = value.requiresGrad;
    copies.set(value, copy);
    return copy;
  }
  const isArray = Array.isArray(value);
  if (!isArray && !(value instanceof Module)) return value;
  const copy = isArray ? [] : Object.create(Object.getPrototypeOf(value));
  copies.set(value, copy);
  for (const [name, item] of Object.entries(value)) copy[name] = copyOf(item, copies, made);
  if (copy instanceof Module) wrapForward(copy);
  return copy;
}
