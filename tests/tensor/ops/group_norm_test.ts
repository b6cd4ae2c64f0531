import { assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("groupNorm", (x, w, b, o) => ebb.groupNorm(x, o.groups, w, b, o));
checkOp("instanceNorm", (x, w, b, o) => ebb.instanceNorm(x, w, b, o));

const make = () => {
  ebb.seed(2);
  return [[2, 6, 3, 2], [6], [6]].map((shape) => ebb.randn(shape, { requiresGrad: true }));
};

function formula(x: ebb.Tensor, groups: number, w: ebb.Tensor, b: ebb.Tensor): ebb.Tensor {
  const wide = x.reshape([2, groups, -1]);
  const c = wide.sub(wide.mean(2, { keepDim: true }));
  const y = c.div(c.square().mean(2, { keepDim: true }).add(1e-5).sqrt()).reshape(x.shape);
  return y.mul(w.reshape([6, 1, 1])).add(b.reshape([6, 1, 1]));
}

Deno.test("groupNorm() is the formula that it stands for, gradients of gradients included", () => {
  expectSame(make, (x, w, b) => ebb.groupNorm(x, 3, w, b), (x, w, b) => formula(x, 3, w, b));
});

Deno.test("instanceNorm() is groupNorm() with a group for each channel", () => {
  expectSame(make, (x, w, b) => ebb.instanceNorm(x, w, b), (x, w, b) => ebb.groupNorm(x, 6, w, b));
});

Deno.test("groupNorm() names what does not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 6]);
      assertThrows(() => ebb.groupNorm(x, 4), RangeError, "groups that 6 channels divide into but found 4");
      assertThrows(
        () => ebb.groupNorm(x, 2, ebb.ones([2])),
        RangeError,
        "a weight of float32[6] but found float32[2]",
      );
      assertThrows(
        () => ebb.instanceNorm(ebb.zeros([3])),
        RangeError,
        "instanceNorm: expected floating numbers",
      );
    })
  );
});
