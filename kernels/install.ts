/**
 * Installs the Ebb kernel for Jupyter: writes its specification where Jupyter looks for kernels.
 *
 *     deno run -A kernels/install.ts [--user | --sys-prefix | --prefix <folder>] [--name ebb] [--display-name Ebb]
 *     deno run -A kernels/install.ts --uninstall [--name ebb]
 *
 * It can be run from a URL, too; the kernel then comes from there.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Where and under which name a kernel is installed. */
export interface InstallOptions {
  /** A prefix such as `/usr/local` or that of a virtual environment; default: the user's own folder. */
  readonly prefix?: string;
  /** The name in `jupyter … --kernel <name>`; default "ebb". */
  readonly name?: string;
  /** What people see; default "Ebb (Deno)". */
  readonly displayName?: string;
}

/**
 * Writes the specification.
 *
 * @returns the folder it lies in.
 * @throws {TypeError} when the name is none that Jupyter takes.
 */
export async function install(options: InstallOptions = {}): Promise<string> {
  const folder = folderOf(options);
  const main = new URL("main.ts", import.meta.url);
  const spec = {
    argv: [
      Deno.execPath(),
      "run",
      "--allow-all",
      "--quiet",
      "--no-config",
      "--no-lock",
      main.href,
      "{connection_file}",
    ],
    display_name: options.displayName ?? "Ebb (Deno)",
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, "kernel.json"), JSON.stringify(spec, null, 2) + "\n");
  await Deno.writeTextFile(join(folder, "logo-svg.svg"), LOGO);
  return folder;
}

/** Removes the specification; false where there is none. */
export async function uninstall(options: InstallOptions = {}): Promise<boolean> {
  try {
    await Deno.remove(folderOf(options), { recursive: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function folderOf({ prefix, name = "ebb" }: InstallOptions): string {
  if (!/^[a-z0-9._-]+$/i.test(name)) {
    throw new TypeError(`install: expected a name of letters, digits, ".", "_" and "-" but found "${name}"`);
  }
  return join(prefix === undefined ? dataFolder() : join(prefix, "share", "jupyter"), "kernels", name);
}

/** Where Jupyter looks for what belongs to the user. */
function dataFolder(): string {
  const given = Deno.env.get("JUPYTER_DATA_DIR");
  if (given) return given;
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  if (Deno.build.os === "darwin") return join(home, "Library", "Jupyter");
  if (Deno.build.os === "windows") return join(Deno.env.get("APPDATA") ?? home, "jupyter");
  return join(Deno.env.get("XDG_DATA_HOME") ?? join(home, ".local", "share"), "jupyter");
}

/** A wave that goes out. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="14" fill="#0b3c5d"/>
<g fill="none" stroke-linecap="round" stroke-width="5">
<path d="M10 24c8-8 14-8 22 0s14 8 22 0" stroke="#8fd3f4"/>
<path d="M10 37c8-8 14-8 22 0s14 8 22 0" stroke="#4fa3d1"/>
<path d="M10 50c8-8 14-8 22 0s14 8 22 0" stroke="#2a78a8"/>
</g>
</svg>
`;

const USAGE =
  `usage: deno run -A kernels/install.ts [--user | --sys-prefix | --prefix <folder>] [--name <name>]
                                      [--display-name <text>] [--uninstall]`;

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        "user": { type: "boolean" },
        "sys-prefix": { type: "boolean" },
        "prefix": { type: "string" },
        "name": { type: "string" },
        "display-name": { type: "string" },
        "uninstall": { type: "boolean" },
        "help": { type: "boolean", short: "h" },
      },
    });
    const own = values["sys-prefix"]
      ? Deno.env.get("VIRTUAL_ENV") ?? Deno.env.get("CONDA_PREFIX")
      : undefined;
    if (values["sys-prefix"] && own === undefined) {
      throw new TypeError(
        "install: --sys-prefix needs an active virtual environment, VIRTUAL_ENV or CONDA_PREFIX",
      );
    }
    const options = { prefix: values.prefix ?? own, name: values.name, displayName: values["display-name"] };
    if (values.help) console.log(USAGE);
    else if (values.uninstall) {
      const gone = await uninstall(options);
      console.log(gone ? "The kernel is uninstalled." : "There was no such kernel.");
    } else {
      const folder = await install(options);
      console.log(`The kernel is installed in ${folder}`);
      console.log(
        `Open a notebook with "${options.displayName ?? "Ebb (Deno)"}", or: jupyter console --kernel ${
          options.name ?? "ebb"
        }`,
      );
    }
  } catch (error) {
    console.error((error as Error).message);
    console.error(USAGE);
    Deno.exit(2);
  }
}
