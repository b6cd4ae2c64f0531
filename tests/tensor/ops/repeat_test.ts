import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("flip", (x, o) => ebb.flip(x, o.axes));
checkOp("roll", (x, o) => ebb.roll(x, o.shifts, o.axes));
checkOp("tile", (x, o) => ebb.tile(x, o.repeats));

Deno.test("roll() wants a shift for each axis", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(4).reshape([2, 2]);
      assertThrows(
        () => x.roll([1, 1], 0),
        RangeError,
        "roll: expected a whole number for each axis but found [1,1] for [0]",
      );
      assertEquals(x.roll(1, 1).toArray(), [[1, 0], [3, 2]]);
      assertEquals(x.roll([], []).toArray(), x.toArray());
    })
  );
});
