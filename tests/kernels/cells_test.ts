/**
 * Cells as people write them: what TypeScript allows runs, what a cell cannot have is refused in a sentence, and whatever
 * is thrown or shown, the next cell runs.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Answered, Client } from "./client.ts";
import { LOOSE, plain, shareKernel } from "./session.ts";

let client: Client;
let folder: string;
shareKernel((session) => ({ client, folder } = session));

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name: `cells: ${name}`, fn, ...LOOSE });

/** What a client shows of an error, without colours. */
function shown({ reply }: Answered): string {
  assertEquals(reply.status, "error");
  return plain((reply.traceback as string[]).join("\n"));
}

test("what TypeScript has runs", async () => {
  const values: [code: string, text: string][] = [
    ["for (var i = 0; i < 3; i++) { var inside = i }\n[i, inside]", "[ 3, 2 ]"],
    ["let i = 9; i", "9"],
    ["for (var of of ['a']) {}\nfor (var key in { b: 1 }) {}\n[of, key]", '[ "a", "b" ]'],
    ["enum E { A, B }\nE.B", "1"],
    ["let E = 'anew'; E", '"anew"'],
    ["if (true) { var y = 2 }\ny", "2"],
    ["const y = 7; y", "7"],
    ["function log(..._: unknown[]): any {}\nclass D { @log m() { return 5 } }\nnew D().m()", "5"],
    ["class Acc { accessor v = 3 }\nnew Acc().v", "3"],
    ["const all: string[] = []; for await (const c of 'abc') all.push(c);\nall.join('')", '"abc"'],
    ["new URL('./x.ts', import.meta.url).pathname.endsWith('/x.ts')", "true"],
    ["#!/usr/bin/env deno\n1 + 1", "2"],
    ["{ a: 1 } // an object", "{ a: 1 }"],
    ["!0", "true"],
    ["const ready = false; !ready", "true"],
    ["({ toSpec() { throw new Error('x') } })", "{ toSpec: [Function: toSpec] }"],
  ];
  for (const [code, text] of values) {
    const answered = await client.run(code);
    assertEquals([code, answered.text], [code, text], plain(String(answered.reply.traceback)));
  }
});

test("what a cell cannot have is refused in a sentence", async () => {
  await Deno.writeTextFile(`${folder}/m.ts`, "export const a = 1;\n");
  const cases: [code: string, message: string][] = [
    ["const URL = 'https://x'", "expected another name than URL, which is JavaScript's own"],
    ["class Set {}", "expected another name than Set"],
    ["import { a as JSON } from './m.ts'", "expected another name than JSON"],
    ["export { a } from './m.ts'", "a cell exports nothing"],
    ["import a = require('a')", "is of other modules"],
    ["import { missing } from './m.ts'", 'expected "./m.ts" to export missing but found a'],
    ["!ls", "has no magics"],
    ["%matplotlib inline", "has no magics"],
    ["pip install x", "has no magics"],
    [`${"1+".repeat(20_000)}1`, "nested too deeply"],
  ];
  for (const [code, message] of cases) {
    const answered = await client.run(code);
    assertStringIncludes(shown(answered), message, code.slice(0, 60));
    const errors = answered.published.filter(({ header }) => header.msg_type === "error");
    assertEquals(errors.length, 1, `${code.slice(0, 60)} shows its error`);
  }
});

test("a file that was changed is loaded anew", async () => {
  await Deno.writeTextFile(`${folder}/changing.ts`, "export const a = 1;\n");
  assertEquals((await client.run("import { a } from './changing.ts'; a")).text, "1");
  await Deno.writeTextFile(`${folder}/changing.ts`, "export const a = 22;\n");
  const later = new Date(Date.now() + 10_000);
  await Deno.utime(`${folder}/changing.ts`, later, later);
  assertEquals((await client.run("import { a } from './changing.ts'; a")).text, "22");
});

