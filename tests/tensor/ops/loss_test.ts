import { assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("mseLoss", (x, y, o) => ebb.mseLoss(x, y, o));
checkOp("l1Loss", (x, y, o) => ebb.l1Loss(x, y, o));
checkOp("smoothL1Loss", (x, y, o) => ebb.smoothL1Loss(x, y, o));
checkOp("klDiv", (x, y, o) => ebb.klDiv(x, y, o));
checkOp(
  "binaryCrossEntropyWithLogits",
  (x, y, posWeight, o) => ebb.binaryCrossEntropyWithLogits(x, y, { posWeight, ...o }),
);

Deno.test("losses have gradients that can be differentiated again", () => {
  const make = () => [1, 2].map(() => ebb.rand([3, 2], { requiresGrad: true }));
  for (const reduction of ["mean", "sum", "none"] as const) {
    expectSame(
      make,
      (x, y) => ebb.mseLoss(x, y, { reduction }),
      (x, y) => reduce(x.sub(y).square(), reduction),
    );
    expectSame(
      make,
      (x, y) => ebb.klDiv(x, y, { reduction }),
      (x, y) => reduce(y.mul(y.log().sub(x)), reduction),
    );
    expectSame(
      make,
      (x, y) => ebb.binaryCrossEntropyWithLogits(x, y, { reduction, posWeight: null }),
      (x, y) => reduce(y.mul(ebb.softplus(x.neg())).add(ebb.sub(1, y).mul(ebb.softplus(x))), reduction),
    );
  }
});

Deno.test("smoothL1Loss() with a beta of 0 is l1Loss()", () => {
  const make = () => [1, 2].map(() => ebb.rand([3, 2], { requiresGrad: true }));
  expectSame(make, (x, y) => ebb.smoothL1Loss(x, y, { beta: 0 }), (x, y) => ebb.l1Loss(x, y));
});

Deno.test("losses refuse shapes and types that differ, and reductions that are none", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(
        () => ebb.mseLoss(x, ebb.zeros([3])),
        TypeError,
        "mseLoss: expected a prediction and a target",
      );
      const half = ebb.zeros([2, 3], { dtype: "float16" });
      assertThrows(() => ebb.klDiv(x, half), TypeError, "found float32[2, 3] and float16[2, 3]");
      const reduction = "average" as ebb.Reduction;
      assertThrows(() => ebb.l1Loss(x, x, { reduction }), RangeError, "mean, sum, none but found average");
    })
  );
});

function reduce(x: ebb.Tensor, reduction: ebb.Reduction): ebb.Tensor {
  return reduction === "none" ? x : reduction === "sum" ? x.sum() : x.sum().div(x.size);
}
