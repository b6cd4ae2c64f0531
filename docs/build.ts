/**
 * Builds the documentation as a static page: `deno task docs` writes `docs/site/`, the README, the reference of every
 * public symbol, and the notebooks with their outputs.
 *
 *     deno run -A docs/build.ts [--out docs/site] [--run]
 *
 * `--run` runs the notebooks first, so that the pictures are there which the repository does not carry.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nbconvert } from "../kernels/lab.ts";
import { notebooks, runNotebook } from "../notebooks/run.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Builds the page in a folder, which is made anew. */
export async function build(out: string, options: { readonly run: boolean }): Promise<void> {
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(out, "notebooks"), { recursive: true });
  await reference(join(out, "reference"));
  const work = await Deno.makeTempDir();
  try {
    for (const name of options.run ? notebooks() : []) await runNotebook(name, work);
    const folder = options.run ? work : join(ROOT, "notebooks");
    await toHtml(notebooks().map((name) => join(folder, `${name}.ipynb`)), join(out, "notebooks"));
    await Deno.writeTextFile(join(work, "index.ipynb"), JSON.stringify(await front()));
    await toHtml([join(work, "index.ipynb")], out);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The first page as a notebook of one cell: the README, under where to go from there. */
async function front(): Promise<unknown> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const links = [
    "[Reference](reference/index.html)",
    ...notebooks().map((name) => `[${titleOf(name)}](notebooks/${name}.html)`),
  ];
  const source = `${links.join(" · ")}\n\n${readme}`;
  return {
    cells: [{ cell_type: "markdown", id: "readme", metadata: {}, source }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function titleOf(name: string): string {
  const [number, ...words] = name.split("_");
  return `${number}. ${words.join(" ")}`;
}

async function toHtml(files: readonly string[], out: string): Promise<void> {
  await nbconvert(["--to=html", `--output-dir=${out}`, ...files]);
}

/** Every public symbol, by `deno doc`. */
async function reference(out: string): Promise<void> {
  const entries = ["mod.ts", "frames.ts", "kernels/install.ts"];
  const args = ["doc", "--html", "--name=Ebb", `--output=${out}`, ...entries];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdout: "null" })
    .output();
  if (!success) throw new Error(`docs: deno doc failed: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" }, run: { type: "boolean" } } });
  const out = values.out ?? join(ROOT, "docs", "site");
  await build(out, { run: values.run ?? false });
  console.log(`The documentation is in ${join(out, "index.html")}`);
}
