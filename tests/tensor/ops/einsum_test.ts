import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("einsum", (...operands) => ebb.einsum(operands.at(-1).equation, ...operands.slice(0, -1)));

Deno.test("einsum() broadcasts sizes of 1 and leading axes under ...", () => {
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.randn([2, 1, 3]);
      const b = ebb.randn([5, 3]);
      assertEquals(ebb.einsum("bij,jk->bik", a, b.transpose().matmul(b)).shape, [2, 1, 3]);
      const stretched = ebb.einsum("bij,ij->bi", a, b);
      assertEquals(stretched.allClose(a.mul(b).sum(-1), { atol: 1e-6 }), true);
      assertEquals(ebb.einsum("...i->...", a).shape, [2, 1]);
      assertEquals(ebb.einsum("...,...->...", a, b).shape, [2, 5, 3]);
    })
  );
});

Deno.test("einsum() leaves its operand alone where it changes nothing", () => {
  leakFree(() => {
    using x = ebb.randn([2, 3]);
    const y = ebb.einsum("ij->ij", x);
    y.dispose();
    assertEquals(x.disposed, false);
  });
});

Deno.test("einsum() names what does not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      const refused = (equation: string, sentence: string, ...rest: ebb.Tensor[]) =>
        assertThrows(() => ebb.einsum(equation, x, ...rest), RangeError, sentence);
      refused("ijk->i", 'a letter for each axis of [2, 3] but found "ijk"');
      refused("ij,jk->ik", "expected 1 operands but found 2 terms");
      refused("ij,ik->jk", 'one size for "i" but found 2 and 3', ebb.zeros([3, 2]));
      refused("ij->k", 'letters of an operand in the result but found "k"');
      refused("ij->ii", 'each letter once in the result but found "i"');
      refused("i1->i", "something else");
      refused("ii->i", 'one size for "i" but found 2 and 3');
      assertThrows(() => ebb.einsum("i", x.to("int32")), TypeError, "one floating type");
    })
  );
});
