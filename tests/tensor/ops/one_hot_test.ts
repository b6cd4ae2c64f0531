import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("oneHot", (labels, o) => ebb.oneHot(labels, o.classes));

Deno.test("oneHot() gives the type that is asked for, and names a label out of range", () => {
  leakFree(() =>
    ebb.scope(() => {
      const labels = ebb.tensor([1, 0], { dtype: "int64" });
      assertEquals(ebb.oneHot(labels, 2, { dtype: "float32" }).toArray(), [[0, 1], [1, 0]]);
      assertEquals(labels.oneHot(2, { dtype: "bool" }).toArray(), [[false, true], [true, false]]);
      assertThrows(
        () => ebb.oneHot(labels, 1),
        RangeError,
        "oneHot: expected labels from 0 to 0 but found 1",
      );
      assertThrows(() => ebb.oneHot(labels, 0), RangeError, "found 0");
    })
  );
});

Deno.test("maskedFill() fills in chosen places, where no gradient flows", () => {
  const mask = ebb.tensor([true, false, true]);
  expectSame(
    () => [ebb.randn([2, 3], { requiresGrad: true })],
    (x) => x.maskedFill(mask, -7),
    (x) => x.mul(ebb.tensor([0, 1, 0])).add(ebb.tensor([-7, 0, -7])),
  );
  leakFree(() => {
    using x = ebb.zeros([3]);
    using wide = ebb.ones([2, 3], { dtype: "bool" });
    assertThrows(() => x.maskedFill(wide, 0), RangeError, "broadcasts to [3] but found [2, 3]");
    assertThrows(() => x.maskedFill(x, 0), TypeError, "a mask of bool but found float32");
  });
  mask.dispose();
});
