/**
 * Making tensors: what they hold, of which type, and what is refused.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

function test(name: string, fn: () => void): void {
  Deno.test(name, () => leakFree(() => ebb.scope(fn)));
}

/** A tensor as type, shape and elements. */
const show = (x: ebb.Tensor) => [x.dtype, x.shape, x.toArray()];

test("tensor() reads numbers, booleans and nested arrays", () => {
  assertEquals(show(ebb.tensor(2.5)), ["float32", [], 2.5]);
  assertEquals(show(ebb.tensor([1, 2])), ["float32", [2], [1, 2]]);
  assertEquals(show(ebb.tensor([[[1], [2]], [[3], [4]]])), ["float32", [2, 2, 1], [[[1], [2]], [[3], [4]]]]);
  assertEquals(show(ebb.tensor([true, false])), ["bool", [2], [true, false]]);
  assertEquals(show(ebb.tensor([])), ["float32", [0], []]);
  assertEquals(show(ebb.tensor([[], []])), ["float32", [2, 0], [[], []]]);
});

test("tensor() takes typed arrays as they are, parts of buffers too", () => {
  assertEquals(show(ebb.tensor(new Float32Array([1, 2]))), ["float32", [2], [1, 2]]);
  assertEquals(show(ebb.tensor(new Float64Array([0.1]))), ["float64", [1], [0.1]]);
  assertEquals(show(ebb.tensor(new Float16Array([0.1]))), ["float16", [1], [0.0999755859375]]);
  assertEquals(show(ebb.tensor(new Int32Array([-1]))), ["int32", [1], [-1]]);
  assertEquals(show(ebb.tensor(new BigInt64Array([-5n]))), ["int64", [1], [-5]]);
  assertEquals(show(ebb.tensor(new Uint8Array([255]))), ["uint8", [1], [255]]);
  assertEquals(show(ebb.tensor(new Uint8Array([1, 0]), { dtype: "bool" })), ["bool", [2], [true, false]]);
  assertEquals(show(ebb.tensor(new Uint16Array([0x3f80]), { dtype: "bfloat16" })), ["bfloat16", [1], [1]]);
  const part = new Float32Array([9, 1, 2, 3, 4, 9]).subarray(1, 5);
  assertEquals(show(ebb.tensor(part, { shape: [2, 2] })), ["float32", [2, 2], [[1, 2], [3, 4]]]);
});

test("tensor() copies: a later change of the array is not seen", () => {
  const array = new Float32Array([1, 2]);
  const x = ebb.tensor(array);
  array[0] = 9;
  assertEquals(x.toArray(), [1, 2]);
});

test("tensor() rounds numbers to the type that is asked for", () => {
  const values = [0.1, -2.75, 3];
  assertEquals(ebb.tensor(values, { dtype: "float64" }).toArray(), values);
  assertEquals(ebb.tensor(values).toArray(), [Math.fround(0.1), -2.75, 3]);
  assertEquals(ebb.tensor(values, { dtype: "bfloat16" }).toArray(), [0.10009765625, -2.75, 3]);
  assertEquals(ebb.tensor(values, { dtype: "float16" }).toArray(), [0.0999755859375, -2.75, 3]);
  assertEquals(ebb.tensor(values, { dtype: "int64" }).toArray(), [0, -2, 3]);
  assertEquals(ebb.tensor(values, { dtype: "int32" }).toArray(), [0, -2, 3]);
  assertEquals(ebb.tensor(values, { dtype: "bool" }).toArray(), [true, true, true]);
  assertEquals(ebb.tensor([NaN, Infinity, -0]).toArray(), [NaN, Infinity, -0]);
  assertEquals(ebb.tensor([NaN, -Infinity, 1e39], { dtype: "bfloat16" }).toArray(), [
    NaN,
    -Infinity,
    Infinity,
  ]);
});

test("tensor() refuses ragged arrays with both shapes", () => {
  assertThrows(
    () => ebb.tensor([[1, 2], [3]]),
    RangeError,
    "arrays of one shape but found [2] and [1] side by side",
  );
  assertThrows(() => ebb.tensor([[1], 2] as ebb.NestedArray), RangeError, "found [1] and [] side by side");
});

test("tensor() refuses what is no number", () => {
  assertThrows(
    () => ebb.tensor(["1"] as never),
    TypeError,
    "expected numbers in nested arrays but found string",
  );
  assertThrows(() => ebb.tensor([undefined] as never), TypeError, "found undefined");
  assertThrows(
    () => ebb.tensor(new Uint16Array(2)),
    TypeError,
    "typed array of a known type but found Uint16Array",
  );
  assertThrows(() => ebb.tensor([NaN], { dtype: "int64" }), Error);
});

test("tensor() refuses a shape that the elements do not fill, and a type that the array does not hold", () => {
  assertThrows(
    () => ebb.tensor([1, 2, 3], { shape: [2, 2] }),
    RangeError,
    "expected 4 elements for shape [2, 2] but found 3",
  );
  assertThrows(
    () => ebb.tensor([1], { shape: [-1] }),
    RangeError,
    "expected a shape of whole numbers but found [-1]",
  );
  assertThrows(
    () => ebb.tensor(new Float32Array(2), { dtype: "float64" }),
    TypeError,
    "expected an array of float64 but found Float32Array",
  );
});

