import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp(
  "norm",
  (x, o) => ebb.norm(x, o.p === undefined ? undefined : Number(o.p === "inf" ? Infinity : o.p), o.axes, o),
);
checkOp("logSumExp", (x, o) => ebb.logSumExp(x, o.axes, o));

Deno.test("norm() counts with p = 0 and takes the smallest with p = -Infinity", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([[3, 0, -4], [0, 0, 1]]);
      assertEquals(x.norm(0, 1).toArray(), [2, 1]);
      assertEquals(x.norm(Infinity, 1).toArray(), [4, 1]);
      assertEquals(x.norm(-Infinity, 1).toArray(), [0, 0]);
      assertThrows(() => x.norm(NaN), RangeError, "norm: expected a power but found NaN");
    })
  );
});

Deno.test("logSumExp() neither overflows nor loses what is small", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertEquals(ebb.tensor([1000, -1000]).logSumExp().item(), 1000);
      assertEquals(ebb.zeros([0]).logSumExp().item(), -Infinity);
      assertEquals(ebb.tensor([-Infinity, -Infinity]).logSumExp().item(), -Infinity);
    })
  );
});
