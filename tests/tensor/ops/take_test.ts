import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("indexSelect", (x, index, o) => ebb.indexSelect(x, o.axis, index));
checkOp("embedding", (ids, weight) => ebb.embedding(weight, ids));

const ids = (values: ebb.NestedArray) => ebb.tensor(values, { dtype: "int64" });

Deno.test("embedding() adds up the gradients of a row that is taken often, the same on every run", () => {
  leakFree(() =>
    ebb.scope(() => {
      const weight = ebb.randn([3, 64], { requiresGrad: true });
      const many = ebb.randint(0, 3, [20_000]);
      const slopes = ebb.randn([20_000, 64]);
      const run = () => ebb.grad([weight.embedding(many)], [weight], { gradOutputs: [slopes] })[0]!;
      const product = ebb.oneHot(many, 3, { dtype: "float32" }).transpose().matmul(slopes);
      const first = run();
      const error = first.sub(product).abs().max().item();
      if (!(error < 1e-3)) throw new Error(`expected the sums of rows but found them off by ${error}`);
      for (let i = 0; i < 20; i++) assertEquals(run().data(), first.data());
    })
  );
});

Deno.test("embedding() gives its padding row no gradient", () => {
  const places = ids([[0, 2], [2, 1]]);
  const mask = ebb.tensor([[1], [1], [0]]);
  expectSame(
    () => [ebb.randn([3, 4], { requiresGrad: true })],
    (weight) => weight.embedding(places, { paddingIdx: 2 }).square(),
    (weight) => {
      const kept = weight.mul(mask).add(weight.detach().mul(ebb.sub(1, mask)));
      return kept.embedding(places).square();
    },
  );
  places.dispose();
  mask.dispose();
});

Deno.test("indexSelect() and embedding() name what does not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const table = ebb.zeros([3, 4]);
      assertThrows(
        () => table.embedding(ids([1, 3])),
        RangeError,
        "ids from 0 to 2 but found 3 at position 1",
      );
      assertThrows(() => table.embedding(ids([-1])), RangeError, "found -1 at position 0");
      assertThrows(
        () => table.embedding(ebb.zeros([1])),
        TypeError,
        "ids of int64 (or int32) but found float32",
      );
      assertThrows(() => ebb.zeros([3]).embedding(ids([0])), RangeError, "a table [V, D] but found [3]");
      assertThrows(() => table.embedding(ids([0]), { paddingIdx: 3 }), RangeError, "found 3");
      assertThrows(() => table.indexSelect(1, ids([4])), RangeError, "indices from 0 to 3 but found 4");
      assertThrows(() => table.indexSelect(1, ids([[1]])), RangeError, "with one axis but found [1, 1]");
    })
  );
});
