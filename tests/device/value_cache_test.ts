import { assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

Deno.test("an op may read one place in more shapes than are kept", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(0, 8, 1, { dtype: "float32" });
      const column = x.reshape([8, 1]);
      column.add(1); // the oldest shape of the place, which the row is going to push out
      for (const shape of [[8], [2, 4], [4, 2], [2, 2, 2], [1, 1, 8], [1, 2, 4], [1, 4, 2]]) {
        x.reshape(shape).add(1);
      }
      assertEquals(column.matmul(x.reshape([1, 8])).sum().item(), 28 * 28);

      const ones = ebb.ones([20]);
      const prefixes = Array.from({ length: 20 }, (_, i) => ones.slice([0, i + 1]));
      assertEquals(ebb.concat(prefixes).sum().item(), 210);
    })
  );
});
