/**
 * What lies on this machine, for whoever looks for drivers and libraries: what is not there, or may not be read, is simply
 * not found.
 *
 * @module
 */

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** Whether a path is that of a file. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The paths that an environment variable lists. */
export function pathsIn(variable: string): string[] {
  return (Deno.env.get(variable) ?? "").split(":").filter((path) => path !== "");
}
