/**
 * The tensor itself: what it says of itself and how its elements are read.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

function test(name: string, fn: () => void): void {
  Deno.test(name, () => leakFree(() => ebb.scope(fn)));
}

test("a tensor says what it is", () => {
  const x = ebb.zeros([2, 3], { dtype: "float64" });
  assertEquals([x.shape, x.dtype, x.size, x.rank, x.bytes], [[2, 3], "float64", 6, 2, 48]);
  assertEquals([x.device, x.requiresGrad, x.grad, x.disposed], [ebb.defaultDevice(), false, null, false]);
  assertEquals(String(x), "Tensor(float64[2, 3], cpu)");
  const scalar = ebb.tensor(1);
  assertEquals([scalar.shape, scalar.size, scalar.rank], [[], 1, 0]);
});

test("item() reads the one element and refuses more or fewer", () => {
  assertEquals(ebb.tensor([[4]]).item(), 4);
  assertEquals(ebb.tensor(-7, { dtype: "int64" }).item(), -7);
  assertThrows(
    () => ebb.zeros([2]).item(),
    RangeError,
    "item: expected a tensor of one element but found shape [2]",
  );
  assertThrows(() => ebb.zeros([0]).item(), RangeError, "found shape [0]");
});

test("data() is a copy in the type of the elements", () => {
  const x = ebb.tensor([1, 2]);
  const data = x.data();
  assert(data instanceof Float32Array);
  data[0] = 9;
  assertEquals(x.toArray(), [1, 2]);
  assert(ebb.tensor([1], { dtype: "bfloat16" }).data() instanceof Uint16Array);
  assert(ebb.tensor([1], { dtype: "int64" }).data() instanceof BigInt64Array);
});

test("toArray() nests by shape, empty axes included", () => {
  assertEquals(ebb.arange(6).reshape([1, 3, 2]).toArray(), [[[0, 1], [2, 3], [4, 5]]]);
  assertEquals(ebb.zeros([2, 0, 3]).toArray(), [[], []]);
  assertEquals(ebb.tensor(true).toArray(), true);
});

test("every method is the function of the same name", () => {
  const functions = ebb as unknown as Record<string, unknown>;
  const methods = Object.getOwnPropertyNames(ebb.Tensor.prototype).filter((name) => name in functions);
  assert(methods.length > 10);
  const a = ebb.tensor([[1, -2], [3, 4]]);
  const b = ebb.tensor([[2, 1], [1, 1]]);
  assertEquals(a.add(b).toArray(), ebb.add(a, b).toArray());
  assertEquals(a.matmul(b).toArray(), ebb.matmul(a, b).toArray());
  assertEquals(a.sum(0, { keepDim: true }).toArray(), ebb.sum(a, 0, { keepDim: true }).toArray());
  assertEquals(a.reshape([4]).relu().toArray(), ebb.relu(ebb.reshape(a, [4])).toArray());
});

test("numbers take the type of the tensor beside them", () => {
  assertEquals(ebb.tensor([3], { dtype: "int64" }).add(2).dtype, "int64");
  assertEquals(ebb.add(0.5, ebb.tensor([1], { dtype: "float16" })).toArray(), [1.5]);
});

test("the same op serves every size, and every size is right", () => {
  for (const n of [1, 2, 7, 100, 0, 3]) {
    const x = ebb.arange(0, n, 1, { dtype: "float32" });
    assertEquals(x.mul(2).sum().item(), n * (n - 1));
  }
});
