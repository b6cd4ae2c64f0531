/**
 * The kernel as a client sees it: nothing is lost, cells stop when they are told to, errors say where, and whatever
 * comes in, the next cell runs.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, TestKernel } from "./client.ts";
import { LOOSE, plain, shareKernel } from "./session.ts";

const ROOT = new URL("../../", import.meta.url);
let kernel: TestKernel;
let client: Client;
let folder: string;

shareKernel((session) => ({ kernel, client, folder } = session), async (folder) => {
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports: { "named": "./lib/named.ts" } }));
  await Deno.mkdir(`${folder}/lib`);
  await Deno.writeTextFile(
    `${folder}/lib/named.ts`,
    "export const name: string = 'named';\nexport default 7;\n",
  );
});

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name: `kernel: ${name}`, fn, ...LOOSE });

test("every value shows", async () => {
  const shown: Record<string, string> = {
    "1 + 1": "2",
    "1n": "1n",
    "null": "null",
    "NaN": "NaN",
    "-0": "-0",
    "'it'": '"it"',
    "{ a: 1, b: [2] }": "{ a: 1, b: [ 2 ] }",
    "Symbol('s')": "Symbol(s)",
    "(x) => x": "[Function (anonymous)]",
    "[1, , 3]": "[ 1, <1 empty item>, 3 ]",
    "await Promise.resolve(5)": "5",
    "new Map([[1, 2]])": "Map(1) { 1 => 2 }",
    "'x'.repeat(20000).length": "20000",
  };
  for (const [code, text] of Object.entries(shown)) assertEquals((await client.run(code)).text, text, code);
  for (const code of ["undefined", "let v = 5", "if (true) 3", "", "// nothing"]) {
    const { text, reply } = await client.run(code);
    assertEquals([text, reply.status], [undefined, "ok"], code);
  }
});

test("names live on, and may be declared anew as whatever", async () => {
  await client.run(
    "let a = 1; const b = 2; function f() { return a + b } class K { x = f() } enum E { One = 1 }",
  );
  assertEquals((await client.run("[a, b, f(), new K().x, E.One]")).text, "[ 1, 2, 3, 3, 1 ]");
  await client.run("const a = 'now a text'; function b() { return a } let f = 4; var K = 5;");
  assertEquals((await client.run("[a, b(), f, K]")).text, '[ "now a text", "now a text", 4, 5 ]');
  await client.run(
    "const { p, q: [r, ...s], ...rest } = { p: 1, q: [2, 3, 4], t: 5 } as Record<string, any>",
  );
  assertEquals((await client.run("[p, r, s, rest]")).text, "[ 1, 2, [ 3, 4 ], { t: 5 } ]");
});

test("cells import from packages, from beside the notebook, and by its import map", async () => {
  const { text } = await client.run(`
    console.log(join("a", name));
    import seven, { name } from "./lib/named.ts";
    import * as all from "named";
    import { join } from "node:path";
    import type { Whatever } from "./nowhere.ts";
    [seven, all.name, (await import("./lib/named.ts")).default]`);
  assertEquals(text, '[ 7, "named", 7 ]');
});

test("what using declares lives until its name is declared anew", async () => {
  await client.run(
    "const log: string[] = []; const held = (n: number) => ({ n, [Symbol.dispose]() { log.push('freed ' + n) } })",
  );
  await client.run("using x = held(1)");
  assertEquals((await client.run("[x.n, log.join()]")).text, '[ 1, "" ]');
  await client.run("using x = held(2)");
  assertEquals((await client.run("[x.n, log.join()]")).text, '[ 2, "freed 1" ]');
  assertMatch(
    String((await client.run("using y = 5 as any")).reply.evalue),
    /using y: expected a value that can be disposed of/,
  );
});

test("ten thousand lines arrive, in order, with what is printed elsewhere", async () => {
  const { printed, published } = await client.run(`
    for (let i = 0; i < 10000; i++) console.log("line", i);
    console.error("%s and %d", "text", 3);
    await Deno.stdout.write(new TextEncoder().encode("raw\\n"));
    console.table([{ a: 1 }]);`);
  const lines = printed.stdout.split("\n");
  assertEquals(lines.slice(0, 10000), Array.from({ length: 10000 }, (_, i) => `line ${i}`));
  assertEquals(lines[10000], "raw");
  assertStringIncludes(printed.stdout, "│ 0       │ 1 │");
  assertEquals(printed.stderr, "text and 3\n");
  assert(published.length < 1000, "lines are gathered");
});

test("what native code and child processes print arrives, before the cell ends", async () => {
  const { printed } = await client.run(`
    await new Deno.Command("sh", { args: ["-c", "echo out; echo err >&2"], stdout: "inherit", stderr: "inherit" }).output();`);
  assertEquals(printed, { stdout: "out\n", stderr: "err\n" });
});

test("displays arrive in order with prints, one of 10 MB too", async () => {
  const { published } = await client.run(`
    console.log("before");
    await Deno.jupyter.display(Deno.jupyter.html\`<b>1</b>\`, { display_id: "here" });
    console.log("between");
    await Deno.jupyter.display({ "text/html": "x".repeat(10_000_000) }, { raw: true });
    await Deno.jupyter.display(Deno.jupyter.md\`# 2\`, { update: true, display_id: "here" });
    Deno.jupyter.clear({ wait: true });
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1])`);
  assertEquals(published.map(({ header }) => header.msg_type), [
    "execute_input",
    "stream",
    "display_data",
    "stream",
    "display_data",
    "update_display_data",
    "clear_output",
    "execute_result",
  ]);
  const data = published.map(({ content }) => content.data as Record<string, string>);
  assertEquals(data[2]["text/html"], "<b>1</b>");
  assertEquals(published[2].content.transient, { display_id: "here" });
  assertEquals(data[4]["text/html"].length, 10_000_000);
  assertEquals(data[5]["text/markdown"], "# 2");
  assertEquals(data[7]["image/png"], "iVBORw0KGgoB");
});

test("no output of 200 cells is lost", async () => {
  for (let i = 0; i < 200; i++) {
    const { printed, text } = await client.run(`console.log("p${i}"); console.log("q${i}"); ${i}`);
    assertEquals([printed.stdout, text], [`p${i}\nq${i}\n`, String(i)]);
  }
});

/** Runs a cell, interrupts it, and gives how long that took in milliseconds. */
async function interrupted(code: string, after = 300): Promise<number> {
  const cell = client.run(code);
  await new Promise((resolve) => setTimeout(resolve, after));
  const begin = performance.now();
  await client.send("interrupt_request", {}, { channel: "control" });
  const { reply } = await cell;
  assertEquals([reply.status, reply.ename], ["error", "Interrupted"]);
  return performance.now() - begin;
}

