import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { expectSame } from "../same.ts";

Deno.test("dropout() keeps the mean, and gives gradients to what stays", () => {
  leakFree(() => {
    using x = ebb.ones([100, 100], { requiresGrad: true });
    using y = x.dropout(0.3, { generator: new ebb.Generator(1) });
    using ones = ebb.ones([100, 100]);
    y.backward(ones);
    const values = y.data() as Float32Array<ArrayBuffer>;
    assertEquals(x.grad!.data(), values);
    assertEquals(new Set(values), new Set([0, Math.fround(1 / 0.7)]));
    assertAlmostEquals(values.reduce((a, b) => a + b) / values.length, 1, 0.02);
  });
});

Deno.test("dropout() draws the same for the same seed on every type", () => {
  leakFree(() =>
    ebb.scope(() => {
      const places = (["float32", "float64", "float16"] as const).map((dtype) => {
        const y = ebb.ones([50], { dtype }).dropout(0.5, { generator: new ebb.Generator(7) });
        return y.ne(0).toArray();
      });
      assertEquals(places[1], places[0]);
      assertEquals(places[2], places[0]);
    })
  );
});

Deno.test("dropout() leaves everything where p is 0 or nothing is trained, and nothing where p is 1", () => {
  const make = () => [ebb.randn([3, 4], { requiresGrad: true })];
  expectSame(make, (x) => x.dropout(0), (x) => x.mul(1));
  expectSame(make, (x) => x.dropout(0.9, { training: false }), (x) => x.mul(1));
  expectSame(make, (x) => x.dropout(1), (x) => x.mul(0));
});

Deno.test("dropout() refuses what is no chance", () => {
  leakFree(() => {
    using x = ebb.ones([2]);
    for (const p of [-0.1, 1.1, NaN]) {
      assertThrows(() => x.dropout(p), RangeError, `dropout: expected a chance from 0 to 1 but found ${p}`);
    }
  });
});

Deno.test("fillBernoulli() gives what comparing whole numbers would", () => {
  const [fast, slow] = [new ebb.Generator(3), new ebb.Generator(3)];
  const bytes = new Uint8Array(1000);
  fast.fillBernoulli(bytes, 0.3);
  assert(bytes.every((byte) => byte === Number(slow.uint32() < 0.3 * 2 ** 32)));
  assertEquals(fast.state(), slow.state());
});
