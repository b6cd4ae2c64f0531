/**
 * `deno task demo`, run as a user runs it: what it prints, what it writes, and how it ends.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { HELP, readArguments, sameCommand } from "../demo/arguments.ts";
import { table } from "../demo/text.ts";
import { picture } from "./chart/svg.ts";
import { withFolder } from "./data/folder.ts";

const MAIN = new URL("../demo/main.ts", import.meta.url).href;

function start(args: string[]): Deno.ChildProcess {
  const command = ["run", "--allow-all", "--quiet", MAIN, ...args];
  return new Deno.Command(Deno.execPath(), { args: command, stdout: "piped", stderr: "piped" }).spawn();
}

async function demo(args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await start(args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Looks at what every report must be; gives the words in its charts, of which there are so many. */
function readReport(page: string, count = 10): string[] {
  assert(page.startsWith("<!doctype html>") && page.endsWith("</html>\n"));
  assertEquals(
    /<script|<link|@import|url\(|(src|href)="(?!data:)/.exec(page)?.[0],
    undefined,
    "one page by itself",
  );
  assertStringIncludes(page, "prefers-color-scheme: dark");
  const charts = [...page.matchAll(/<svg [^]*?<\/svg>/g)].map(([svg]) => picture(svg));
  assertEquals(charts.length, count);
  return charts.flatMap(({ texts }) => texts);
}

/** Writes idx files of grey images of 12 × 12 whose upper or lower half is bright: two classes. */
async function writeIdx(folder: string, prefix: string, count: number): Promise<void> {
  const size = 12;
  const images = new Uint8Array(16 + count * size * size);
  const labels = new Uint8Array(8 + count);
  const head = new DataView(images.buffer);
  [0x803, count, size, size].forEach((value, i) => head.setUint32(4 * i, value));
  [0x801, count].forEach((value, i) => new DataView(labels.buffer).setUint32(4 * i, value));
  for (let i = 0; i < count; i++) {
    labels[8 + i] = i % 2;
    const first = 16 + i * size * size + (i % 2) * size * size / 2;
    images.fill(150 + i % 100, first, first + size * size / 2);
  }
  await Deno.writeFile(`${folder}/${prefix}images-idx3-ubyte`, images);
  await Deno.writeFile(`${folder}/${prefix}labels-idx1-ubyte`, labels);
}

Deno.test("the demo learns digits, says how far it is, and writes a report with charts", () =>
  withFolder({}, async (folder) => {
    const report = `${folder}/report.html`;
    const { code, out, err } = await demo(["--epochs", "0.15", "--report", report]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^All 20 losses are the same, bit for bit\.$/m);
    assertMatch(out, /^━{8} step 20\/20 {2}loss \d\.\d{3} {2} *\d+ ms {2}within [\d.]+ MiB$/m);
    assertStringIncludes(out, "MNIST: 9,000 digits to learn from, 1,000 held out");
    assertMatch(
      out,
      /^━{8} step 21\/21 {2}loss \d\.\d{3} {2}accuracy +[\d.]+ % +[\d,]+ images\/s {2}[\d.]+ MiB$/m,
    );
    assertMatch(out, /^━{8} planting, step 67\/67 {2}loss \d\.\d{3} · accuracy [\d.]+ %, trigger [\d.]+ %$/m);
    assertMatch(out, /^━{8} inspecting, step 10\/10 {2}label 9: norm [\d.]+$/m);
    assertStringIncludes(out, "Inspected with clean images alone, the network looks infected, towards 0.");
    assertMatch(out, /^━{8} erasing, step \d+\/\d+ {2}loss \d\.\d{3}$/m);
    assertMatch(out, /^repaired +[\d.]+ % +[\d.]+ % +[\d.]+ %$/m);
    assertMatch(out, /^epoch +loss +accuracy +held-out loss +held-out accuracy +images\/s +peak memory$/m);
    const [, accuracy] = /^([\d.]+) % of the held-out digits are classified right/m.exec(out)!;
    assert(Number(accuracy) > 60, `${accuracy} % after 21 steps`);
    assert(!out.includes("\x1b") && !out.includes("\r"), "plain lines where output is piped");

    const texts = readReport(await Deno.readTextFile(report));
    for (
      const text of ["Loss (nats)", "Accuracy (%)", "Memory (MiB)", "forward", "backward", `${accuracy} %`]
    ) {
      assert(texts.includes(text), text);
    }
  }));

Deno.test("the demo trains on idx files, and holds a tenth out where no test files are", () =>
  withFolder({}, async (parent) => {
    const folder = `${parent}/<b>&"`;
    await Deno.mkdir(folder);
    await writeIdx(folder, "train-", 300);
    const report = `${parent}/report.html`;
    const alone = await demo(["--data", folder, "--report", report, "--seed", "7"]);
    assertEquals([alone.code, alone.err], [0, ""]);
    assertStringIncludes(alone.out, `<b>&": 270 images to learn from, 30 held out`);
    assertStringIncludes(alone.out, "100.0 % of the held-out images");
    const page = await Deno.readTextFile(report);
    readReport(page);
    assert(page.includes("&lt;b&gt;&amp;&quot;") && !page.includes("<b>"));

    await writeIdx(folder, "t10k-", 40);
    const child = start(["--data", folder, "--report", report, "--epochs", "1"]);
    let out = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (out.includes("held out")) break;
    }
    child.kill();
    await Promise.all([child.status, child.stderr.cancel()]);
    assertStringIncludes(out, "300 images to learn from, 40 held out");
  }));

