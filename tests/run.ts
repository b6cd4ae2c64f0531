/**
 * `deno task test`: every test and every documentation example, then one line `N passed, N failed` (`, N skipped`).
 *
 * Arguments go to `deno test` as they are (paths, `--filter matmul`, `--parallel`); with `--coverage` a table of what
 * the tests reached in `lib/` comes before the last line, and the raw data is left in `cov/`.
 *
 * Examples in the documentation import the package by its own name, `import * as ebb from "@ebb/ebb"`: Deno resolves it
 * through `name` and `exports` of `deno.json`, with the offline import map too, to the same module as a relative path.
 * Deno also writes an import of every exported symbol of its file into an example; where the example does without, the
 * compiler's `noUnusedLocals` would refuse it. So that option is off in `deno.json` and the lint rule `no-unused-vars`
 * does its work.
 *
 * @module
 */
import { type Counts, countTests, sentence } from "./counts.ts";
import { chooseStd } from "./std.ts";

const ROOT = new URL("../", import.meta.url);

if (import.meta.main) {
  const passedOn = Deno.args.filter((arg) => arg !== "--coverage");
  const counts = await runTests(passedOn, passedOn.length < Deno.args.length);
  console.log(sentence(counts));
  Deno.exit(counts.failed > 0 ? 1 : 0);
}

/**
 * Runs `deno test` with `args`, what it prints passing through; with none, the tests and then the examples. A test has the
 * machine for itself, as what it computes takes all of it; examples are short, and several run at once.
 */
async function runTests(args: string[], coverage: boolean): Promise<Counts> {
  const folder = await Deno.makeTempDir({ prefix: "ebb-test-" });
  try {
    const std = await chooseStd(folder);
    console.log(`Deno ${Deno.version.deno}, ${std.note}`);
    const runs = args.length > 0 ? [args] : [["tests"], ["--parallel", "--ignore=tests"]];
    const all: Counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [i, run] of runs.entries()) {
      const report = `${folder}/junit-${i}.xml`;
      const measure = coverage ? ["--coverage=cov", "--coverage-raw-data-only"] : [];
      if (coverage && i === 0) measure.push("--clean");
      const code = await deno([
        "test",
        "--allow-all",
        "--doc",
        "--preload=tests/preload.ts",
        `--junit-path=${report}`,
        ...measure,
        ...std.flags,
        ...run,
      ]);
      const xml = await Deno.readTextFile(report).catch(() => undefined);
      if (xml === undefined) console.log(`deno test ended with ${code} before it wrote its report`);
      const counts = countTests(xml ?? "");
      // A module that cannot be loaded, a type error or a crash fails no test by name, but fails.
      if (code !== 0 && counts.failed === 0) counts.failed = 1;
      all.passed += counts.passed;
      all.failed += counts.failed;
      all.skipped += counts.skipped;
    }
    if (coverage) await deno(["coverage", `--include=^${ROOT.href}(lib/|mod\\.ts$)`, "cov"]);
    return all;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function deno(args: string[]): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" });
  const { code } = await command.spawn().status;
  return code;
}
