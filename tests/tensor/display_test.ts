/**
 * What people see of tensors: values with the middle left out, and pictures.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const DISPLAY = Symbol.for("Jupyter.display") as never;
const text = (x: ebb.Tensor) => Deno.inspect(x);
const html = (x: ebb.Tensor) => (x[DISPLAY] as () => Record<string, string>).call(x)["text/html"];

Deno.test("tensors show their values, aligned", () =>
  leakFree(() => {
    const shown: [ebb.NestedArray, ebb.DType, string][] = [
      [[[1, 2], [3, -4]], "float32", "Tensor(float32[2, 2], cpu)\n[[ 1.,  2.],\n [ 3., -4.]]"],
      [[0.5, -1.25], "float32", "Tensor(float32[2], cpu)\n[ 0.5000, -1.2500]"],
      [
        [1e-9, 1e9, NaN, -Infinity],
        "float64",
        "Tensor(float64[4], cpu)\n[ 1.000e-9,  1.000e+9,       NaN, -Infinity]",
      ],
      [[[[1], [-20]]], "int64", "Tensor(int64[1, 2, 1], cpu)\n[[[  1],\n  [-20]]]"],
      [[true, false], "bool", "Tensor(bool[2], cpu)\n[ true, false]"],
      [3, "int32", "Tensor(int32[], cpu)\n3"],
    ];
    for (const [values, dtype, expected] of shown) {
      using x = ebb.tensor(values, { dtype });
      assertEquals(text(x), expected);
    }
    using empty = ebb.zeros([0, 3]);
    assertEquals(text(empty), "Tensor(float32[0, 3], cpu)");
    const freed = ebb.ones([2]);
    freed.dispose();
    assertEquals(text(freed), "Tensor(float32[2], freed)");
    assertStringIncludes(html(freed), "freed");
  }));

Deno.test("of long axes the ends are shown, of the elements in their places", () =>
  leakFree(() => {
    using x = ebb.scope(() => ebb.arange(0, 20 * 30 * 40).reshape([20, 30, 40]));
    const numbers = text(x).split("\n").slice(1).join().match(/\d+/g)!.map(Number);
    const ends = (length: number) => [0, 1, 2, length - 3, length - 2, length - 1];
    const expected = ends(20).flatMap((i) =>
      ends(30).flatMap((j) => ends(40).map((k) => (i * 30 + j) * 40 + k))
    );
    assertEquals(numbers, expected);
    using long = ebb.ones([2000]);
    assertEquals(text(long), "Tensor(float32[2000], cpu)\n[1., 1., 1., …, 1., 1., 1.]");
    using part = ebb.scope(() => ebb.arange(0, 6000).reshape([2, 3000]));
    using row = part.narrow(0, 1, 1);
    assertMatch(text(row), /\[\[3000, 3001, 3002, …, 5997, 5998, 5999\]\]/);
  }));

Deno.test("tensors like images show as pictures, others as values", () =>
  leakFree(() => {
    using images = ebb.rand([20, 3, 8, 8]);
    assertEquals(html(images).match(/<img src="data:image\/png;base64,/g)?.length, 16);
    assertStringIncludes(html(images), "and 4 more");
    using one = ebb.rand([1, 28, 28]);
    assertEquals(html(one).match(/<img /g)?.length, 1);
    for (const [shape, values] of [[[2, 8, 8], 0], [[1, 4, 4], 0], [[1, 8, 8], 2], [[8, 8], 0]] as const) {
      using other = ebb.full([...shape], values);
      assert(!html(other).includes("<img"), String(shape));
      assertStringIncludes(html(other), "<pre");
    }
  }));
