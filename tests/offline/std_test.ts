/**
 * What the tests rely on in `@std/assert` and `@std/testing/bdd`. Where JSR can be reached these run against the real
 * packages, elsewhere against the stand-ins in this folder: so the two are held to the same behaviour.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";

/** Expects an assertion to fail. */
function refused(assertion: () => void): void {
  assertThrows(assertion, AssertionError);
}

describe("@std/assert", () => {
  it("assertEquals() compares values in every part", () => {
    assertEquals({ a: [1, { b: new Float32Array([1, 2]) }] }, { a: [1, { b: new Float32Array([1, 2]) }] });
    assertEquals(new Map([["a", [1]]]), new Map([["a", [1]]]));
    assertEquals(new Set([1, 2]), new Set([2, 1]));
    assertEquals(new Date(5), new Date(5));
    assertEquals(/a/g, /a/g);
    refused(() => assertEquals([1, 2, 3], [1, 2]));
    refused(() => assertEquals({ a: 1, b: 2 }, { a: 1 } as { a: number; b: number }));
    refused(() => assertEquals(new Map([["a", [1]]]), new Map([["a", [2]]])));
    refused(() => assertEquals(new Set([1, 2]), new Set([1, 3])));
  });

  it("assertEquals() takes 0 for -0 and NaN for NaN, in arrays too", () => {
    assertEquals(0, -0);
    assertEquals(NaN, NaN);
    assertEquals(new Float64Array([0, NaN]), new Float64Array([-0, NaN]));
  });

  it("assertEquals() tells apart classes, typed arrays of two kinds, and a missing key", () => {
    class A {
      x = 1;
    }
    refused(() => assertEquals<unknown>(new A(), { x: 1 }));
    refused(() => assertEquals<unknown>(new Float32Array([1]), new Float64Array([1])));
    refused(() => assertEquals<unknown>({ a: undefined }, {}));
    refused(() => assertEquals<unknown>(1, 1n));
    assertNotEquals<unknown>([1], ["1"]);
    refused(() => assertNotEquals([1], [1]));
  });

  it("assertEquals() follows a cycle", () => {
    const ring = () => {
      const value: { next?: unknown } = {};
      value.next = value;
      return value;
    };
    assertEquals(ring(), ring());
  });

  it("assertStrictEquals() and assertNotStrictEquals() go by identity", () => {
    const list = [1];
    assertStrictEquals(list, list);
    refused(() => assertStrictEquals([1], [1]));
    refused(() => assertStrictEquals(0, -0));
    assertNotStrictEquals([1], [1]);
    refused(() => assertNotStrictEquals(list, list));
  });

  it("assertAlmostEquals() takes an absolute tolerance, else a ten-millionth of the size", () => {
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertAlmostEquals(1, 1.05, 0.1);
    assertAlmostEquals(Infinity, Infinity);
    assertAlmostEquals(NaN, NaN);
    refused(() => assertAlmostEquals(1, 1.00001));
    refused(() => assertAlmostEquals(1, 1.2, 0.1));
    refused(() => assertAlmostEquals(1, NaN, 0.1));
  });

  it("the small assertions hold and fail", () => {
    assert(1);
    refused(() => assert(0));
    assertFalse(0);
    refused(() => assertFalse(1));
    assertExists(0);
    refused(() => assertExists(null));
    assertInstanceOf(new TypeError(), Error);
    refused(() => assertInstanceOf({}, Error));
    assertGreater(2, 1);
    refused(() => assertGreater(1, 1));
    assertGreaterOrEqual(1, 1);
    refused(() => assertGreaterOrEqual(NaN, 1));
    assertLess(1, 2);
    refused(() => assertLess(NaN, 2));
    assertLessOrEqual(1, 1);
    refused(() => assertLessOrEqual(2, 1));
    assertMatch("matmul", /^mat/);
    refused(() => assertMatch("matmul", /^mul/));
    assertNotMatch("matmul", /^mul/);
    refused(() => assertNotMatch("matmul", /^mat/));
    assertStringIncludes("matmul", "tm");
    refused(() => assertStringIncludes("matmul", "xx"));
    assertArrayIncludes([[1], [2]], [[2]]);
    refused(() => assertArrayIncludes([[1], [2]], [[3]]));
    refused(() => fail());
  });

  it("assertThrows() checks class and message, and gives the error back", () => {
    const error = assertThrows(() => JSON.parse("{"), SyntaxError, "JSON");
    assertInstanceOf(error, SyntaxError);
    refused(() => assertThrows(() => {}));
    refused(() => assertThrows(() => JSON.parse("{"), RangeError));
    refused(() => assertThrows(() => JSON.parse("{"), SyntaxError, "no such words"));
    assertIsError(new RangeError("out of range"), RangeError, /range$/);
    refused(() => assertIsError("out of range"));
  });

  it("assertRejects() wants a rejected promise, not an exception", async () => {
    const error = await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
    assertEquals(error.message, "far");
    await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError);
    await assertRejects(
      () =>
        assertRejects(() => {
          throw new Error("at once");
        }),
      AssertionError,
    );
  });
});

describe("@std/testing/bdd", () => {
  const seen: string[] = [];

  describe("hooks", () => {
    beforeAll(() => void seen.push("beforeAll"));
    afterAll(() => void seen.push("afterAll"));
    beforeEach(() => void seen.push("outer before"));
    afterEach(() => void seen.push("outer after"));

    it("a", () => void seen.push("a"));

    describe("nested", () => {
      beforeAll(() => void seen.push("nested beforeAll"));
      beforeEach(() => void seen.push("inner before"));
      afterEach(() => void seen.push("inner after"));
      it("b", () => void seen.push("b"));
    });
  });

  it("hooks run outermost first before a test and innermost first after it", () => {
    assertEquals(seen, [
      "beforeAll",
      ...["outer before", "a", "outer after"],
      "nested beforeAll",
      ...["outer before", "inner before", "b", "inner after", "outer after"],
      "afterAll",
    ]);
  });

  describe("this", () => {
    beforeAll(function (this: { base: number; count: number }) {
      this.base = 1;
    });
    beforeEach(function (this: { base: number; count: number }) {
      this.count = this.base + 1;
    });
    for (const name of ["first", "second"]) {
      it(`belongs to one test: ${name}`, function (this: { base: number; count: number }) {
        assertEquals([this.base, this.count], [1, 2]);
        this.base = 7;
        this.count = 7;
      });
    }
  });

  it("gives a test Deno's context", async (t) => {
    assert(await t.step("a step", () => {}));
  });
});
