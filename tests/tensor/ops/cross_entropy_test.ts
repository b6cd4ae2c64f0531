import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("crossEntropy", (x, labels, weight, o) => ebb.crossEntropy(x, labels, { weight, ...o }));
checkOp("nllLoss", (x, labels, o) => ebb.nllLoss(x, labels, o));

const labels = (values: number[]) => ebb.tensor(values, { dtype: "int64" });

Deno.test("crossEntropy() is nllLoss() of logSoftmax(), gradients of gradients included", () => {
  for (const reduction of ["mean", "sum", "none"] as const) {
    for (const weighted of [false, true]) {
      const weight = weighted ? ebb.tensor([1, 0.5, 2]) : null;
      expectSame(
        () => [ebb.randn([4, 3], { requiresGrad: true }), labels([0, 2, -100, 1])],
        (x, y) => ebb.crossEntropy(x, y, { reduction, weight }).square(),
        (x, y) => ebb.nllLoss(x.logSoftmax(1), y, { reduction, weight }).square(),
      );
      weight?.dispose();
    }
  }
});

Deno.test("crossEntropy() with smoothing has gradients of gradients", () => {
  expectSame(
    () => [ebb.randn([2, 3], { requiresGrad: true }), labels([2, 0])],
    (x, y) => ebb.crossEntropy(x, y, { labelSmoothing: 0.3 }),
    (x, y) => {
      const p = x.logSoftmax(1);
      return ebb.nllLoss(p, y).mul(0.7).sub(p.sum().mul(0.3 / 6));
    },
  );
});

Deno.test("crossEntropy() of a row takes its one label", () => {
  leakFree(() =>
    ebb.scope(() => {
      const loss = ebb.crossEntropy(ebb.zeros([4]), ebb.tensor(1, { dtype: "int64" }));
      assertEquals([loss.shape, Math.round(Math.exp(loss.item()))], [[], 4]);
    })
  );
});

Deno.test("crossEntropy() names a label out of range and where it stands", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([3, 10]);
      const refused = (values: number[], sentence: string, dtype: ebb.DType = "int64") =>
        assertThrows(() => ebb.crossEntropy(x, ebb.tensor(values, { dtype })), RangeError, sentence);
      refused(
        [0, 10, 1],
        "expected labels from 0 to 9 (or -100, which is ignored) but found 10 at position 1",
      );
      refused([0, 1, -1], "found -1 at position 2");
      refused([7_000_000_000, 1, 1], "found 7000000000 at position 0");
      refused([0, 1, -1], "found -1 at position 2", "int32");
    })
  );
});

Deno.test("crossEntropy() refuses labels with fractions, labels of another shape, and the mean of no rows", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(
        () => ebb.crossEntropy(x, ebb.tensor([0, NaN])),
        TypeError,
        "labels of int64 (or int32) but found float32",
      );
      assertThrows(
        () => ebb.crossEntropy(x, labels([0])),
        RangeError,
        "expected labels [2] for scores [2, 3] but found [1]",
      );
      assertThrows(() => ebb.crossEntropy(ebb.zeros([0, 3]), labels([])), RangeError, "found scores [0, 3]");
      assertThrows(() => ebb.crossEntropy(x, labels([0, 1]), { labelSmoothing: 2 }), RangeError, "found 2");
      const weight = ebb.ones([2]);
      assertThrows(
        () => ebb.nllLoss(x, labels([0, 1]), { weight }),
        RangeError,
        "float32[3], but found float32[2]",
      );
    })
  );
});
