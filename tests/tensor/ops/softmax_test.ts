import { assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("softmax", (x, o) => ebb.softmax(x, o.axis));
checkOp("logSoftmax", (x, o) => ebb.logSoftmax(x, o.axis));

Deno.test("softmax() and logSoftmax() have gradients that can be differentiated again", () => {
  const make = () => [ebb.randn([3, 4], { requiresGrad: true })];
  expectSame(make, (x) => x.softmax(0), (x) => x.exp().div(x.exp().sum(0, { keepDim: true })));
  expectSame(make, (x) => x.logSoftmax(), (x) => x.sub(x.exp().sum(-1, { keepDim: true }).log()));
});

Deno.test("softmax() refuses whole numbers and axes that are not there", () => {
  leakFree(() =>
    ebb.scope(() => {
      const whole = ebb.zeros([2], { dtype: "int32" });
      assertThrows(() => whole.softmax(), TypeError, "softmax: expected a floating type but found int32");
      assertThrows(
        () => ebb.zeros([2]).logSoftmax(1),
        RangeError,
        "logSoftmax: expected an axis from -1 to 0",
      );
    })
  );
});
