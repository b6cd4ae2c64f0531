/**
 * That nothing is left out: every stored case is compared by some line, and every op has stored cases.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as functions from "../../lib/tensor/ops/mod.ts";
import { readCases } from "./reference/cases.ts";

/** Functions of `ops/mod.ts` with nothing in PyTorch to compare with, or that are told from others; tested by hand. */
const OTHERS = [
  "allClose",
  "clone",
  "detach",
  "dropout",
  "equal",
  "multiHeadAttention",
  "selfAttention",
  "to",
];

/** Names in `checkOp("name", …)` lines. */
function checked(): Set<string> {
  const folder = new URL("ops/", import.meta.url);
  const sources = [...Deno.readDirSync(folder)].map(({ name }) =>
    Deno.readTextFileSync(new URL(name, folder))
  );
  return new Set(
    sources.flatMap((source) => [...source.matchAll(/^checkOp\(\s*"(\w+)"/gm)].map(([, name]) => name)),
  );
}

Deno.test("every stored case is compared by a checkOp() line", () => {
  const names = checked();
  assertEquals([...readCases().keys()].filter((name) => !names.has(name)), []);
});

Deno.test("every op is compared by a checkOp() line, or tested by hand", () => {
  const names = checked();
  const ops = Object.entries(functions).filter(([name, value]) =>
    typeof value === "function" && !name.endsWith("_")
  );
  assertEquals(ops.map(([name]) => name).filter((name) => !names.has(name) && !OTHERS.includes(name)), []);
});

Deno.test("every op that is compared stands in the README's table of types", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  const table = readme.split("<!-- ops table -->")[1].split("<!-- /ops table -->")[0];
  assertEquals(
    [...checked()].filter((name) => !table.includes(`\`${name}\``)),
    [],
    "deno run -A --import-map=tests/offline.json tests/tensor/types_table.ts writes the table anew",
  );
});
