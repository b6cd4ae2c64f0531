import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("movedim", (x, o) => ebb.movedim(x, o.from, o.to));
checkOp("permute", (x, o) => ebb.permute(x, o.axes));
checkOp("transpose", (x, o) => ebb.transpose(x, ...(o.axes as [number, number])));

Deno.test("permute() copies nothing where only axes of size 1 change places", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(6).reshape([1, 2, 1, 3]);
      const y = x.permute([1, 0, 3, 2]);
      assertStrictEquals(y.storage, x.storage);
      assertEquals(y.shape, [2, 1, 3, 1]);
      assertEquals(x.movedim(3, 0).shape, [3, 1, 2, 1]);
      assertEquals(x.movedim(1, -1).shape, [1, 1, 3, 2]);
    })
  );
});

Deno.test("permute() wants each axis once", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertThrows(
        () => ebb.zeros([2, 3]).permute([0, 0]),
        RangeError,
        "permute: expected each of 2 axes once but found [0,0]",
      );
      assertThrows(() => ebb.zeros([2]).transpose(), RangeError, "transpose: expected an axis from -1 to 0");
    })
  );
});