test("an interrupt stops a loop and an await, and keeps what was made", async () => {
  await client.run("let made = 41");
  const took = [
    await interrupted("made++; while (true);"),
    await interrupted("await new Promise(() => {})"),
    await interrupted(
      "async function forever() { while (true) { try { await new Promise((r) => setTimeout(r, 5)) } catch {} } } await forever()",
    ),
    await interrupted("for await (const x of (async function* () { await new Promise(() => {}) })()) {}"),
    await interrupted("await new Promise((r) => setTimeout(r, 50)); while (true) Math.sqrt(2);"),
  ];
  assertEquals((await client.run("made")).text, "42");
  console.log(`interrupts took ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
});

test("a cell that puts out without end stands still until all has gone, and can be stopped", async () => {
  const took = [
    await interrupted("while (true) console.log('x'.repeat(100))", 1000),
    await interrupted("while (true) { console.log('x'); await 1 }", 1000),
    await interrupted(
      "while (true) Deno.jupyter.display({ 'text/plain': 'x'.repeat(1000) }, { raw: true })",
      1000,
    ),
    await interrupted(
      "while (true) await Deno.jupyter.display({ 'text/plain': 'x'.repeat(1e5) }, { raw: true })",
    ),
  ];
  console.log(`interrupts took ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  const { text } = await client.run("Math.round(Deno.memoryUsage().rss / 2 ** 20)");
  assert(Number(text) < 500, `${text} MiB`);
});

test("what an interrupted cell leaves behind does not keep the next one from running", async () => {
  await interrupted("function again() { queueMicrotask(again) } again(); await new Promise(() => {})");
  assertEquals((await client.run("5 + 5")).text, "10");
  await interrupted("function forever() { return Promise.resolve().then(forever) } await forever()");
  assertEquals((await client.run("6 + 6")).text, "12");
});

test("an interrupt unwinds what Ebb computes, and frees it", async () => {
  await client.run(`
    import * as ebb from "${new URL("mod.ts", ROOT)}";
    const live = () => ebb.defaultDevice().memory().storages;
    const images = ebb.rand([64, 1, 28, 28]);
    const labels = ebb.tensor(Array.from({ length: 64 }, (_, i) => i % 10), { dtype: "int64" });
    const data = ebb.data.fromTensors([images, labels]);
    const model = ebb.models.smallCnn({ classes: 10 });
    await ebb.backdoor.fineTune(model, data, { epochs: 1, progress: false }).then((tuned) => tuned.dispose());
    const before = live();`);
  await interrupted("await ebb.backdoor.fineTune(model, data, { epochs: 100000 })", 500);
  assertEquals((await client.run("live() - before")).text, "0");
  await interrupted(
    "ebb.scope(() => { let x = ebb.ones([200, 200]); while (true) x = x.matmul(x).tanh(); })",
    300,
  );
  assertEquals((await client.run("live() - before")).text, "0");
  await interrupted(
    "for await (const [x] of ebb.progress(ebb.data.loader(data, { batchSize: 8, epochs: 1e6 }))) x.sum().dispose()",
  );
  assertEquals((await client.run("live() - before")).text, "0");
  assertEquals((await client.run("ebb.ones([2]).sum().item()")).text, "2");
  await client.run("model.dispose(); images.dispose(); labels.dispose()");
});

test("progress is a bar that is brought up to date", async () => {
  const { published } = await client.run(`
    import * as ebb from "${new URL("mod.ts", ROOT)}";
    for (const i of ebb.progress([1, 2, 3], { task: "count" })) await 1;`);
  const shown = published.filter(({ header }) => header.msg_type.endsWith("display_data"));
  assertEquals(shown.map(({ header }) => header.msg_type).slice(0, 2), [
    "display_data",
    "update_display_data",
  ]);
  const [first, last] = [shown[0], shown.at(-1)!].map(({ content }) =>
    content as Record<string, Record<string, string>>
  );
  assertEquals(first.transient.display_id, last.transient.display_id);
  assertMatch(last.data["text/html"], /<progress value="1.0000" max="1"/);
  assertMatch(last.data["text/plain"], /^count 3 of 3, in 0 s$/);
});

test("cells that wait behind one that fails do not run", async () => {
  const all = await Promise.all(
    ["let n = 1; throw new Error('no')", "n = 2", "n = 3"].map((code) => client.run(code)),
  );
  assertEquals(all.map(({ reply }) => reply.status), ["error", "aborted", "aborted"]);
  assertEquals((await client.run("n")).text, "1");
});

/** What a client shows of an error, without colours. */
async function shown(code: string): Promise<string> {
  const { reply, published } = await client.run(code);
  assertEquals(reply.status, "error");
  const error = published.find(({ header }) => header.msg_type === "error");
  assertEquals(error?.content.traceback, reply.traceback);
  return plain((reply.traceback as string[]).join("\n"));
}

test("errors show the cell's own line", async () => {
  const thrown = await shown(
    "type A = {\n  a: number;\n};\nfunction g(x: A | null): number {\n  return x!.a;\n}\ng(null);",
  );
  assertStringIncludes(thrown, "TypeError: Cannot read properties of null (reading 'a')");
  assertMatch(thrown, /\| +return x!\.a;/);
  assertMatch(thrown, /at g \(cell \d+:5:13\)/);
  assertMatch(thrown, /at (<anonymous> )?\(?cell \d+:7:1\)?/);

  await client.run(
    "async function h() {\n  await 1;\n  throw new RangeError('far', { cause: new Error('near') });\n}",
  );
  const awaited = await shown("const before = 1;\nawait h();");
  assertMatch(awaited, /RangeError: far/);
  assertMatch(awaited, /throw new RangeError/);
  assertMatch(awaited, /at async cell \d+:2:1/);
  assertMatch(awaited, /Caused by Error: near/);

  assertMatch(
    await shown("let x = 1;\nlet y = ;"),
    /^SyntaxError: Expression expected\.\ncell \d+, line 2\n1 \| let x = 1;\n2 \| let y = ;\n {2}\| {9}\^/,
  );
  assertMatch(
    await shown("const ok = 1;\nreturn 5;"),
    /SyntaxError: Illegal return statement\ncell \d+, line 2/,
  );
  assertMatch(
    await shown("\nimport './nowhere.ts'"),
    /Module not found "file:.*nowhere\.ts"[^]*2 \| import '\.\/nowhere\.ts'/,
  );
  assertMatch(await shown("throw 'a text'"), /Thrown: "a text"/);
  assertMatch(
    await shown("({ [Symbol.for('Jupyter.display')]() { throw new Error('cannot be shown') } })"),
    /Error: cannot be shown/,
  );
  assertMatch(
    await shown("({ [Symbol.for('Jupyter.display')]: () => 3 })"),
    /expected an object of MIME types but found 3/,
  );
});

test("what nobody catches is printed, and ends nothing", async () => {
  const { printed, text } = await client.run(`
    setTimeout(() => { throw new Error("late") }, 5);
    Promise.reject(new Error("alone"));
    await new Promise((resolve) => setTimeout(resolve, 60));
    "alive"`);
  assertEquals(text, '"alive"');
  const said = plain(printed.stderr);
  assertStringIncludes(said, "Uncaught Error: late");
  assertStringIncludes(said, "Uncaught (in promise) Error: alone");
  assertMatch(
    said,
    /2 \| {5}setTimeout\(\(\) => \{ throw new Error\("late"\) \}, 5\);\n.*\n.*at .*cell \d+:2:30/,
  );
  assertEquals(said.includes("ext:"), false);
});

test("a comment at the end and a closed stream do no harm", async () => {
  assertEquals((await client.run("1 + 1 //# sourceMappingURL=foo.map")).text, "2");
  assertEquals(
    (await client.run("Deno.stdout.close(); console.log('still here')")).printed.stdout,
    "still here\n",
  );
  assertEquals((await client.run("3")).text, "3");
});

test("a crash is told, and the next cell runs in a new process", async () => {
  await client.run("let gone = 1");
  const { reply } = await client.run("Deno.exit(3)");
  assertEquals([reply.status, reply.ename], ["error", "KernelDied"]);
  assertStringIncludes(String(reply.evalue), "code 3");
  assertEquals((await client.run("typeof gone")).text, '"undefined"');
  const killed = await client.run("process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})");
  assertStringIncludes(String(killed.reply.evalue), "killed");
  assertEquals((await client.run("1 + 1")).text, "2");
});

test("cells ask", async () => {
  const asked: string[] = [];
  client.onAsk = (prompt) => (asked.push(prompt), prompt.startsWith("Sure") ? "y" : "Ada ✓");
  const { text } = await client.run(
    "[prompt('Name'), input('In: '), confirm('Sure?'), prompt('Empty', 'left')]",
  );
  assertEquals(text, '[ "Ada ✓", "Ada ✓", true, "Ada ✓" ]');
  assertEquals(asked, ["Name ", "In: ", "Sure? [y/N] ", "Empty [left] "]);
  const { text: read } = await client.run(`
    const bytes = new Uint8Array(100);
    const count = Deno.stdin.readSync(bytes);
    const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
    [new TextDecoder().decode(bytes.subarray(0, count)), (await lines.read()).value]`);
  assertEquals(read, '[ "Ada ✓\\n", "Ada ✓\\n" ]');
  client.onAsk = () => undefined;
  await interrupted("prompt('never answered')");
  const { reply } = await client.run("prompt('x')", { allow_stdin: false });
  assertStringIncludes(String(reply.evalue), "the client takes no questions");
});

test("comms go both ways, with buffers", async () => {
  const { published } = await client.run(`
    Deno.jupyter.comms.register("echo", (comm, { data }) => {
      comm.onMessage = ({ data, buffers }) => comm.send({ got: data.n, bytes: buffers[0]?.[1] }, { buffers });
      comm.onClose = () => console.log("closed by the client");
      comm.send({ hello: data.name });
    });
    const mine = Deno.jupyter.comms.open("view", { a: 1 });
    await Deno.jupyter.broadcast("custom_type", { b: 2 });`);
  assertEquals(published.slice(-2).map(({ header }) => header.msg_type), ["comm_open", "custom_type"]);
  const opened = await client.send("comm_open", { comm_id: "c1", target_name: "echo", data: { name: "me" } });
  assertEquals(opened.published.at(-1)?.content, { comm_id: "c1", data: { hello: "me" } });
  const echoed = await client.send("comm_msg", { comm_id: "c1", data: { n: 4 } }, {
    buffers: [new Uint8Array([1, 2])],
  });
  assertEquals(echoed.published[0].content, { comm_id: "c1", data: { got: 4, bytes: 2 } });
  assertEquals([...echoed.published[0].buffers[0]], [1, 2]);
  const { reply } = await client.send("comm_info_request", { target_name: "echo" });
  assertEquals(reply.comms, { c1: { target_name: "echo" } });
  await client.send("comm_close", { comm_id: "c1", data: {} });
  const unknown = await client.send("comm_open", { comm_id: "c2", target_name: "nobody", data: {} });
  assertEquals(unknown.published[0].header.msg_type, "comm_close");
});

test("requests are answered while a cell runs", async () => {
  const cell = client.run("await new Promise((resolve) => setTimeout(resolve, 600)); 'done'");
  const { reply } = await client.send("is_complete_request", { code: "f(" });
  assertEquals(reply.status, "incomplete");
  assertEquals((await cell).text, '"done"');
});

test("names complete and explain themselves, those of ebb too", async () => {
  const ebb = new URL("mod.ts", ROOT).href;
  await client.run(`import * as ebb from "${ebb}"; const things = { apples: 1, "a b": 2 };`, {}, {
    cellId: "first",
  });
  const completed = await client.send("complete_request", { code: "const é = things.app", cursor_pos: 20 });
  assertEquals(completed.reply.matches, ["apples"]);
  assertEquals([completed.reply.cursor_start, completed.reply.cursor_end], [17, 20]);
  const names = await client.send("complete_request", { code: "ebb.mat", cursor_pos: 7 });
  assert((names.reply.matches as string[]).includes("matmul"), String(names.reply.matches));
  const { reply } = await client.send("inspect_request", {
    code: "ebb.matmul(x)",
    cursor_pos: 8,
    detail_level: 0,
  });
  const text = (reply.data as Record<string, string>)["text/markdown"];
  assertMatch(text, /matmul\(/);
  assertStringIncludes(text, "@example");
  await client.run("const anew = 5; class Fitted { predict() {} }");
  await client.run("const anew = 'text'; class Fitted { transform() {} }");
  const anew = await client.send("complete_request", { code: "anew.toUp", cursor_pos: 9 });
  assert((anew.reply.matches as string[]).includes("toUpperCase"), String(anew.reply.matches));
  const fitted = await client.send("complete_request", { code: "new Fitted().", cursor_pos: 13 });
  assertEquals(fitted.reply.matches, ["transform"]);
  const members = await client.send("complete_request", { code: "things.", cursor_pos: 7 });
  assertEquals(members.reply.matches, ["apples"], "what stands in quotes cannot follow a dot");
  const nothing = await client.send("inspect_request", { code: "  ", cursor_pos: 1 });
  assertEquals(nothing.reply.found, false);
});

test("history is kept, and silent cells are not in it", async () => {
  await client.run("'remember me'");
  const { published, reply } = await client.run("console.log('quiet'); 7", { silent: true });
  assertEquals([published.length, reply.status], [0, "ok"]);
  const inputs = async (request: Record<string, unknown>) =>
    ((await client.send("history_request", request)).reply.history as [number, number, string][]).map((
      [, , input],
    ) => input);
  assertEquals(await inputs({ hist_access_type: "tail", n: 1 }), ["'remember me'"]);
  assertEquals(await inputs({ hist_access_type: "search", pattern: "'rem*", n: 5 }), ["'remember me'"]);
  assertEquals(await inputs({ hist_access_type: "range", session: 0, start: 1, stop: 2 }), ["1 + 1"]);
});

test("expressions of a request are evaluated", async () => {
  const { reply } = await client.run("let e = 20", { user_expressions: { twice: "e * 2", wrong: "nobody" } });
  const { twice, wrong } = reply.user_expressions as Record<string, Record<string, unknown>>;
  assertEquals(twice, { status: "ok", data: { "text/plain": "40" }, metadata: {} });
  assertEquals([wrong.status, wrong.ename], ["error", "ReferenceError"]);
});

test("what is no message is dropped, what is unknown is answered, and the next cell runs", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  client.raw("shell", [bytes("nonsense")]);
  client.raw("shell", [
    bytes("<IDS|MSG>"),
    bytes("wrong"),
    bytes("{}"),
    bytes("{}"),
    bytes("{}"),
    bytes("{}"),
  ]);
  client.raw("control", [bytes("<IDS|MSG>"), bytes(""), bytes("{")]);
  const header = client.header("execute_request");
  const frames = client.codec.encode({
    identities: [],
    header,
    parent: {},
    metadata: {},
    content: { code: "globalThis.forged = true" },
    buffers: [],
  });
  frames[1] = bytes("0".repeat(64));
  client.raw("shell", frames);
  assertEquals((await client.run("typeof forged")).text, '"undefined"');
  const { reply } = await client.send("no_such_request", {});
  assertEquals([reply.status, reply.evalue], [
    "error",
    'the kernel has no answer to a message of type "no_such_request"',
  ]);
  assertEquals((await client.run(7 as never)).reply.status, "error");
  assertEquals((await client.run("2 + 2")).text, "4");
  assert(await kernel.beats());
});

test("two clients see each other's cells, and one may leave in the middle", async () => {
  const other = await kernel.connect();
  const { text } = await other.run("'from the other'");
  assertEquals(text, '"from the other"');
  assert(client.heard.some(({ content }) => content.code === "'from the other'"));
  other.run("for (let i = 0; i < 20000; i++) console.log('to nobody', i); 'left'");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.close();
  assertEquals((await client.run("3 + 3")).text, "6");
});

test("a client that does not read holds nobody up", async () => {
  const deaf = await kernel.deafClient();
  const { printed } = await client.run(`
    for (let i = 0; i < 30; i++) await Deno.jupyter.display({ "text/plain": "x".repeat(1_000_000) }, { raw: true });
    console.log("said")`);
  assertEquals(printed.stdout, "said\n");
  deaf.close();
  assertEquals((await client.run("4 + 4")).text, "8");
});

test("a cell of 5 MB runs", async () => {
  const { text } = await client.run(`const long = "${"x".repeat(5_000_000)}"; long.length`);
  assertEquals(text, "5000000");
});

Deno.test({
  name: "kernel: a faulty deno.json is told, and once it is mended cells run",
  ...LOOSE,
  fn: async () => {
    const own = await Deno.makeTempDir();
    await Deno.writeTextFile(`${own}/deno.json`, "{ faulty");
    {
      await using kernel = await TestKernel.start(own);
      const client = await kernel.connect();
      const { reply } = await client.run("1");
      assertEquals([reply.status, reply.ename], ["error", "KernelError"]);
      assertStringIncludes(String(reply.evalue), "deno.json");
      await Deno.writeTextFile(`${own}/deno.json`, '{ "compilerOptions": { "jsx": "bad" } }');
      const { reply: other } = await client.run("1");
      assertMatch(String(other.evalue), /could not be started: .*jsx/s);
      await Deno.writeTextFile(`${own}/deno.json`, "{}");
      assertEquals((await client.run("2")).text, "2");
    }
    await Deno.remove(own, { recursive: true });
  },
});

Deno.test({
  name: "kernel: a shutdown ends both processes",
  ...LOOSE,
  fn: async () => {
    await using own = await TestKernel.start(folder);
    const client = await own.connect();
    const { text } = await client.run("Deno.pid");
    const { reply } = await client.send("shutdown_request", { restart: false }, { channel: "control" });
    assertEquals([reply.status, reply.restart], ["ok", false]);
    assertEquals((await own.status).code, 0);
    assertEquals(await running(Number(text)), false);
  },
});

async function running(pid: number): Promise<boolean> {
  const { code } = await new Deno.Command("kill", { args: ["-0", String(pid)], stderr: "null" }).output();
  return code === 0;
}