test("zeros(), ones() and full() fill any shape and type", () => {
  assertEquals(show(ebb.zeros([2, 1])), ["float32", [2, 1], [[0], [0]]]);
  assertEquals(show(ebb.ones([], { dtype: "int64" })), ["int64", [], 1]);
  assertEquals(show(ebb.full([2], 1.5, { dtype: "bfloat16" })), ["bfloat16", [2], [1.5, 1.5]]);
  assertEquals(show(ebb.full([1], 1, { dtype: "bool" })), ["bool", [1], [true]]);
  assertEquals(show(ebb.ones([0, 3])), ["float32", [0, 3], []]);
});

test("shapes that are none are refused by name", () => {
  assertThrows(
    () => ebb.full([1.5], 0),
    RangeError,
    "full: expected a shape of whole numbers but found [1.5]",
  );
  assertThrows(() => ebb.rand([-1]), RangeError, "rand: expected a shape of whole numbers but found [-1]");
  assertThrows(() => ebb.eye(-1), RangeError, "eye: expected a shape of whole numbers but found [-1,-1]");
  assertThrows(() => ebb.zeros(3 as never), RangeError, "expected a shape of whole numbers but found 3");
});

test("…Like() takes shape, type and device of another tensor", () => {
  const device = ebb.cpu();
  const like = ebb.ones([2, 1], { dtype: "float64", device });
  for (
    const x of [
      ebb.zerosLike(like),
      ebb.onesLike(like),
      ebb.fullLike(like, 7),
      ebb.randLike(like),
      ebb.randnLike(like),
    ]
  ) {
    assertEquals([x.dtype, x.shape, x.device === device], ["float64", [2, 1], true]);
  }
  assertEquals(ebb.zerosLike(like, { dtype: "int32" }).dtype, "int32");
});

test("arange() counts like Python's range, as int64 where all is whole", () => {
  assertEquals(show(ebb.arange(4)), ["int64", [4], [0, 1, 2, 3]]);
  assertEquals(show(ebb.arange(1, 8, 3)), ["int64", [3], [1, 4, 7]]);
  assertEquals(show(ebb.arange(5, 0, -2)), ["int64", [3], [5, 3, 1]]);
  assertEquals(show(ebb.arange(0, 1, 0.25)), ["float32", [4], [0, 0.25, 0.5, 0.75]]);
  assertEquals(show(ebb.arange(0)), ["int64", [0], []]);
  assertThrows(
    () => ebb.arange(0, 5, -1),
    RangeError,
    "arange: expected a step that leads from 0 to 5 but found -1",
  );
  assertThrows(() => ebb.arange(0, 5, 0), RangeError, "arange: expected a step");
});

test("linspace() includes both ends", () => {
  assertEquals(ebb.linspace(0, 1, 5).toArray(), [0, 0.25, 0.5, 0.75, 1]);
  assertEquals(ebb.linspace(3, 7, 1).toArray(), [3]);
  assertEquals(ebb.linspace(0, 1, 0).toArray(), []);
  assertEquals(
    ebb.linspace(0, 0.7, 8, { dtype: "float64" }).toArray(),
    [0, 1, 2, 3, 4, 5, 6].map((i) => i * (0.7 / 7)).concat(0.7),
  );
});

test("eye() has ones on the diagonal", () => {
  assertEquals(ebb.eye(2).toArray(), [[1, 0], [0, 1]]);
  assertEquals(ebb.eye(2, 3, { dtype: "int32" }).toArray(), [[1, 0, 0], [0, 1, 0]]);
});

test("random draws depend on the seed alone", () => {
  const draw = () => [ebb.rand([3]), ebb.randn([3]), ebb.randint(0, 10, [3])].map((x) => x.toArray());
  ebb.seed(5);
  const first = draw();
  assert(String(draw()) !== String(first));
  ebb.seed(5);
  assertEquals(draw(), first);
  const generator = new ebb.Generator(5);
  assertEquals(ebb.rand([3], { generator }).toArray(), first[0]);
});

test("random draws have their range and moments", () => {
  ebb.seed(6);
  const uniform = Array.from(ebb.rand([20_000]).data() as Float32Array);
  assert(uniform.every((x) => x >= 0 && x < 1));
  const normal = Array.from(ebb.randn([20_000]).data() as Float32Array);
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const spread = (list: number[]) => Math.sqrt(mean(list.map((x) => x * x)) - mean(list) ** 2);
  assert(
    Math.abs(mean(uniform) - 0.5) < 0.01 && Math.abs(mean(normal)) < 0.03 &&
      Math.abs(spread(normal) - 1) < 0.03,
  );
  const whole = ebb.randint(-2, 3, [1000]);
  assertEquals([whole.dtype, [...new Set(whole.toArray() as number[])].sort((a, b) => a - b)], ["int64", [
    -2,
    -1,
    0,
    1,
    2,
  ]]);
});

test("random draws refuse whole numbers where fractions are drawn, and empty ranges", () => {
  assertThrows(
    () => ebb.rand([2], { dtype: "int32" }),
    TypeError,
    "rand: expected a floating type but found int32",
  );
  assertThrows(
    () => ebb.randint(3, 3, [1]),
    RangeError,
    "randint: expected whole numbers low < high but found 3 and 3",
  );
});
