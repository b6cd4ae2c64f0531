/**
 * Files that have lost their names, as far as the system shows them, and programs that use them in a process of their own.
 *
 * @module
 */
import { assert } from "@std/assert";
import { fileThread } from "../../lib/device/copy_thread.ts";

/** Whether open files can be looked at here. */
export const SEEN = Deno.build.os === "linux";

/** Handles of the files without a name that a process has open in a directory. */
export function namelessFiles(directory: string, process: number | "self" = "self"): string[] {
  const thread = fileThread();
  thread.wait(thread.copy(0, 0, 0)); // what is to be closed is closed
  const handles = `/proc/${process}/fd`;
  return [...Deno.readDirSync(handles)].map(({ name }) => `${handles}/${name}`).filter((handle) => {
    try {
      return new RegExp(`^${directory}/.* \\(deleted\\)$`).test(Deno.readLinkSync(handle));
    } catch {
      return false; // closed by now
    }
  });
}

/** A directory for the time of `fn`, which is to leave it empty. */
export async function inDirectory<T>(fn: (directory: string) => T): Promise<Awaited<T>> {
  const directory = await Deno.makeTempDir({ prefix: "ebb-disk-" });
  try {
    const result = await fn(directory);
    const left = [...Deno.readDirSync(directory)].map(({ name }) => name);
    assert(left.length === 0, `expected nothing left but found ${left}`);
    return result;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const MOD = new URL("../../mod.ts", import.meta.url).href;

/** A program that imports the library, under a shell's `limits`. */
export function program(code: string, limits = ""): Deno.Command {
  const deno = [
    "eval",
    "--no-lock",
    "--v8-flags=--expose-gc",
    `import * as ebb from ${JSON.stringify(MOD)};\n${code}`,
  ];
  return new Deno.Command(limits === "" ? Deno.execPath() : "sh", {
    args: limits === "" ? deno : ["-c", `${limits} exec "$0" "$@"`, Deno.execPath(), ...deno],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}
