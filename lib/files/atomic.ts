/**
 * Files that are either the old ones or the new ones, whatever happens in between: the bytes go into a file of another
 * name in the same folder, reach the disk, and only then take the name.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { pathName } from "./read.ts";

/**
 * Writes a file so that a crash leaves the old one whole. A symbolic link is followed: the file it names is replaced.
 *
 * @param path Where to write.
 * @param parts The contents, one part after the other.
 * @param caller The function that writes, for the error.
 * @throws {Error} If the file cannot be written: a sentence with the path, the system's error as its `cause`. The old
 * file stands, the unfinished one is gone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeAtomically } from "./atomic.ts";
 *
 * const path = await Deno.makeTempFile();
 * await writeAtomically(path, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
 * assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
 * await Deno.remove(path);
 * ```
 */
export async function writeAtomically(
  path: string | URL,
  parts: Iterable<Uint8Array>,
  caller = "writeAtomically",
): Promise<void> {
  const name = pathName(path);
  const target = await Deno.realPath(name).catch(() => name);
  const unfinished = join(dirname(target), `.${basename(target)}.${crypto.randomUUID()}.unfinished`);
  try {
    await writeThrough(unfinished, parts);
    await Deno.rename(unfinished, target);
  } catch (error) {
    await Deno.remove(unfinished).catch(() => {});
    throw new Error(`${caller}: expected to write ${name} but found: ${(error as Error).message}`, {
      cause: error,
    });
  }
  // The new name itself reaches the disk with the folder; where folders cannot be synchronised it does so later.
  using folder = await Deno.open(dirname(target)).catch(() => undefined);
  await folder?.sync().catch(() => {});
}

async function writeThrough(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (const part of parts) {
    for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
  }
  await file.sync();
}
