/**
 * A module as text: a tree of its modules with settings, shapes and numbers of parameters, in columns.
 *
 * @module
 */
import { showShape } from "../tensor/shape.ts";
import type { Module } from "./module.ts";

interface Row {
  what: string;
  shapes: string;
  count: number;
}

/** The tree of `module`. */
export function describeModule(module: Module): string {
  const rows: Row[] = [];
  const visit = (name: string, module: Module, depth: number) => {
    const { parameters, children } = module.members();
    rows.push({
      what: `${"  ".repeat(depth)}${
        name === "" ? "" : `${name}: `
      }${module.constructor.name}(${module.describe()})`,
      shapes: parameters.map(([name, { shape }]) => `${name} ${showShape(shape)}`).join(", "),
      count: parameters.reduce((sum, [, tensor]) => sum + tensor.size, 0),
    });
    for (const [name, child] of children) visit(name, child, depth + 1);
  };
  visit("", module, 0);
  const width = (column: (row: Row) => string) => Math.max(...rows.map((row) => column(row).length));
  const [first, second] = [width(({ what }) => what), width(({ shapes }) => shapes)];
  const count = ({ count }: Row) => count === 0 ? "" : count.toLocaleString("en-US");
  const third = width(count);
  const lines = rows.map((row) =>
    `${row.what.padEnd(first)}  ${row.shapes.padEnd(second)}  ${count(row).padStart(third)}`.trimEnd()
  );
  const total = module.parameters().reduce((sum, { size }) => sum + size, 0);
  return [...lines, `${total.toLocaleString("en-US")} parameters`].join("\n");
}
