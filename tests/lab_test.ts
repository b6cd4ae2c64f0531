/**
 * JupyterLab in a browser with the Ebb kernel: a notebook is opened, all its cells are run, and every picture is there.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { jupyterFor } from "./kernels/environment.ts";

const ROOT = new URL("../", import.meta.url);
const PLAYWRIGHT = "npm:playwright-core@1.65.1";
const NAME = "3_larger_than_memory";

/** As much of a page as is used here. */
interface Page {
  goto(url: string): Promise<unknown>;
  waitForSelector(selector: string, options?: { timeout: number }): Promise<unknown>;
  evaluate<T>(script: string): Promise<T>;
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
}

const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
const jupyter = await jupyterFor("JupyterLab");
if (browser === undefined) console.log("JupyterLab is not tested: there is no Chromium");

Deno.test({
  name: "JupyterLab opens a notebook, runs it, and shows its pictures",
  ignore: jupyter === undefined || browser === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const { bin, env } = jupyter!;
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(join(folder, "notebooks"));
    const imports = {
      "@ebb/ebb": new URL("mod.ts", ROOT).href,
      "@ebb/ebb/frames": new URL("frames.ts", ROOT).href,
    };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports }));
    await Deno.copyFile(new URL("README.md", ROOT), join(folder, "README.md"));
    const notebook = JSON.parse(await Deno.readTextFile(new URL(`notebooks/${NAME}.ipynb`, ROOT)));
    // What is seen has to be of this run.
    for (const cell of notebook.cells) if (cell.outputs) [cell.outputs, cell.execution_count] = [[], null];
    await Deno.writeTextFile(join(folder, "notebooks", `${NAME}.ipynb`), JSON.stringify(notebook));
    const settings = join(folder, "settings", "@jupyterlab", "notebook-extension");
    await Deno.mkdir(settings, { recursive: true });
    // Cells that are out of sight are drawn, too.
    await Deno.writeTextFile(join(settings, "tracker.jupyterlab-settings"), '{ "windowingMode": "none" }');

    const lab = new Deno.Command(join(bin, "jupyter-lab"), {
      args: [
        "--allow-root",
        "--no-browser",
        "--port=0",
        "--IdentityProvider.token=",
        `--ServerApp.root_dir=${folder}`,
        `--LabApp.user_settings_dir=${join(folder, "settings")}`,
        "--expose-app-in-browser",
      ],
      env,
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const { chromium } = await import(PLAYWRIGHT);
    const shown = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
    try {
      const address = await addressOf(lab.stderr);
      const page: Page = await shown.newPage({ viewport: { width: 1280, height: 1000 } });
      await page.goto(`${address}/lab/tree/notebooks/${NAME}.ipynb`);
      await page.waitForSelector(".jp-Notebook .jp-CodeCell", { timeout: 60_000 });
      await idle(page);
      await page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')");
      const count = notebook.cells.filter((cell: { cell_type: string }) => cell.cell_type === "code").length;
      const state = await settled(page, count);
      const picture = Deno.env.get("EBB_SCREENSHOT");
      if (picture !== undefined) await page.screenshot({ path: picture });
      assertEquals(state.errors, []);
      assertEquals(state.broken, 0, "pictures that are not there");
      assert(state.pictures >= 4, `${state.pictures} pictures`);
      assert(state.texts.includes("the same losses, bit for bit"), state.texts);
    } finally {
      await shown.close();
      lab.kill("SIGINT");
      lab.kill("SIGTERM");
      await lab.status;
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  },
});

/** Waits until the notebook's kernel is there. */
async function idle(page: Page): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const status = await page.evaluate<string | undefined>(
      "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status",
    );
    if (status === "idle") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the notebook's kernel was not idle within a minute");
}

interface Seen {
  readonly done: number;
  readonly pictures: number;
  readonly broken: number;
  readonly errors: string[];
  readonly texts: string;
}

/** What the page shows when all its cells have run, or one has failed. */
async function settled(page: Page, count: number): Promise<Seen> {
  for (let i = 0; i < Number(Deno.env.get("EBB_TRIES") ?? 240); i++) {
    const seen = await page.evaluate<Seen>(`(() => {
      const all = (selector) => [...document.querySelectorAll(".jp-Notebook " + selector)];
      const pictures = all(".jp-OutputArea img");
      return {
        done: all(".jp-CodeCell .jp-InputPrompt").filter((each) => /\\[\\d+\\]/.test(each.textContent)).length,
        pictures: pictures.length,
        broken: pictures.filter((each) => !(each.complete && each.naturalWidth > 100 && each.offsetHeight > 50)).length,
        errors: all(".jp-OutputArea [data-mime-type='application/vnd.jupyter.error'], .jp-OutputArea .jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").map((each) => each.textContent),
        texts: all(".jp-OutputArea").map((each) => each.textContent).join("\\n"),
      };
    })()`);
    if (seen.done === count || seen.errors.length > 0) return seen;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const picture = Deno.env.get("EBB_SCREENSHOT");
  if (picture !== undefined) await page.screenshot({ path: picture });
  throw new Error("the notebook did not end in two minutes");
}

/** Where JupyterLab says that it listens. */
async function addressOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  while (true) {
    const { value, done } = await reader.read();
    said += value ?? "";
    const match = said.match(/(http:\/\/(?:localhost|127\.0\.0\.1):\d+)\/lab/);
    if (match !== null) {
      // What is said later must go somewhere.
      (async () => {
        while (!(await reader.read()).done);
      })();
      return match[1];
    }
    if (done) throw new Error(`JupyterLab does not start: ${said}`);
  }
}
