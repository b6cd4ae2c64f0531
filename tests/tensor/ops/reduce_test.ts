import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("max", (x, o) => ebb.max(x, o.axes, o));
checkOp("min", (x, o) => ebb.min(x, o.axes, o));
checkOp("argmax", (x, o) => ebb.argmax(x, o.axis, o));
checkOp("argmin", (x, o) => ebb.argmin(x, o.axis, o));
checkOp("prod", (x, o) => ebb.prod(x, o.axes, o));
checkOp("any", (x, o) => ebb.any(x, o.axis, o));
checkOp("all", (x, o) => ebb.all(x, o.axis, o));

Deno.test("max() and argmax() want at least one element to choose from", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 0]);
      assertThrows(() => x.max(1), RangeError, "max: expected axes of at least one element but found [2, 0]");
      assertThrows(() => x.argmin(), RangeError, "argmin: expected axes of at least one element but found");
      assertEquals(x.max(0).shape, [0]);
    })
  );
});

Deno.test("max() lets NaN win", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertEquals(ebb.tensor([[1, NaN, 3], [4, 5, 6]]).max(1).toArray(), [NaN, 6]);
      assertEquals(ebb.tensor([1, NaN, 3]).min().toArray(), NaN);
    })
  );
});

Deno.test("argmax() and argmin() are where the first NaN is, along every axis", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["float32", "float64"] as const) {
        const x = ebb.tensor([[3, NaN, Infinity], [NaN, 1, NaN], [5, 7, 6]], { dtype });
        assertEquals(x.argmax(0).toArray(), [1, 0, 1]);
        assertEquals(x.argmin(1).toArray(), [1, 0, 0]);
        assertEquals(x.argmax(-1, { keepDim: true }).toArray(), [[1], [0], [1]]);
        assertEquals(x.argmax().item(), 1);
        assertEquals(x.select(0, 2).argmax().item(), 1);
      }
    })
  );
});

Deno.test("max(), any() and all() keep their word over axes without elements", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 0], { dtype: "bool" });
      assertEquals(x.any(1).toArray(), [false, false]);
      assertEquals(x.all(1, { keepDim: true }).toArray(), [[true], [true]]);
      assertEquals(ebb.ones([]).any().toArray(), true);
      assertEquals(ebb.tensor([0, NaN, -1]).any().toArray(), true);
      assertEquals(ebb.tensor([0, NaN, -1]).all().toArray(), false);
    })
  );
});

Deno.test("max(), prod() and norm() have second derivatives", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([2, 3, 5], { dtype: "float64", requiresGrad: true });
      const second = (y: ebb.Tensor) => {
        const [slope] = ebb.grad([y], [x], { createGraph: true });
        return ebb.grad([slope!.square().sum()], [x])[0]?.toArray() as number[];
      };
      assertEquals(second(x.max().square()), [0, 0, 40]); // slope 2x: its square's slope 8x
      // Slopes 15, 10, 6: d/dx of 15² + 10² + 6² by the product rule.
      second(x.prod()).forEach((value, i) => assertAlmostEquals(value, [136, 174, 130][i] * 1, 1e-9));
    })
  );
});
