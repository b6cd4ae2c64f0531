/**
 * Jupyter for tests, where it can be had.
 *
 * @module
 */
import { environment, type Jupyter } from "../../kernels/lab.ts";

/** Jupyter's programs; undefined, with the reason told, where there is no Python or no PyPI. `what` is not tested then. */
export async function jupyterFor(
  what: string,
  packages: readonly string[] = [],
): Promise<Jupyter | undefined> {
  try {
    return await environment(packages);
  } catch (error) {
    console.log(`${what} cannot be tested here: ${(error as Error).message}`);
    return undefined;
  }
}
