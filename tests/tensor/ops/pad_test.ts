import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("pad", (x, o) => ebb.pad(x, o.padding, o));

Deno.test("pad() refuses more than a mode can add", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(
        () => x.pad([[3, 0]], { mode: "reflect" }),
        RangeError,
        "pad: expected axis 1 of [2, 3] to be long enough for mode reflect but found padding 3, 0",
      );
      assertThrows(() => x.pad([[4, 0]], { mode: "circular" }), RangeError, "mode circular");
      assertThrows(() => x.pad([[-2, -2]]), RangeError, "pad: expected axis 1");
      assertThrows(
        () => x.pad([[0, 1], [0, 1], [0, 1]]),
        RangeError,
        "pad: expected up to 2 pairs of whole numbers",
      );
      assertThrows(() => x.pad([[0, 1]], { mode: "edge" as "constant" }), RangeError, 'but found "edge"');
    })
  );
});

Deno.test("pad() of booleans and whole numbers", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertEquals(ebb.tensor([true]).pad([[1, 1]], { value: 1 }).toArray(), [true, true, true]);
      assertEquals(ebb.tensor([5], { dtype: "uint8" }).pad([[1, 0]], { value: 7 }).toArray(), [7, 5]);
      assertEquals(ebb.tensor([5, 6], { dtype: "int64" }).pad([[2, 1]], { mode: "circular" }).toArray(), [
        5,
        6,
        5,
        6,
        5,
      ]);
    })
  );
});
