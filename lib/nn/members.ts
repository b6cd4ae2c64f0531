/**
 * Finding what a module consists of: its properties, and those of the modules among them.
 *
 * @module
 */
import { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import { type Role, roleOf } from "./parameter.ts";

/** A tensor under its full name. */
export type Named = readonly [name: string, tensor: Tensor];

/** What one module has itself. */
export interface Members {
  readonly parameters: readonly Named[];
  readonly buffers: readonly Named[];
  readonly children: readonly (readonly [name: string, module: Module])[];
}

/** The members among properties; arrays of tensors or modules are looked into, under `name.0`, `name.1`, … */
export function membersOf(properties: Iterable<readonly [string, unknown]>): Members {
  const found = {
    parameters: [] as Named[],
    buffers: [] as Named[],
    children: [] as [string, Module][],
  };
  const visit = (name: string, value: unknown) => {
    if (value instanceof Module) found.children.push([name, value]);
    else if (value instanceof Tensor) {
      const role: Role | null = roleOf(value);
      if (role !== null) found[`${role}s`].push([name, value]);
    } else if (Array.isArray(value)) {
      value.forEach((item, i) => visit(`${name}.${i}`, item));
    }
  };
  for (const [name, value] of properties) visit(name, value);
  return found;
}
