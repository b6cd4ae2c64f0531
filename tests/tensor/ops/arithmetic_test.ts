import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { addOver } from "../../../lib/tensor/ops/arithmetic.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("add", (a, b) => ebb.add(a, b));
checkOp("sub", (a, b) => ebb.sub(a, b));
checkOp("mul", (a, b) => ebb.mul(a, b));
checkOp("div", (a, b) => ebb.div(a, b));
checkOp("neg", (x) => ebb.neg(x));

Deno.test("addOver() writes the sum over an operand that nobody else sees, with the gradients of add()", () =>
  leakFree(() =>
    ebb.scope(() => {
      const [a, b] = [ebb.tensor([1, 2], { requiresGrad: true }), ebb.tensor([3, 4], { requiresGrad: true })];
      const doubled = a.mul(2);
      const sum = addOver(doubled, b);
      assertStrictEquals(sum.storage, doubled.storage);
      const gradients = ebb.grad([sum.square().sum()], [a, b]);
      assertEquals(gradients.map((gradient) => gradient!.toArray()), [[20, 32], [10, 16]]);
      assertEquals(sum.toArray(), [5, 8]);
    })
  ));

Deno.test("addOver() makes a new tensor where the operand is a parameter, is kept, or was saved by the tape", () =>
  leakFree(() =>
    ebb.scope(() => {
      const a = ebb.tensor([1, 2], { requiresGrad: true });
      using kept = ebb.keep(a.mul(2));
      const saved = a.mul(2);
      const square = saved.square();
      for (const operand of [a, kept, saved]) {
        const before = operand.toArray();
        assertNotStrictEquals(addOver(operand, ebb.ones([2])).storage, operand.storage);
        assertEquals(operand.toArray(), before);
      }
      assertEquals(ebb.grad([square.sum()], [a])[0]!.toArray(), [8, 16]);
    })
  ));
