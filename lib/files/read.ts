/**
 * Reading files for people: an error says who wanted which file.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** A path as it is shown in an error, whether it came as text or as a URL. */
export function pathName(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/**
 * The bytes of a file.
 *
 * @param caller The function that wants them, for the error.
 * @throws {Error} If the file cannot be read: a sentence with its path, the system's error as its `cause`.
 */
export async function readFile(caller: string, path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const found = error instanceof Deno.errors.NotFound ? "none" : (error as Error).message;
    throw new Error(`${caller}: expected a file at ${pathName(path)} but found ${found}`, { cause: error });
  }
}
