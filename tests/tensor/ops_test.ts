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

/** Names in `checkOp("name", …)` lines, and the names of the cases that those read. */
function checked(): { ops: Set<string>; cases: Set<string> } {
  const folder = new URL("ops/", import.meta.url);
  const [ops, cases] = [new Set<string>(), new Set<string>()];
  for (const { name } of Deno.readDirSync(folder)) {
    const source = Deno.readTextFileSync(new URL(name, folder));
    for (const [, op, rest] of source.matchAll(/^checkOp\(\s*"(\w+)"([^]*?)\);$/gm)) {
      ops.add(op);
      cases.add(/cases: "(\w+)"/.exec(rest)?.[1] ?? op);
    }
  }
  return { ops, cases };
}

Deno.test("every stored case is compared by a checkOp() line", () => {
  const { cases } = checked();
  assertEquals([...readCases().keys()].filter((name) => !cases.has(name)), []);
});

Deno.test("every op is compared by a checkOp() line, or tested by hand", () => {
  const { ops } = checked();
  const names = Object.entries(functions).filter(([name, value]) =>
    typeof value === "function" && !name.endsWith("_")
  );
  assertEquals(names.map(([name]) => name).filter((name) => !ops.has(name) && !OTHERS.includes(name)), []);
});
