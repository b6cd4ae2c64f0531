import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("relu", (x) => ebb.relu(x));
checkOp("square", (x) => ebb.square(x));
checkOp("sqrt", (x) => ebb.sqrt(x));
checkOp("rsqrt", (x) => ebb.rsqrt(x));
checkOp("reciprocal", (x) => ebb.reciprocal(x));
checkOp("abs", (x) => ebb.abs(x));
checkOp("sign", (x) => ebb.sign(x));
checkOp("floor", (x) => ebb.floor(x));
checkOp("ceil", (x) => ebb.ceil(x));
checkOp("round", (x) => ebb.round(x));
checkOp("exp", (x) => ebb.exp(x));
checkOp("log", (x) => ebb.log(x));
checkOp("log1p", (x) => ebb.log1p(x));
checkOp("expm1", (x) => ebb.expm1(x));
checkOp("sin", (x) => ebb.sin(x), { slackOffCpu: 250 });
checkOp("cos", (x) => ebb.cos(x), { slackOffCpu: 250 });
checkOp("tan", (x) => ebb.tan(x), { slackOffCpu: 250 });
checkOp("asin", (x) => ebb.asin(x), { slackOffCpu: 250 });
checkOp("acos", (x) => ebb.acos(x), { slackOffCpu: 250 });
checkOp("atan", (x) => ebb.atan(x), { slackOffCpu: 250 });
checkOp("sinh", (x) => ebb.sinh(x));
checkOp("cosh", (x) => ebb.cosh(x));
checkOp("erf", (x) => ebb.erf(x));

Deno.test("log1p() and expm1() keep their digits near 0", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["float32", "float64"] as const) {
        const values = [1e-30, -1e-12, 1e-7, -3e-5, 1e-3, -0.9, 5, 80];
        const x = ebb.tensor(values, { dtype });
        const exact = x.toArray() as number[];
        const digits = dtype === "float32" ? 3e-7 : 1e-15;
        const check = (found: ebb.Tensor, expected: number[]) =>
          (found.toArray() as number[]).forEach((value, i) =>
            assertAlmostEquals(value / expected[i], 1, digits, `${dtype} ${exact[i]}`)
          );
        check(x.log1p(), exact.map(Math.log1p));
        check(x.expm1(), exact.map(Math.expm1));
        check(x.sinh(), exact.map(Math.sinh));
      }
    })
  );
});

Deno.test("log1p(), expm1() and sinh() have the right limits", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([-Infinity, -1, 0, Infinity, NaN]);
      assertEquals(x.log1p().toArray(), [NaN, -Infinity, 0, Infinity, NaN]);
      assertEquals(x.slice([3]).expm1().toArray(), [Infinity, NaN]);
      assertEquals(x.slice([0, 1]).expm1().toArray(), [-1]);
      assertEquals(x.slice([0, null, 3]).sinh().toArray(), [-Infinity, Infinity]);
    })
  );
});

Deno.test("sinh() and cosh() are finite as long as their type can hold them", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const [dtype, most, digits] of [["float32", 89.25, 1e-5], ["float64", 710, 1e-12]] as const) {
        const values = [-most, most];
        const x = ebb.tensor(values, { dtype });
        const check = (found: ebb.Tensor, expected: number[]) =>
          (found.toArray() as number[]).forEach((value, i) =>
            assertAlmostEquals(value / expected[i], 1, digits)
          );
        check(x.sinh(), values.map(Math.sinh));
        check(x.cosh(), values.map(Math.cosh));
      }
      assertEquals(ebb.tensor([-Infinity, 0, Infinity]).cosh().toArray(), [Infinity, 1, Infinity]);
    })
  );
});

Deno.test("functions that need fractions refuse whole numbers by name", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { dtype: "int32" });
      assertThrows(() => x.exp(), TypeError, "exp: expected a floating type but found int32");
      assertThrows(
        () => x.to("float64").erf(),
        TypeError,
        "erf: expected types in which ONNX Runtime",
      );
      assertThrows(() => x.to("bool").abs(), TypeError, "abs: expected numbers but found bool");
      assertEquals(x.floor().dtype, "int32");
      assertEquals(x.neg().abs().toArray(), [1, 2]);
    })
  );
});

Deno.test("steps have a gradient of zero rather than none", () => {
  leakFree(() => {
    using x = ebb.tensor([0.4, -1.6], { requiresGrad: true });
    ebb.scope(() => x.round().add(x.sign()).add(x.floor()).add(x.ceil()).sum().backward());
    assertEquals(x.grad?.toArray(), [0, 0]);
  });
});
