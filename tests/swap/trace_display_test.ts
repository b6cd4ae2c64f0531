/**
 * What a notebook shows of a trace.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { withDisplay } from "../../lib/swap/trace_display.ts";
import type { Trace } from "../../mod.ts";

Deno.test("a trace shows what its ops need and make, and stays plain data", () => {
  const trace: Trace = {
    names: ["<matmul>", "relu"],
    ops: [0, 1, 0],
    phases: [0, 0, 1],
    temporaries: [0, 0, 0],
    opMs: null,
    stepMs: 2.5,
    storages: [
      { bytes: 2048, born: 0, died: 2, uses: [0, 1], origin: -1 },
      { bytes: 1024, born: 1, died: 2, uses: [1, 2], origin: -1 },
      { bytes: 512, born: -1, died: 3, uses: [0], origin: -1 },
    ],
  };
  const before = JSON.stringify(trace);
  const shown = withDisplay(withDisplay(trace)) as unknown as Record<symbol, () => Record<string, string>>;
  const { "text/html": html, "text/plain": text } = shown[Symbol.for("Jupyter.display")]();
  assertMatch(
    text,
    /^Trace: 3 ops in 2\.5 ms \(2 forward, 1 backward, 0 optimizer\), 3 storages; needs at most 3\.5 KiB, at relu \(op 1\)$/,
  );
  assertMatch(html, />&lt;matmul&gt;<\/td><td[^>]*>2<\/td><td[^>]*>2 KiB<\/td>/);
  assertEquals(JSON.stringify(trace), before);
});
