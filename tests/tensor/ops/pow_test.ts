import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("pow", (a, b) => ebb.pow(a, b));

Deno.test("pow() of whole numbers stays whole and refuses negative exponents", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ["int32", "int64", "uint8"] as const) {
        const x = ebb.tensor([2, 3], { dtype });
        assertEquals(x.pow(3).toArray(), [8, 27]);
        assertEquals(x.pow(3).dtype, dtype);
        assertThrows(() => x.pow(-1), RangeError, `pow: expected an exponent of 0 or more beside ${dtype}`);
      }
    })
  );
});

Deno.test("pow() has gradients at 0 as in PyTorch", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.tensor([0, 0, 0], { requiresGrad: true });
      const b = ebb.tensor([0, 1, 2], { requiresGrad: true });
      const gradients = ebb.grad([a.pow(b).sum()], [a, b]).map((gradient) => gradient!.toArray());
      assertEquals(gradients, [[0, 1, 0], [0, 0, 0]]);
    })
  );
});
