import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("addmm", (b, x, w) => ebb.addmm(b, x, w));
checkOp("linear", (x, w, b, o) => ebb.linear(x, w, b, o));

const operands = () => {
  ebb.seed(1);
  return [[2, 3, 4], [5, 4], [5]].map((shape) => ebb.randn(shape, { requiresGrad: true }));
};

Deno.test("linear() with an activation gives what the two functions give one after the other", () => {
  for (const activation of ["relu", "gelu"] as const) {
    expectSame(
      operands,
      (x, w, b) => ebb.linear(x, w, b, { activation }),
      (x, w, b) => ebb.linear(x, w, b)[activation](),
    );
  }
});

Deno.test("addmm() gives what matmul() and add() give", () => {
  for (const shape of [[5], [3, 1], []]) {
    expectSame(
      () => [[2, 3, 4], [4, 5], shape].map((shape) => ebb.randn(shape, { requiresGrad: true })),
      (x, w, b) => b.addmm(x, w),
      (x, w, b) => x.matmul(w).add(b),
    );
  }
});

Deno.test("linear() computes no gradient that nobody asks for", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.randn([2, 3]);
      const w = ebb.randn([4, 3], { requiresGrad: true });
      ebb.linear(x, w).sum().backward();
      assertEquals([x.grad, w.grad?.shape], [null, [4, 3]]);
    })
  );
});

Deno.test("linear() names the shapes and types that do not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      const w = ebb.zeros([4, 3]);
      const double = ebb.zeros([4, 3], { dtype: "float64" });
      assertThrows(() => ebb.linear(x, ebb.zeros([4, 5])), RangeError, "found [2, 3] and [4, 5]");
      assertThrows(() => ebb.linear(x, w, ebb.zeros([3])), RangeError, "a bias [4] but found [3]");
      assertThrows(() => ebb.linear(x, double), TypeError, "float32[2, 3], float64[4, 3]");
      assertThrows(() => ebb.addmm(ebb.zeros([4]), x, w), RangeError, "addmm: expected x");
    })
  );
});
