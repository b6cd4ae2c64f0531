/**
 * Runs the notebooks head-less, as `deno task notebooks`, and writes them with their outputs.
 *
 *     deno run -A notebooks/run.ts [--out folder] [1_first_tensors …]
 *
 * Without `--out` they are written where they are, and pictures of data that are not Ebb's to give away (cells with the tag
 * "pictures") are left out: whoever runs the notebook sees them.
 *
 * @module
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nbconvert } from "../kernels/lab.ts";

const FOLDER = fileURLToPath(new URL("./", import.meta.url));
/** What stands where a picture was. */
const LEFT_OUT =
  "Run the cell to see the pictures: the digits are MNIST's, and are fetched when they are asked for.";

/** A notebook's file, as far as it is looked at. */
export interface Notebook {
  readonly cells: {
    readonly cell_type: string;
    readonly source: string | string[];
    readonly metadata: { readonly tags?: string[] };
    outputs?: Output[];
  }[];
}

/** What a cell put out. */
export interface Output {
  readonly output_type: string;
  readonly data?: Record<string, unknown>;
  readonly text?: string | string[];
  readonly ename?: string;
  readonly evalue?: string;
}

/** The names of the notebooks. */
export function notebooks(): string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"))
    .sort()
    .map((name) => basename(name, ".ipynb"));
}

/**
 * Runs a notebook.
 *
 * @throws {Error} with what nbconvert says when a cell fails.
 */
export async function runNotebook(name: string, out: string): Promise<Notebook> {
  const file = join(FOLDER, `${name}.ipynb`);
  const options = ["--to=notebook", "--execute", "--ExecutePreprocessor.timeout=600", `--output-dir=${out}`];
  await nbconvert([...options, file]).catch((error) => {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  });
  return JSON.parse(await Deno.readTextFile(join(out, `${name}.ipynb`)));
}

/** The notebook without what is not Ebb's to give away. */
function shareable(notebook: Notebook): Notebook {
  for (const cell of notebook.cells) {
    if (!cell.metadata.tags?.includes("pictures")) continue;
    cell.outputs = cell.outputs?.map((output) =>
      output.data === undefined ? output : { ...output, data: { "text/plain": LEFT_OUT } }
    );
  }
  return notebook;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string" } } });
  const out = values.out ?? await Deno.makeTempDir();
  await Deno.mkdir(out, { recursive: true });
  for (const name of positionals.length > 0 ? positionals : notebooks()) {
    const begin = performance.now();
    const notebook = await runNotebook(name, out);
    if (values.out === undefined) {
      await Deno.writeTextFile(
        join(FOLDER, `${name}.ipynb`),
        `${JSON.stringify(shareable(notebook), null, 1)}\n`,
      );
    }
    console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
  if (values.out === undefined) await Deno.remove(out, { recursive: true });
}
