import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("clamp", (x, o) => ebb.clamp(x, o));
checkOp("maximum", (a, b) => ebb.maximum(a, b));
checkOp("minimum", (a, b) => ebb.minimum(a, b));

Deno.test("clamp() passes no gradient outside its bounds, nor on them", () => {
  leakFree(() => {
    using x = ebb.tensor([-2, -1, 0, 1, 2, NaN], { requiresGrad: true });
    ebb.scope(() => x.clamp({ min: -1, max: 1 }).sum().backward());
    assertEquals(x.grad?.toArray(), [0, 0, 1, 0, 0, 0]);
  });
});

Deno.test("clamp() lets the upper bound win and NaN through", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertEquals(ebb.tensor([-2, 3, NaN]).clamp({ min: 1, max: 0 }).toArray(), [0, 0, NaN]);
    })
  );
});

Deno.test("clamp_() changes in place, and only outside of the tape", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([-2, 0, 2], { requiresGrad: true });
      assertThrows(() => x.clamp_({ min: 0 }), Error, "clamp: expected noGrad()");
      assertStrictEquals(ebb.noGrad(() => x.clamp_({ min: 0 })), x);
      assertEquals(x.toArray(), [0, 0, 2]);
    })
  );
});

Deno.test("clamp() refuses no bounds, and fractions beside whole numbers", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { dtype: "int32" });
      assertThrows(() => x.clamp({}), TypeError, "clamp: expected min, max or both but found neither");
      assertThrows(
        () => x.clamp({ min: 0.5 }),
        RangeError,
        "expected a whole number beside int32 but found 0.5",
      );
      assertEquals(x.clamp({ max: 1 }).toArray(), [1, 1]);
    })
  );
});

Deno.test("maximum() and minimum() share the gradient of equal elements and let NaN through", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.tensor([1, 2, 3], { requiresGrad: true });
      const b = ebb.tensor([2, 2, 2], { requiresGrad: true });
      const gradients = ebb.grad([a.maximum(b).sum()], [a, b]).map((gradient) => gradient!.toArray());
      assertEquals(gradients, [[0, 0.5, 1], [1, 0.5, 0]]);
      assertEquals(ebb.maximum(ebb.tensor([NaN, 1]), 2).toArray(), [NaN, 2]);
      assertEquals(ebb.minimum(3, ebb.tensor([NaN, 1])).toArray(), [NaN, 1]);
    })
  );
});
