/**
 * What Deno says of packages is left out of what cells print, wherever a piece of the stream ends.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { withoutFetching } from "../../kernels/process/fetching.ts";

const SAID =
  "mine\nDownload https://example.org/a\n╭ Warning\n│\n│  Ignored build scripts for packages:\n│  npm:a@1\n│\n╰─\n" +
  "Done\nand ╭ this\n";

Deno.test("what Deno says of packages is left out, in pieces of any length", () => {
  for (const length of [1, 2, 3, 7, 1000]) {
    const filter = withoutFetching();
    let shown = "";
    for (let at = 0; at < SAID.length; at += length) shown += filter(SAID.slice(at, at + length));
    assertEquals(shown, "mine\nDone\nand ╭ this\n", `pieces of ${length}`);
  }
});
