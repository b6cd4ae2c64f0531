import { assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";
import { expectSame } from "../same.ts";

checkOp("gather", (x, index, o) => ebb.gather(x, o.axis, index));
checkOp("scatterAdd", (x, index, source, o) => ebb.scatterAdd(x, o.axis, index, source));

const index = (values: number[][]) => ebb.tensor(values, { dtype: "int64" });

Deno.test("scatterAdd() takes no more of a source than there are indices", () => {
  const make = () => [ebb.randn([3, 4], { requiresGrad: true }), ebb.randn([5, 4], { requiresGrad: true })];
  const places = index([[0, 2], [1, 1]]);
  expectSame(
    make,
    (x, source) => x.scatterAdd(1, places, source),
    (x, source) => x.scatterAdd(1, places, source.slice([0, 2], [0, 2])),
  );
  places.dispose();
});

Deno.test("gather() and scatterAdd() name what is out of range and where it stands", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([3, 4]);
      const sentence = "gather: expected indices from 0 to 3 but found";
      assertThrows(() => x.gather(1, index([[0, 4]])), RangeError, `${sentence} 4 at position 1`);
      assertThrows(() => x.gather(1, index([[-1, 0]])), RangeError, `${sentence} -1 at position 0`);
      const source = ebb.ones([1, 2]);
      assertThrows(() => x.scatterAdd(0, index([[0, 3]]), source), RangeError, "from 0 to 2 but found 3");
    })
  );
});

Deno.test("gather() and scatterAdd() name shapes and types that do not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([3, 4]);
      const place = index([[0]]);
      assertThrows(() => x.gather(0, ebb.zeros([1, 4])), TypeError, "of int64 (or int32) but found float32");
      assertThrows(
        () => x.gather(1, place.reshape([1])),
        RangeError,
        "or smaller, except along axis 1, but found [1]",
      );
      assertThrows(() => x.gather(2, place), RangeError, "gather: expected an axis from -2 to 1");
      const source = ebb.zeros([1, 1], { dtype: "float64" });
      assertThrows(() => x.scatterAdd(0, place, source), RangeError, "found float64[1, 1]");
    })
  );
});
