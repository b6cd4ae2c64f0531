/**
 * The progress line, in a terminal and elsewhere.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { bar, ProgressLine } from "../../lib/notebook/line.ts";

function recorder(terminal: boolean, everyMs = 0) {
  const written: string[] = [];
  const line = new ProgressLine({
    write: (text) => written.push(text),
    terminal,
    columns: () => 10,
    everyMs,
  });
  return { written, line };
}

Deno.test("a progress line rewrites itself in a terminal, cut to its width", () => {
  const { written, line } = recorder(true);
  line.show(() => "one");
  line.show(() => "━━ two, too long");
  line.end("three");
  line.end();
  assertEquals(written, ["\rone\x1b[K", "\r━━ two, t\x1b[K", "\rthree\x1b[K", "\n"]);
});

Deno.test("a progress line is plain lines where output is piped", () => {
  const { written, line } = recorder(false);
  line.show(() => "one, as long as it is");
  line.end("two");
  line.end();
  assertEquals(written, ["one, as long as it is\n", "two\n"]);
});

Deno.test("a progress line passes over what comes too soon, without making the text", () => {
  const { written, line } = recorder(true, 1e6);
  let made = 0;
  for (let i = 0; i < 5; i++) line.show(() => `text ${++made}`);
  assertEquals([made, written], [1, ["\rtext 1\x1b[K"]]);
  line.end();
  line.show(() => "after the end");
  assertEquals(written.slice(1), ["\n", "\rafter the\x1b[K"]);
});

Deno.test("a progress line that was never shown leaves no empty line", () => {
  const { written, line } = recorder(true);
  line[Symbol.dispose]();
  assertEquals(written, []);
});

Deno.test("bar() fills with the share and takes one outside of 0 to 1", () => {
  assertEquals([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4), bar(-1, 4)], [
    "╌╌╌╌",
    "━━╌╌",
    "━━━━",
    "━━━━",
    "╌╌╌╌",
  ]);
});
