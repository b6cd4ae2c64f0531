/**
 * Starts the guest's process in a notebook's folder.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";

const GUEST = new URL("../guest/main.ts", import.meta.url);

/** The process; its inspector listens soon, under an address that it says on standard error. */
export async function spawnGuest(cwd: string): Promise<Deno.ChildProcess> {
  const config = await configFor(cwd);
  return new Deno.Command(Deno.execPath(), {
    // The address of the inspector is a secret that goes to standard error alone.
    args: [
      "run",
      "--allow-all",
      "--inspect=127.0.0.1:0",
      "--inspect-publish-uid=stderr",
      ...config === undefined ? ["--no-config"] : [`--config=${config}`],
      // Deno would refuse imports whose versions it cannot write down.
      ...config !== undefined && !await isWritable(dirname(config)) ? ["--no-lock"] : [],
      GUEST.href,
    ],
    cwd,
    env: { NO_COLOR: "1", NODE_NO_WARNINGS: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The nearest configuration above a folder: its import map is that of cells. */
async function configFor(folder: string): Promise<string | undefined> {
  for (let at = resolve(folder);; at = dirname(at)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const file = join(at, name);
      if (await Deno.stat(file).then(({ isFile }) => isFile, () => false)) return file;
    }
    if (at === dirname(at)) return undefined;
  }
}

/** Whether files can be made in a folder. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".ebb-" }));
    return true;
  } catch {
    return false;
  }
}
