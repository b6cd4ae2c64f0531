import { assertAlmostEquals, assertEquals } from "@std/assert";
import { largestSingularValue } from "../../lib/backdoor/spectral.ts";

Deno.test("a diagonal matrix stretches by its largest entry", () => {
  assertAlmostEquals(largestSingularValue([2, 0, 0, 0, -3, 0], 2, 3), 3, 1e-5);
  assertAlmostEquals(largestSingularValue([2, 0, 0, -3, 0, 0], 3, 2), 3, 1e-5);
});

Deno.test("a matrix of one row or column stretches by its length", () => {
  assertAlmostEquals(largestSingularValue([3, 4], 1, 2), 5, 1e-12);
  assertAlmostEquals(largestSingularValue([3, 4], 2, 1), 5, 1e-12);
});

Deno.test("equal singular values are no trouble, and neither are very large and small ones", () => {
  assertAlmostEquals(largestSingularValue([1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3), 1, 1e-6);
  assertAlmostEquals(largestSingularValue([1e-20, 0, 0, 2e-20], 2, 2) * 1e20, 2, 1e-5);
  assertAlmostEquals(largestSingularValue([1e20, 0, 0, 2e20], 2, 2) / 1e20, 2, 1e-5);
});

Deno.test("two by two is as the formula says", () => {
  // The eigenvalues of [[10, 14], [14, 20]], the Gram matrix of [[1, 2], [3, 4]].
  assertAlmostEquals(largestSingularValue([1, 2, 3, 4], 2, 2), Math.sqrt(15 + Math.sqrt(221)), 1e-6);
});

Deno.test("nothing stretches nothing", () => assertEquals(largestSingularValue([0, 0, 0, 0], 2, 2), 0));
