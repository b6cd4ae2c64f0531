import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("topK", (x, o) => ebb.topK(x, o.k, o));
checkOp("sort", (x, o) => ebb.sort(x, o));
checkOp("argsort", (x, o) => ebb.argsort(x, o));

Deno.test("sort() keeps the order of equal elements, in both directions", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 0, 1, 0]);
      assertEquals(x.argsort().toArray(), [1, 3, 0, 2]);
      assertEquals(x.argsort({ descending: true }).toArray(), [0, 2, 1, 3]);
    })
  );
});

Deno.test("topK() refuses more than there are, and booleans", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(
        () => x.topK(4),
        RangeError,
        "topK: expected k from 0 to 3, the size of axis 1, but found 4",
      );
      assertThrows(() => x.topK(1.5), RangeError, "found 1.5");
      assertThrows(() => x.to("bool").sort(), TypeError, "sort: expected numbers but found bool");
    })
  );
});
