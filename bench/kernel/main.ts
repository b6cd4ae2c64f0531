/**
 * The kernel against Deno's own, through Jupyter's clients: how many outputs of cells are lost, how long a kernel takes to
 * start, a cell to come back, and whether memory stays flat.
 *
 *     deno run -A bench/kernel/main.ts [--cells 1000] [--runs 3] [--out bench/kernel/results]
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment } from "../../kernels/lab.ts";
import { pathName } from "../../lib/files/read.ts";
import { commandOf, machine, today, writeResult } from "../result.ts";
import { parseOptions } from "../options.ts";
import { table } from "../peers/report.ts";

const options = parseOptions({
  cells: 1000,
  runs: 3,
  out: pathName(new URL("results/", import.meta.url)),
});

type Figures = Record<string, number>;

const { bin, env } = await environment();
// Deno's own kernel beside Ebb's.
const data = env.JUPYTER_DATA_DIR;
await Deno.mkdir(join(data, "kernels", "deno"), { recursive: true });
const spec = {
  argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
  display_name: "Deno",
  language: "typescript",
};
await Deno.writeTextFile(join(data, "kernels", "deno", "kernel.json"), JSON.stringify(spec));

const rows: (string | number)[][] = [];
for (const kernel of ["deno", "ebb"]) {
  const cwd = await Deno.makeTempDir();
  const { success, stdout, stderr } = await new Deno.Command(join(bin, "python"), {
    args: [
      fileURLToPath(new URL("clients.py", import.meta.url)),
      kernel,
      String(options.cells),
      String(options.runs),
    ],
    cwd,
    env,
  }).output();
  await Deno.remove(cwd, { recursive: true });
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { lost, speed } = JSON.parse(new TextDecoder().decode(stdout)) as {
    lost: Figures[];
    speed: Figures[];
  };
  for (const runs of [lost, speed]) {
    for (const name of Object.keys(runs[0])) {
      const digits = runs[0][name] < 10 && !Number.isInteger(runs[0][name]) ? 2 : 0;
      rows.push([name, kernel, ...runs.map((run) => run[name].toFixed(digits))]);
    }
  }
}
await Deno.remove(join(data, "kernels", "deno"), { recursive: true });

const head = ["figure", "kernel", ...Array.from({ length: options.runs }, (_, i) => `run ${i + 1}`)];
const order = [...new Set(rows.map(([name]) => name))];
const sorted = order.flatMap((name) => rows.filter(([each]) => each === name));
const text = `# The kernel through Jupyter's clients

${today()}, ${machine()}: ${commandOf("kernel/main.ts")}

${options.cells} cells through nbclient: in turns a value, twenty printed lines, a display with a value, and 100 kB.

${table(head, sorted)}
`;
await writeResult(options.out, "kernel.md", text);
console.log(text);
