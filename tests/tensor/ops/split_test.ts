import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("split", (x, o) => ebb.split(x, o.sizes, o.axis));
checkOp("chunk", (x, o) => ebb.chunk(x, o.chunks, o.axis));

Deno.test("split() gives views of the leading axis and gathers gradients, also of one piece alone", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(0, 6, 1, { dtype: "float32" }).reshape([3, 2]);
      x.requiresGrad = true;
      for (const axis of [0, 1]) {
        const sizes = axis === 0 ? [1, 2] : [1, 1];
        const pieces = x.split(sizes, axis);
        if (axis === 0) assertStrictEquals(pieces[1].storage, x.storage);
        assertEquals(ebb.concat(pieces, axis).toArray(), x.toArray());
        const [both] = ebb.grad([pieces[0].sum(), pieces[1].mul(2).sum()], [x]);
        assertEquals(both!.toArray(), axis === 0 ? [[1, 1], [2, 2], [2, 2]] : [[1, 2], [1, 2], [1, 2]]);
        const [one] = ebb.grad([x.split(sizes, axis)[1].sum()], [x]);
        assertEquals(one!.toArray(), axis === 0 ? [[0, 0], [1, 1], [1, 1]] : [[0, 1], [0, 1], [0, 1]]);
      }
    })
  );
});

Deno.test("split() and chunk() refuse sizes that do not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([5]);
      assertThrows(
        () => x.split([2, 2]),
        RangeError,
        "split: expected sizes that add up to axis 0 of [5] but found [2,2]",
      );
      assertThrows(() => x.split(0), RangeError, "split: expected sizes");
      assertThrows(() => x.chunk(0), RangeError, "chunk: expected a number of pieces but found 0");
      assertEquals(x.chunk(2).map(({ shape }) => shape), [[3], [2]]);
    })
  );
});