test("whatever is thrown is told", async () => {
  const thrown: [code: string, text: string][] = [
    ["throw Object.assign(new Error('x'), { errors: { field: 'wrong' } })", "Error: x"],
    ["throw Object.assign(new Error('x'), { errors: 5 })", "Error: x"],
    ["throw { [Symbol.for('Deno.customInspect')]() { throw 1 } }", "a value that cannot be shown"],
    ["throw new Proxy({}, { getPrototypeOf() { throw 1 } })", "Thrown"],
  ];
  for (const [code, text] of thrown) assertStringIncludes(shown(await client.run(code)), text, code);
  const { printed, text } = await client.run(`
    setTimeout(() => { throw Object.assign(new Error("late"), { errors: {} }) }, 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    "alive"`);
  assertEquals(text, '"alive"');
  assertStringIncludes(plain(printed.stderr), "Uncaught Error: late");
});

test("errors name the cell's own lines, through calls of built-in functions and when they are printed", async () => {
  const text = shown(
    await client.run(`function outer() {
  [1].forEach(inner);
}

function inner() {
  throw new Error("x");
}

outer();`),
  );
  assertMatch(text, /at inner \(cell \d+:6:9\)\n.*forEach.*\n.*at outer \(cell \d+:2:7\)\n.*at cell \d+:9:1/);
  const { printed } = await client.run(`interface A {
  a: number;
}
try { (null as any).x } catch (error) { console.error(error) }`);
  assertMatch(printed.stderr, /at cell \d+:4:21/);
  assertMatch((await client.run("\n\nnew Error('as a value')")).text!, /at cell \d+:3:1/);
});

test("a loop in a callback is stopped, and what was made is kept", async () => {
  await client.run("let state = 42");
  for (
    const code of [
      "await new Promise((resolve) => setTimeout(() => { while (true); }, 20))",
      "var slow = setInterval(() => { const t = performance.now(); while (performance.now() - t < 400); }, 10); await new Promise(() => {})",
    ]
  ) {
    const cell = client.run(code);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.send("interrupt_request", {}, { channel: "control" });
    assertEquals((await cell).reply.ename, "Interrupted");
  }
  assertEquals((await client.run("clearInterval(slow); state")).text, "42");
});

test("displays that nobody awaits are there, and texts are whole", async () => {
  for (let i = 0; i < 50; i++) {
    const { published } = await client.run("for (const x of [1, 2, 3]) Deno.jupyter.display({ x })");
    assertEquals(published.filter(({ header }) => header.msg_type === "display_data").length, 3);
  }
  const { printed } = await client.run("for (const c of 'a😀b'.split('')) console.log(c)");
  assertEquals(printed.stdout, "a\n\ufffd\n\ufffd\nb\n", "files cannot hold halves of characters");
  await client.run('await new Response("hello\\n").body!.pipeTo(Deno.stdout.writable)');
  assertEquals((await client.run('console.log("after")')).printed.stdout, "after\n");
});

test("what is too long is cut or refused, and the kernel stays", async () => {
  const nested =
    "Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => new Array(100).fill(0.5)))";
  const { text } = await client.run(nested);
  assert(text!.length < 110_000 && / characters more$/.test(text!), String(text!.length));
  const { printed } = await client.run("console.log('x'.repeat(5e7))");
  assertEquals(printed.stdout.length, 5e7 + 1);
  const answered = await client.run(
    "await Deno.jupyter.display({ 'text/plain': 'x'.repeat(2e8) }, { raw: true })",
  );
  assertStringIncludes(shown(answered), "display: expected at most");
  const search = { hist_access_type: "search", pattern: `${"*".repeat(40)}z`, raw: true };
  assertEquals((await client.send("history_request", search)).reply.history, []);
  assertEquals((await client.send("is_complete_request", { code: "'abc" })).reply.status, "invalid");
  assertEquals((await client.run("2 + 2")).text, "4");
});
