/**
 * The kernel under Jupyter's own clients, in Python; the tests themselves are in `jupyter_clients.py`.
 *
 * @module
 */
import { assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, type Jupyter } from "../../kernels/lab.ts";

let jupyter: Jupyter | undefined;
try {
  jupyter = await environment(["jupyter_kernel_test==0.7.0"]);
} catch (error) {
  console.log(`the kernel is not tested under Jupyter's clients: ${(error as Error).message}`);
}

Deno.test({
  name: "the kernel passes jupyter_kernel_test, and loses nothing under nbclient",
  ignore: jupyter === undefined,
  fn: async () => {
    const { bin, env } = jupyter!;
    const cwd = await Deno.makeTempDir();
    const { stderr } = await new Deno.Command(join(bin, "python"), {
      args: [fileURLToPath(new URL("jupyter_clients.py", import.meta.url)), "-v"],
      cwd,
      env,
      stdout: "null",
    }).output();
    await Deno.remove(cwd, { recursive: true });
    const said = new TextDecoder().decode(stderr);
    // All but the one that says why not.
    assertMatch(said, /Ran 13 tests in [^]*\nOK \(skipped=1\)\n$/);
  },
});
