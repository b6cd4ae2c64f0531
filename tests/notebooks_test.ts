/**
 * The notebooks run head-less through Jupyter, from the first cell to the last, and show what they are to show.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { jupyterFor } from "./kernels/environment.ts";
import { type Notebook, notebooks, type Output, runNotebook } from "../notebooks/run.ts";

const jupyter = await jupyterFor("that the notebooks run");

/** What each shows at least: pieces of text, and how many pictures. */
const SHOWN: Record<string, { readonly texts: readonly string[]; readonly pictures: number }> = {
  "1_first_tensors": {
    texts: ["Tensor(float32[200, 300], cpu)", "slope 2.0", "fit 200 of 200"],
    pictures: 2,
  },
  "2_train_digits": { texts: ["20,538 parameters", "other digits are read right"], pictures: 3 },
  "3_larger_than_memory": { texts: ["the same losses, bit for bit", "waiting for copies"], pictures: 4 },
  "4_your_own_policy": { texts: ["4 rows × 5 columns", "the same losses"], pictures: 1 },
  "5_erase_a_backdoor": { texts: ["aft 240 of 240", "3 rows × 5 columns"], pictures: 5 },
};

Deno.test("every notebook is tested", () => assertEquals(notebooks(), Object.keys(SHOWN)));

Deno.test("notebooks carry their outputs, and no path of a machine", async () => {
  for (const name of notebooks()) {
    const text = await Deno.readTextFile(new URL(`../notebooks/${name}.ipynb`, import.meta.url));
    const { cells } = JSON.parse(text) as Notebook;
    assert(cells.some(({ outputs = [] }) => outputs.length > 0), name);
    assert(!/\/(root|home|work|tmp)\//.test(text), `${name} names a path`);
  }
});

for (const [name, { texts, pictures }] of Object.entries(SHOWN)) {
  // The third one is run in JupyterLab, in `lab_test.ts`.
  if (name === "3_larger_than_memory") continue;
  Deno.test({
    name: `notebook ${name} runs`,
    ignore: jupyter === undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const out = await Deno.makeTempDir();
      try {
        const { cells } = await runNotebook(name, out);
        const outputs = cells.flatMap(({ outputs = [] }) => outputs);
        assertEquals(outputs.filter(({ output_type }) => output_type === "error"), []);
        const all = outputs.map(textOf).join("\n");
        for (const text of texts) assert(all.includes(text), `${text} in:\n${all.slice(0, 2000)}`);
        const seen = outputs.filter(({ data = {} }) =>
          "image/svg+xml" in data || String(data["text/html"]).includes('<img src="data:image/png')
        );
        assert(seen.length >= pictures, `${seen.length} pictures`);
      } finally {
        await Deno.remove(out, { recursive: true });
      }
    },
  });
}

function textOf({ text, data = {} }: Output): string {
  return [text, data["text/plain"], data["text/html"]].flat().filter((part) => part !== undefined).join("");
}
