import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp(
  "scaledDotProductAttention",
  (q, k, v, mask, { causal, scale }) =>
    ebb.scaledDotProductAttention(q, k, v, { mask, isCausal: causal, scale }),
  { slack: 2 },
);

const HEADS = 2;
/** Projections of 2 heads: queries of size 3, values of size 4. */
const make = () => {
  ebb.seed(4);
  return [[2, 5, 6], [2, 7, 6], [2, 7, 8]].map((shape) => ebb.randn(shape, { requiresGrad: true }));
};
const apart = (x: ebb.Tensor) => x.reshape([x.shape[0], x.shape[1], HEADS, -1]).permute([0, 2, 1, 3]);
const together = (x: ebb.Tensor) => x.permute([0, 2, 1, 3]).reshape([x.shape[0], x.shape[2], -1]);

Deno.test("multiHeadAttention() is scaledDotProductAttention() of heads, gradients of gradients included", () => {
  for (const isCausal of [false, true]) {
    expectSame(
      make,
      (q, k, v) => ebb.multiHeadAttention(q, k, v, HEADS, { isCausal }),
      (q, k, v) => together(ebb.scaledDotProductAttention(apart(q), apart(k), apart(v), { isCausal })),
    );
  }
});

Deno.test("selfAttention() is multiHeadAttention() of the thirds of a projection, gradients of gradients included", () => {
  const projection =
    () => [ebb.randn([2, 5, 18], { requiresGrad: true }), ebb.randn([5, 5], { requiresGrad: true })];
  for (const isCausal of [false, true]) {
    expectSame(
      projection,
      (x, mask) => ebb.selfAttention(x, HEADS, { isCausal, mask }),
      (x, mask) => {
        const [q, k, v] = x.split(6, 2);
        return ebb.multiHeadAttention(q, k, v, HEADS, { isCausal, mask });
      },
    );
  }
  expectSame(
    () => projection().slice(0, 1),
    (x) => ebb.selfAttention(x, HEADS, { dropoutP: 1e-9 }),
    (x) => ebb.selfAttention(x, HEADS),
  );
});

Deno.test("scaledDotProductAttention() is the formula that it stands for, gradients of gradients included", () => {
  const formula = (q: ebb.Tensor, k: ebb.Tensor, v: ebb.Tensor, mask: ebb.Tensor) =>
    q.matmul(k.transpose()).mul(1 / Math.sqrt(3)).add(mask).softmax().matmul(v);
  expectSame(
    () =>
      [...make().map((x) => apart(x).detach()), ebb.randn([5, 7])].map((x) => {
        x.requiresGrad = true;
        return x;
      }),
    (q, k, v, mask) => ebb.scaledDotProductAttention(q, k, v, { mask }),
    formula,
    { slack: 8 },
  );
});

Deno.test("attention with dropped weights has gradients, and is plain where no weight is dropped", () => {
  const mask = ebb.tensor([[true, false, true, true, true, true, true]]);
  expectSame(
    make,
    (q, k, v) => ebb.multiHeadAttention(q, k, v, HEADS, { isCausal: true, mask, dropoutP: 1e-9 }),
    (q, k, v) => ebb.multiHeadAttention(q, k, v, HEADS, { isCausal: true, mask }),
  );
  mask.dispose();
});

Deno.test("a query that may look nowhere gets zeros, and gives gradients of zeros", () => {
  leakFree(() =>
    ebb.scope(() => {
      const q = ebb.randn([2, 3], { requiresGrad: true });
      const mask = ebb.tensor([[true, true], [false, false]]);
      const y = ebb.scaledDotProductAttention(q, q, q, { mask });
      y.backward(q.detach());
      const [first, second] = y.toArray() as number[][];
      assertEquals([first.includes(0), second], [false, [0, 0, 0]]);
      assertEquals((q.grad!.data() as Float32Array).some(Number.isNaN), false);
    })
  );
});

Deno.test("attention names shapes and types that do not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3, 4]);
      const attend = ebb.scaledDotProductAttention;
      assertThrows(
        () => attend(x, ebb.zeros([2, 3, 5]), x),
        RangeError,
        "found [2, 3, 4], [2, 3, 5], [2, 3, 4]",
      );
      assertThrows(() => attend(x, x, x.to("float64")), TypeError, "found float32, float32, float64");
      assertThrows(
        () => attend(x, x, x, { mask: ebb.zeros([4, 3]) }),
        RangeError,
        "[2, 3, 3] but found [4, 3]",
      );
      const mask = ebb.zeros([3, 3], { dtype: "int32" });
      assertThrows(() => attend(x, x, x, { mask }), TypeError, "a mask of bool or float32 but found int32");
      assertThrows(() => ebb.multiHeadAttention(x, x, x, 3), RangeError, "that 3 heads divide");
      assertThrows(() => ebb.selfAttention(x, 1), RangeError, "[B, T, 3·H·D] but found [2, 3, 4]");
    })
  );
});
