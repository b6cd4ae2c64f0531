/**
 * The kernel under Jupyter's own clients, in Python; the tests themselves are in `jupyter_clients.py`.
 *
 * @module
 */
import { assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jupyterFor } from "./environment.ts";

const jupyter = await jupyterFor("the kernel under Jupyter's clients", ["jupyter_kernel_test==0.7.0"]);

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
