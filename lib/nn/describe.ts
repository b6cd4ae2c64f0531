/**
 * A module as text: a tree of its modules with settings, shapes and numbers of parameters, in columns.
 *
 * @module
 */
import { htmlTable } from "../notebook/mod.ts";
import { showShape } from "../tensor/shape.ts";
import type { Module } from "./module.ts";

interface Row {
  what: string;
  shapes: string;
  count: number;
}

/** The tree of `module`, in lines. */
export function describeModule(module: Module): string {
  const rows = rowsOf(module);
  const width = (column: (row: Row) => string) => Math.max(...rows.map((row) => column(row).length));
  const [first, second] = [width(({ what }) => what), width(({ shapes }) => shapes)];
  const count = ({ count }: Row) => count === 0 ? "" : count.toLocaleString("en-US");
  const third = width(count);
  const lines = rows.map((row) =>
    `${row.what.padEnd(first)}  ${row.shapes.padEnd(second)}  ${count(row).padStart(third)}`.trimEnd()
  );
  return [...lines, totalOf(module)].join("\n");
}

/** The same as a table for a notebook. */
export function displayModule(module: Module): Record<string, string> {
  const rows = rowsOf(module).map(({ what, shapes, count }) => [
    what.replaceAll("  ", "\u2003"),
    shapes,
    count === 0 ? "" : count.toLocaleString("en-US"),
  ]);
  const table = htmlTable(["module", "parameters' shapes", "parameters"], rows);
  return { "text/html": `${table}<p>${totalOf(module)}</p>`, "text/plain": describeModule(module) };
}

function totalOf(module: Module): string {
  const total = module.parameters().reduce((sum, { size }) => sum + size, 0);
  return `${total.toLocaleString("en-US")} parameters`;
}

function rowsOf(module: Module): Row[] {
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
  return rows;
}
