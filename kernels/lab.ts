/**
 * `deno task lab`: JupyterLab with the Ebb kernel and the notebooks. Where JupyterLab is not installed it comes from PyPI
 * into a virtual environment in the user's cache, once; nothing else on the machine changes.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./install.ts";

/** What the virtual environment is made of. */
export const PACKAGES: readonly string[] = ["jupyterlab==4.6.6", "nbclient==0.11.0", "nbconvert==7.17.2"];

/** What JupyterLab is set to until a user sets it otherwise: it asks nothing of anybody when it starts. */
const SETTINGS = {
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
};

const WINDOWS = Deno.build.os === "windows";
/** Lines of what a program said that an error repeats. */
const SAID = 30;

/** Programs of Jupyter with the kernel among theirs. */
export interface Jupyter {
  /** Where programs such as `jupyter-lab` lie. */
  readonly bin: string;
  /** What they need in their environment to find the kernel. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A virtual environment with JupyterLab, nbclient, nbconvert and the kernel; made if it is not there.
 *
 * @param packages what else it has, as pip takes it
 * @param folder where it lies; default: in the user's cache
 * @throws {Error} when there is no Python, or pip cannot install.
 */
export async function environment(packages: readonly string[] = [], folder?: string): Promise<Jupyter> {
  const home = folder ?? join(cacheFolder(), "ebb", `jupyter-${await nameOf(PACKAGES)}`);
  const bin = join(home, WINDOWS ? "Scripts" : "bin");
  if (!await exists(home)) await run(WINDOWS ? "python" : "python3", ["-m", "venv", home]);
  const all = [...PACKAGES, ...packages];
  // A mark that comes last: an installation that was cut off is begun again.
  const done = join(home, `has-${await nameOf(all)}`);
  if (!await exists(done)) {
    console.error(`Installing ${all.join(", ")} from PyPI into ${home} (once, about a minute)`);
    await run(join(bin, "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      ...all,
    ]);
    await Deno.writeTextFile(done, "");
  }
  await install({ prefix: home });
  const settings = join(home, "share", "jupyter", "lab", "settings");
  await Deno.mkdir(settings, { recursive: true });
  await Deno.writeTextFile(join(settings, "overrides.json"), JSON.stringify(SETTINGS));
  // The user's own kernels and settings stay out of it.
  const path = `${bin}${delimiter}${Deno.env.get("PATH") ?? ""}`;
  const own = { JUPYTER_DATA_DIR: join(home, "data"), JUPYTER_CONFIG_DIR: join(home, "config") };
  return { bin, env: { ...own, PATH: path } };
}

/**
 * Runs nbconvert.
 *
 * @throws {Error} with the end of what it says where it fails, as when a cell of a notebook does.
 */
export async function nbconvert(args: readonly string[]): Promise<void> {
  const { bin, env } = await environment();
  const { success, stderr } = await new Deno.Command(join(bin, "jupyter"), {
    args: ["nbconvert", ...args],
    env,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).split("\n").slice(-SAID).join("\n"));
}

async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    const { success, stderr } = await new Deno.Command(command, {
      args: [...args],
      stdout: "null",
      stderr: "piped",
    })
      .output();
    if (success) return;
    throw new Error(new TextDecoder().decode(stderr).trim());
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such program" : (error as Error).message;
    throw new Error(`lab: ${[command, ...args].join(" ")} failed: ${why}`, { cause: error });
  }
}

function cacheFolder(): string {
  const { get } = Deno.env;
  const home = get("HOME") ?? get("USERPROFILE") ?? ".";
  if (Deno.build.os === "darwin") return join(home, "Library", "Caches");
  return WINDOWS ? get("LOCALAPPDATA") ?? home : get("XDG_CACHE_HOME") || join(home, ".cache");
}

async function nameOf(packages: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(packages.join("\n")));
  return new Uint8Array(digest).toHex().slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

if (import.meta.main) {
  try {
    const { bin, env } = await environment();
    const notebooks = new URL("../notebooks/", import.meta.url);
    const folder = notebooks.protocol === "file:" ? fileURLToPath(notebooks) : Deno.cwd();
    const args = [
      `--ServerApp.root_dir=${folder}`,
      "--KernelSpecManager.allowed_kernelspecs=ebb",
      ...Deno.args,
    ];
    const child = new Deno.Command(join(bin, "jupyter-lab"), { args, env }).spawn();
    // Jupyter itself asks whether it is to end.
    Deno.addSignalListener("SIGINT", () => {});
    Deno.exit((await child.status).code);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
