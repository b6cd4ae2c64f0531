import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("var", (x, o) => ebb.var(x, o.axes, o));
checkOp("std", (x, o) => ebb.std(x, o.axes, o));

Deno.test("var() keeps its digits where the mean is large", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([10000, 10001, 10002, 10003]);
      assertAlmostEquals(x.var().item(), 5 / 3, 2e-7);
      assertEquals(ebb.tensor([5]).var().item(), NaN);
      assertEquals(ebb.tensor(5).std().item(), NaN);
      assertEquals(ebb.tensor(5).var(undefined, { correction: 0 }).item(), 0);
    })
  );
});

Deno.test("std() has a gradient of 0 where all elements are equal", () => {
  leakFree(() => {
    using x = ebb.ones([3], { requiresGrad: true });
    ebb.scope(() => x.std().backward());
    assertEquals(x.grad?.toArray(), [0, 0, 0]);
  });
});
