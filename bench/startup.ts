/**
 * How long a program waits until Ebb has computed something: fresh processes import `mod.ts` and run a first operation,
 * with Deno's caches warm. Prints medians as markdown.
 *
 *     deno run -A bench/startup.ts [--rounds 10]
 *
 * @module
 */
import { parseOptions } from "./options.ts";
import { summarize, table } from "./peers/report.ts";

/** What one process took, in ms. */
interface Times {
  /** Import of the module. */
  importMs: number;
  /** First operation: finds and opens ONNX Runtime, compiles a graph, runs it. */
  firstMs: number;
  /** All of the process, Deno's own start and end included. */
  processMs: number;
}

/** The program that is measured. Its specifier is computed, or Deno would load the module before the clock runs. */
const PROGRAM = `
  const start = performance.now();
  const ebb = await import(Deno.args[0]);
  const imported = performance.now();
  const sum = ebb.add(ebb.tensor([1, 2]), 1).toArray();
  const done = performance.now();
  if (String(sum) !== "2,3") throw new Error("expected 2,3 but found " + sum);
  console.log(JSON.stringify({ importMs: imported - start, firstMs: done - imported }));
`;

async function measure(file: string): Promise<Times> {
  const module = new URL("../mod.ts", import.meta.url).href;
  const start = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", file, module],
    cwd: new URL("../", import.meta.url),
  }).output();
  const processMs = performance.now() - start;
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return { ...JSON.parse(new TextDecoder().decode(stdout)), processMs };
}

const { rounds } = parseOptions({ rounds: 10 });
const file = await Deno.makeTempFile({ suffix: ".js" });
await Deno.writeTextFile(file, PROGRAM);
await measure(file); // fills the caches
const times: Times[] = [];
for (let i = 0; i < rounds; i++) times.push(await measure(file));
await Deno.remove(file);

const row = (title: string, of: (times: Times) => number) => {
  const { median, min, spread } = summarize(times.map(of));
  return [title, median.toFixed(0), min.toFixed(0), `${Math.round(spread * 100)} %`];
};
console.log(table(["ms", "median", "min", "spread"], [
  row("import of mod.ts", ({ importMs }) => importMs),
  row("first operation", ({ firstMs }) => firstMs),
  row("**both**", ({ importMs, firstMs }) => importMs + firstMs),
  row("the whole process", ({ processMs }) => processMs),
]));
