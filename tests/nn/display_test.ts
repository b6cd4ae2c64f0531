/**
 * What a notebook shows of modules and devices.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import * as ebb from "../../mod.ts";

const DISPLAY = Symbol.for("Jupyter.display") as never;
const shown = (value: object) =>
  ((value as Record<symbol, unknown>)[DISPLAY] as () => Record<string, string>).call(value);

Deno.test("a module shows as a table of its layers, with shapes and numbers of parameters", () => {
  using model = ebb.models.smallCnn({ classes: 10 });
  const { "text/html": html, "text/plain": text } = shown(model);
  assertEquals(text, String(model));
  assertEquals(html.match(/<tr>/g)?.length, 7);
  assertMatch(html, /<td[^>]*>weight \[16, 1, 3, 3\]<\/td><td[^>]*>144<\/td>/);
  assertMatch(html, /20,538 parameters<\/p>$/);
});

Deno.test("a device shows what it holds, as a bar of its budget", () => {
  const device = ebb.cpu({ budget: "1 MiB" });
  using x = ebb.zeros([64, 1024], { device });
  const { "text/html": html, "text/plain": text } = shown(device);
  assertMatch(
    text,
    /^Device\(cpu \(1 MiB\)\): 256 KiB live in 1 storage, .* reserved, at most .* of 1 MiB$/,
  );
  assertEquals(Deno.inspect(device), text);
  assertMatch(html, /width:25\.00%/);
  x.dispose();
  assertMatch(String(device), /: 0 B live in 0 storages/);
});
