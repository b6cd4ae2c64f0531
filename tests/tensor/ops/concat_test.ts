import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("concat", (...tensors) => ebb.concat(tensors.slice(0, -1), tensors.at(-1).axis));
checkOp("stack", (...tensors) => ebb.stack(tensors.slice(0, -1), tensors.at(-1).axis));

Deno.test("concat() sends gradients only to those that want one", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.zeros([1, 2], { requiresGrad: true });
      const b = ebb.zeros([2, 2]);
      const y = ebb.concat([b, a]).mul(ebb.tensor([[1], [2], [3]])).sum();
      assertEquals(ebb.grad([y], [a])[0]!.toArray(), [[3, 3]]);
    })
  );
});

Deno.test("concat() and stack() name what does not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.zeros([2, 3]);
      assertThrows(() => ebb.concat([]), RangeError, "concat: expected at least one tensor but found none");
      assertThrows(
        () => ebb.concat([a, ebb.zeros([3, 2])]),
        RangeError,
        "concat: expected shapes that agree but for axis 0 but found [2, 3] and [3, 2]",
      );
      assertThrows(
        () => ebb.stack([a, ebb.zeros([2, 2])]),
        RangeError,
        "stack: expected tensors of one shape",
      );
      assertThrows(
        () => ebb.concat([a, ebb.zeros([2, 3], { dtype: "int32" })]),
        TypeError,
        "concat: expected tensors of one type but found float32 and int32",
      );
    })
  );
});
