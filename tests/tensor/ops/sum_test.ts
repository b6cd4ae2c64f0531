import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("sum", (x, o) => ebb.sum(x, o.axes, o));
checkOp("mean", (x, o) => ebb.mean(x, o.axes, o));

Deno.test("sum() and mean() of many rows agree with the sums of their columns in every type", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
        const x = ebb.randint(-8, 8, [512, 6, 8], { generator: new ebb.Generator(3), dtype });
        const columns = x.permute([1, 2, 0]);
        assertEquals(x.sum(0).toArray(), columns.sum(-1).toArray(), dtype);
        assertEquals(x.sum([0, 1], { keepDim: true }).toArray(), [[columns.sum([0, 2]).toArray()]], dtype);
        assertEquals(x.mean(0).toArray(), columns.mean(-1).toArray(), dtype);
      }
    })
  );
});

Deno.test("sum() passes its gradient to every element where it is a product with ones", () => {
  leakFree(() => {
    using x = ebb.ones([256, 64], { requiresGrad: true });
    ebb.scope(() => x.sum(0).mul(ebb.arange(0, 64, 1, { dtype: "float32" })).sum().backward());
    ebb.scope(() => assertEquals(x.grad!.select(0, 255).toArray(), Array.from({ length: 64 }, (_, i) => i)));
  });
});

Deno.test("sum() adds up whole numbers and booleans in int64", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["int32", "int64", "uint8", "bool"] as const) {
        const total = ebb.ones([300], { dtype }).sum();
        assertEquals([total.dtype, total.item()], ["int64", 300]);
        assertEquals(ebb.ones([], { dtype }).sum().dtype, "int64");
      }
    })
  );
});

Deno.test("mean() refuses whole numbers", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertThrows(
        () => ebb.ones([2], { dtype: "int64" }).mean(),
        TypeError,
        "mean: expected a floating type but",
      );
    })
  );
});
