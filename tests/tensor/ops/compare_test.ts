import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("eq", (a, b) => ebb.eq(a, b));
checkOp("ne", (a, b) => ebb.ne(a, b));
checkOp("lt", (a, b) => ebb.lt(a, b));
checkOp("le", (a, b) => ebb.le(a, b));
checkOp("gt", (a, b) => ebb.gt(a, b));
checkOp("ge", (a, b) => ebb.ge(a, b));
checkOp("logicalAnd", (a, b) => ebb.logicalAnd(a, b));
checkOp("logicalOr", (a, b) => ebb.logicalOr(a, b));
checkOp("logicalXor", (a, b) => ebb.logicalXor(a, b));
checkOp("logicalNot", (x) => ebb.logicalNot(x));
checkOp("isNaN", (x) => ebb.isNaN(x));
checkOp("isFinite", (x) => ebb.isFinite(x));
checkOp("where", (condition, a, b) => ebb.where(condition, a, b));

Deno.test("comparisons see a number as the other operand's type holds it", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["float16", "bfloat16", "float32", "float64"] as const) {
        assertEquals(ebb.full([1], 0.1, { dtype }).eq(0.1).toArray(), [true], dtype);
      }
    })
  );
});

Deno.test("comparisons order booleans and refuse two types", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.tensor([false, true, false, true]);
      const b = ebb.tensor([false, false, true, true]);
      assertEquals(a.lt(b).toArray(), [false, false, true, false]);
      assertEquals(a.ne(b).toArray(), [false, true, true, false]);
      assertThrows(
        () => a.eq(ebb.ones([4])),
        TypeError,
        "eq: expected operands of one type but found bool and float32",
      );
    })
  );
});

Deno.test("logical functions take numbers for whether they are 0", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([0, 0.5, NaN]);
      const i = ebb.tensor([0, 0, 7], { dtype: "int64" });
      assertEquals(x.logicalNot().toArray(), [true, false, false]);
      assertEquals(x.logicalAnd(i).toArray(), [false, false, true]);
      assertEquals(x.logicalXor(i).toArray(), [false, true, false]);
    })
  );
});

Deno.test("where() chooses among numbers and booleans, and wants booleans to choose by", () => {
  leakFree(() =>
    ebb.scope(() => {
      const c = ebb.tensor([true, false]);
      assertEquals(ebb.where(c, 1, 2).toArray(), [1, 2]);
      assertEquals(ebb.where(c, c, ebb.tensor([true, true])).toArray(), [true, true]);
      assertThrows(
        () => ebb.where(ebb.ones([2]), 1, 2),
        TypeError,
        "where: expected a condition of bool but found",
      );
    })
  );
});

Deno.test("where() keeps a NaN that was not chosen out of the gradient", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([4, -1], { requiresGrad: true });
      const safe = ebb.where(x.gt(0), x, 1);
      const [gradient] = ebb.grad([safe.sqrt().sum()], [x]);
      assertEquals(gradient!.toArray(), [0.25, 0]);
    })
  );
});

Deno.test("equal() and allClose() compare whole tensors", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.tensor([1, 2, Infinity]);
      assertEquals(ebb.equal(a, a.clone()), true);
      assertEquals(ebb.equal(a, a.add(1e-6)), false);
      assertEquals(ebb.equal(a, a.to("float64")), false);
      assertEquals(ebb.equal(ebb.zeros([0]), ebb.zeros([0])), true);
      assertEquals(a.allClose(a.mul(1 + 1e-6)), true);
      assertEquals(a.allClose(a.mul(1 + 1e-3)), false);
      assertEquals(a.allClose(ebb.tensor([1, 2, 3])), false);
      assertEquals(ebb.tensor([NaN]).allClose(ebb.tensor([NaN])), false);
      assertEquals(ebb.tensor([NaN]).allClose(ebb.tensor([NaN]), { equalNaN: true }), true);
      assertThrows(
        () => a.allClose(ebb.zeros([2])),
        RangeError,
        "allClose: expected one shape but found [3] and [2]",
      );
    })
  );
});
