import { assertEquals, assertStrictEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { asBlocked, blockSize } from "../../lib/tensor/layout.ts";
import { leakFree } from "../leak.ts";

const C = blockSize();
const shape = [1, C, 2, 2];
const numbers = () => ebb.arange(0, 4 * C, 1, { dtype: "float32" }).reshape(shape);
const ignore = C === 1;

Deno.test({
  name: "a blocked tensor that is changed in place by a plain operand has the change in both layouts",
  ignore,
  fn: () =>
    leakFree(() =>
      ebb.scope(() => {
        const x = asBlocked(numbers());
        const bias = ebb.arange(0, C, 1, { dtype: "float32" }).reshape([C, 1, 1]);
        assertStrictEquals(x.add_(bias), x);
        const expected = numbers().add(bias).toArray();
        assertEquals(x.toArray(), expected);
        assertEquals(x.relu().toArray(), expected); // computed from the blocked contents
      })
    ),
});

Deno.test({
  name: "a plain tensor that is changed in place by a blocked operand stays plain",
  ignore,
  fn: () =>
    leakFree(() =>
      ebb.scope(() => {
        const x = numbers();
        assertStrictEquals(x.add_(asBlocked(numbers())), x);
        assertEquals(x.toArray(), numbers().mul(2).toArray());
        assertEquals(x.relu().toArray(), numbers().mul(2).toArray());
      })
    ),
});
