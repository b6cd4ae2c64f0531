import { assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("layerNorm", (x, w, b, o) => ebb.layerNorm(x, o.shape ?? x.shape.at(-1), w, b, o));
checkOp("rmsNorm", (x, w, o) => ebb.rmsNorm(x, o.shape ?? x.shape.at(-1), w, o));

const make = (shape: number[]) => () => {
  ebb.seed(2);
  return [[3, 2, ...shape], shape, shape].map((shape) => ebb.randn(shape, { requiresGrad: true }));
};

Deno.test("layerNorm() is the formula that it stands for, gradients of gradients included", () => {
  for (const shape of [[5], [2, 3]]) {
    const axes = shape.map((_, i) => i - shape.length);
    expectSame(make(shape), (x, w, b) => ebb.layerNorm(x, shape, w, b, { epsilon: 0.1 }), (x, w, b) => {
      const c = x.sub(x.mean(axes, { keepDim: true }));
      return c.div(c.square().mean(axes, { keepDim: true }).add(0.1).sqrt()).mul(w).add(b);
    });
  }
});

Deno.test("rmsNorm() is the formula that it stands for, gradients of gradients included", () => {
  for (const shape of [[5], [2, 3]]) {
    const axes = shape.map((_, i) => i - shape.length);
    expectSame(
      () => make(shape)().slice(0, 2),
      (x, w) => ebb.rmsNorm(x, shape, w, { epsilon: 0.1 }),
      (x, w) => x.div(x.square().mean(axes, { keepDim: true }).add(0.1).sqrt()).mul(w),
    );
  }
  for (const dtype of ["float64", "float16"] as const) {
    expectSame(
      () => [ebb.randn([3, 4], { dtype, requiresGrad: true })],
      (x) => ebb.rmsNorm(x, 4),
      (x) => x.mul(x.square().mean(-1, { keepDim: true }).rsqrt()),
    );
  }
});

Deno.test("layerNorm() has an exact gradient where the mean is far from zero", () => {
  const far = (dtype: ebb.DType) => {
    ebb.seed(3);
    return ebb.randn([4, 32]).add(1000).to(dtype);
  };
  leakFree(() =>
    ebb.scope(() => {
      const [single, double] = (["float32", "float64"] as const).map((dtype) => {
        const x = far(dtype).detach();
        x.requiresGrad = true;
        const y = ebb.layerNorm(x, 32);
        return ebb.grad([y.mul(ebb.arange(32, undefined, 1, { dtype })).sum()], [x])[0]!.to("float64");
      });
      const error = single.sub(double).abs().max().item() / double.abs().max().item();
      if (!(error < 1e-4)) throw new Error(`expected an error below 1e-4 but found ${error}`);
    })
  );
});

Deno.test("layerNorm() names what does not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(() => ebb.layerNorm(x, 2), RangeError, "last axes are [2] but found float32[2, 3]");
      assertThrows(
        () => ebb.layerNorm(x, 3, ebb.ones([2])),
        RangeError,
        "a weight of float32[3] but found float32[2]",
      );
      assertThrows(
        () => ebb.rmsNorm(x, []),
        RangeError,
        "rmsNorm: expected floating numbers whose last axes are []",
      );
    })
  );
});
