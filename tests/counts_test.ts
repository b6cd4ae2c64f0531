/**
 * The counts behind the closing line, on a report as Deno 2.9 writes it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { countTests, sentence } from "./counts.ts";

function suite(...cases: string[]): string {
  const suites = cases.map((text) => `<testsuite name="a">${text}</testsuite>`);
  return `<testsuites name="deno test">${suites.join("\n")}</testsuites>`;
}

function testcase(name: string, body = "", time = ` time="0.001"`): string {
  return `<testcase name="${name}" classname="a"${time} line="1" col="6">${body}</testcase>`;
}

Deno.test("countTests() counts steps, and not the frame around them", () => {
  const xml = suite(
    testcase("sum()"),
    testcase("mean()"),
    testcase("sum() &gt; adds"),
    testcase("sum() &gt; keeps"),
  );
  assertEquals(countTests(xml), { passed: 3, failed: 0, skipped: 0 });
});

Deno.test("countTests() counts a failed step once", () => {
  const xml = suite(
    testcase("sum()", `<failure message="1 test step failed">1 test step failed.</failure>`),
    testcase("sum() &gt; adds", `<failure message="Uncaught Error: 1 &lt; 2">…</failure>`),
  );
  assertEquals(countTests(xml), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("countTests() counts a frame that fails by itself", () => {
  const xml = suite(
    testcase("sum()", `<failure message="Leaks detected">…</failure>`),
    testcase("sum() &gt; adds"),
    testcase("late", `<error message="Cancelled"/>`),
  );
  assertEquals(countTests(xml), { passed: 1, failed: 2, skipped: 0 });
});

Deno.test("countTests() counts what was skipped, but not what a filter left out", () => {
  const xml = suite(
    testcase("skipped", "<skipped/>"),
    testcase("filtered", "<skipped/>", ""),
    testcase("ran"),
  );
  assertEquals(countTests(xml), { passed: 1, failed: 0, skipped: 1 });
});

Deno.test("countTests() finds nothing in an empty report", () => {
  assertEquals(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("sentence() leaves out the skipped where there are none", () => {
  assertEquals(sentence({ passed: 3, failed: 1, skipped: 0 }), "3 passed, 1 failed");
  assertEquals(sentence({ passed: 3, failed: 0, skipped: 2 }), "3 passed, 0 failed, 2 skipped");
});
