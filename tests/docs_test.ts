/**
 * The page of documentation: every link on its first page leads somewhere, and the notebooks are rendered in it.
 *
 * @module
 */
import { assert, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { build } from "../docs/build.ts";
import { jupyterFor } from "./kernels/environment.ts";

const jupyter = await jupyterFor("that the documentation is built");

Deno.test({
  name: "the documentation is built, and its links lead somewhere",
  ignore: jupyter === undefined,
  fn: async () => {
    const out = await Deno.makeTempDir();
    try {
      await build(out, { run: false });
      const page = await Deno.readTextFile(join(out, "index.html"));
      const links = [...page.matchAll(/href="([^"#:]+\.html)"/g)].map(([, link]) => link);
      assert(links.length >= 6, links.join(", "));
      for (const link of links) assert((await Deno.stat(join(out, link))).isFile, link);
      const larger = await Deno.readTextFile(join(out, "notebooks", "3_larger_than_memory.html"));
      assertStringIncludes(larger, "the same losses, bit for bit");
      assertStringIncludes(larger, "data:image/svg+xml");
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  },
});
