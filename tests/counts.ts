/**
 * Counts the tests in the JUnit report that `deno test` writes. A step is a test and a test with steps is only their
 * frame: `describe("sum", …)` with three `it` counts three, on the real `@std/testing` as on the stand-in. A frame
 * that fails by itself, in a hook say, counts as one failure more.
 *
 * @module
 */

/** What Deno writes between a test's name and its step's, as XML has it. */
const STEP = " &gt; ";

/** How many tests ended how. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts the tests in a JUnit report; those that a filter left out are not in any number. */
export function countTests(xml: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"([^>]*)>([^]*?)<\/testcase>/g)];
  // Over the whole report: a step stands under the file that made it, its frame under the one that made the frame.
  const frames = new Set(cases.flatMap(([, name]) => ancestors(name)));
  for (const [, name, attributes, body] of cases) {
    const isFrame = frames.has(name);
    const stepsFailed = /<failure message="\d+ test steps? failed"/.test(body);
    if (/<(failure|error)[ >]/.test(body)) {
      if (!isFrame || !stepsFailed) counts.failed++;
    } else if (body.includes("<skipped")) {
      // A test that is skipped has a time, of 0; one that a filter left out has none.
      if (attributes.includes(" time=")) counts.skipped++;
    } else if (!isFrame) {
      counts.passed++;
    }
  }
  return counts;
}

/** The names of the tests that a step stands in: `a &gt; b &gt; c` stands in `a` and in `a &gt; b`. */
function ancestors(name: string): string[] {
  const parts = name.split(STEP);
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(STEP));
}

/** The closing line: `12 passed, 1 failed`, and `, 2 skipped` where some were. */
export function sentence({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
