import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";

Deno.test("clone() has elements of its own and passes gradients on", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { requiresGrad: true });
      const y = x.clone();
      assertNotStrictEquals(y.storage, x.storage);
      assertEquals(ebb.grad([y.mul(2).sum()], [x])[0]!.toArray(), [2, 2]);
    })
  );
});

Deno.test("detach() shares elements and takes no gradients", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { requiresGrad: true });
      assertStrictEquals(x.detach().storage, x.storage);
      assertEquals(x.detach().requiresGrad, false);
    })
  );
});

Deno.test("copy_() broadcasts and casts into the tensor's own elements", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ebb.DTYPES) {
        const x = ebb.zeros([2, 2], { dtype });
        const view = x.slice([1]);
        assertStrictEquals(x.copy_(ebb.tensor([0, 1], { dtype: "int64" })), x);
        assertEquals(view.to("int32").toArray(), [[0, 1]], dtype);
        x.copy_(ebb.ones([2, 2], { dtype }));
        assertEquals(x.to("int32").toArray(), [[1, 1], [1, 1]], dtype);
      }
      assertThrows(
        () => ebb.zeros([2]).copy_(ebb.zeros([2, 2])),
        RangeError,
        "copy_: expected a shape that broadcasts to [2] but found [2, 2]",
      );
    })
  );
});

Deno.test("fill_() and zero_() set every element", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const dtype of ebb.DTYPES) {
        const x = ebb.zeros([2, 2], { dtype });
        assertEquals(x.slice([1]).fill_(1).to("int32").toArray(), [[1, 1]], dtype);
        assertEquals(x.to("int32").toArray(), [[0, 0], [1, 1]], dtype);
        assertEquals(x.zero_().to("int32").toArray(), [[0, 0], [0, 0]], dtype);
      }
      assertThrows(
        () => ebb.zeros([1], { dtype: "uint8" }).fill_(0.5),
        RangeError,
        "fill_: expected a whole number beside uint8 but found 0.5",
      );
    })
  );
});

Deno.test("backward notices that a saved tensor was overwritten through a view", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { requiresGrad: true });
      const y = x.exp();
      ebb.noGrad(() => y.detach().slice([0, 1]).zero_());
      assertThrows(() => y.sum().backward(), Error, "changed in place since");
    })
  );
});
