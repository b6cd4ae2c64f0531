/**
 * A folder for a test's files, and where the project's own copies of real data sets are if this machine has them.
 *
 * @module
 */

/** Runs a test with a folder of its own that is gone afterwards. */
export async function withFolder(
  files: Record<string, Uint8Array | string>,
  fn: (folder: string) => Promise<void> | void,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, contents] of Object.entries(files)) {
      const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The folder of real data beside the checkout, with a slash at its end; undefined where there is none. */
export function realData(name: string): string | undefined {
  const folder = new URL(`../../../shared/data/${name}/`, import.meta.url).pathname;
  try {
    return Deno.statSync(folder).isDirectory ? folder : undefined;
  } catch {
    return undefined;
  }
}