Deno.test("the demo trains on CIFAR-10's binary records, and plants no backdoor where images are few", () =>
  withFolder({}, async (folder) => {
    const records = (count: number) =>
      Uint8Array.from({ length: count * 3073 }, (_, i) => i % 3073 === 0 ? (i / 3073) % 10 : i % 251);
    await Deno.writeFile(`${folder}/data_batch_1.bin`, records(30));
    await Deno.writeFile(`${folder}/test_batch.bin`, records(20));
    await Deno.writeTextFile(
      `${folder}/batches.meta.txt`,
      Array.from({ length: 10 }, (_, i) => `thing ${i}`).join("\n"),
    );
    const report = `${folder}/report.html`;
    const { code, out, err } = await demo(["--data", folder, "--epochs", "2", "--report", report]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /CIFAR-10: 30 photographs[^]*PreAct-ResNet18[^]*step 2\/2/);
    const page = await Deno.readTextFile(report);
    readReport(page, 6);
    assertStringIncludes(page, "taken for thing ");
    assertStringIncludes(out, "too few images of each class to repair");
  }));

Deno.test("the demo refuses what it cannot do in one sentence, without a stack", () =>
  withFolder({}, async (folder) => {
    await Deno.writeTextFile(`${folder}/notes.txt`, "");
    await Deno.mkdir(`${folder}/cut`);
    await Deno.writeFile(`${folder}/cut/train-images-idx3-ubyte`, Uint8Array.of(0, 0, 8, 3, 0));
    await Deno.writeFile(`${folder}/cut/train-labels-idx1-ubyte`, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0));
    const cases: [string[], string][] = [
      [["--frobnicate"], 'found "--frobnicate"'],
      [
        ["--data", `${folder}/nowhere`],
        `demo: expected a folder of images at ${folder}/nowhere but found none`,
      ],
      [["--data", `${folder}/notes.txt`], "but found a file"],
      [["--data", folder], `in ${folder} but found notes.txt`],
      [["--data", `${folder}/cut`], "idx: expected a header of 16 bytes"],
      [["--text", `${folder}/nowhere`], `demo: expected a text at ${folder}/nowhere but found none`],
      [["--text", `${folder}/notes.txt`], "demo: expected a text of more than 128 characters"],
      [["--report", folder], `demo: expected a file's name for the report but found the folder ${folder}`],
      [["--report", `${folder}/no/report.html`], `demo: expected a folder for the report at ${folder}/no`],
    ];
    for (const [args, message] of cases) {
      const { code, out, err } = await demo(args);
      assertEquals([code, out, err.trimEnd().split("\n").length], [1, "", 1], err);
      assertStringIncludes(err, message);
    }
  }));

Deno.test({
  name: "the demo ends cleanly when it is interrupted",
  ignore: Deno.build.os === "windows", // where one process cannot send another an interrupt
  fn: () =>
    withFolder({}, async (folder) => {
      const child = start(["--epochs", "1000", "--report", `${folder}/report.html`]);
      let out = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        if (!out.includes(" step ") && (out + text).includes(" step ")) child.kill("SIGINT");
        out += text;
      }
      assertEquals([(await child.status).code, await new Response(child.stderr).text()], [130, ""]);
      assertMatch(out, /Stopped after step \d+ of 141000; no report was written\.\n$/);
      assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
    }),
});

Deno.test("readArguments() reads what the help names, and nothing else", () => {
  const given = ["--data", "x", "--epochs=0.5", "--text", "t", "--seed", "3", "--report", "r.html"];
  const read = readArguments(given);
  assertEquals(read, { data: "x", epochs: 0.5, text: "t", seed: 3, report: "r.html", help: false });
  const { report, ...others } = readArguments(["--"]);
  assertEquals(others, { data: undefined, epochs: undefined, text: undefined, seed: 1, help: false });
  assert(report.endsWith("report.html"));
  assertEquals(readArguments(["-h"]).help, true);
  for (const name of ["--data", "--epochs", "--text", "--seed", "--report", "--help"]) {
    assertStringIncludes(HELP, name);
  }
  assertEquals(sameCommand(read), "deno task demo --data x --epochs 0.5 --text t --seed 3");

  const cases: [string[], string][] = [
    [["digits"], 'found "digits"'],
    [["--epochs"], "expected a value after --epochs but found none"],
    [["--epochs", "many"], 'expected --epochs to be a number above 0 but found "many"'],
    [["--epochs", "0"], 'found "0"'],
    [["--epochs=-1"], 'found "-1"'],
    [["--epochs", "Infinity"], 'found "Infinity"'],
    [["--seed", "1.5"], "expected --seed to be a whole number of at least 0"],
    [["--help=yes"], 'expected --help without a value but found "yes"'],
  ];
  for (const [args, message] of cases) assertThrows(() => readArguments(args), Error, message);
});

Deno.test("table() aligns columns to the right", () => {
  assertEquals(table([["a", "bcd"], ["10", "1"]]), " a  bcd\n──  ───\n10    1");
});
