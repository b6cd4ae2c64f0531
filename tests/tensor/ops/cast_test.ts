import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { presentDevices } from "../devices.ts";

Deno.test("to() goes between all types", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (const from of ebb.DTYPES) {
        for (const to of ebb.DTYPES) {
          const x = ebb.tensor([0, 1, 2], { dtype: from }).to(to);
          assertEquals(x.dtype, to);
          const expected = from === "bool" ? [0, 1, 1] : [0, 1, 2];
          assertEquals(x.toArray(), to === "bool" ? [false, true, true] : expected, `${from} to ${to}`);
        }
      }
    })
  );
});

Deno.test("to() sends the gradient back in the operand's type", () => {
  leakFree(() => {
    using x = ebb.tensor([1, 2], { dtype: "float64", requiresGrad: true });
    ebb.scope(() => x.to("float16").to("float32").mul(3).sum().backward());
    assertEquals([x.grad?.dtype, x.grad?.toArray()], ["float64", [3, 3]]);
    ebb.scope(() => assertEquals(x.to("int64").requiresGrad, false));
  });
});

Deno.test("to() gives a view of what is there already, on the tape", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2], { requiresGrad: true });
      const same = x.to("float32").to(x.device);
      assertStrictEquals(same.storage, x.storage);
      assertEquals(same.requiresGrad, true);
    })
  );
});

function moves(other: ebb.Device): void {
  leakFree(
    () => {
      using x = ebb.tensor([[1, 2], [3, 4]], { requiresGrad: true });
      ebb.scope(() => {
        const there = x.slice([1]).to(other);
        assertStrictEquals(there.device, other);
        assertEquals(there.toArray(), [[3, 4]]);
        there.square().sum().backward();
      });
      assertStrictEquals(x.grad?.device, ebb.defaultDevice());
      assertEquals(x.grad?.toArray(), [[0, 0], [6, 8]]);
    },
    ebb.defaultDevice(),
    other,
  );
}

for (const { kind, open } of presentDevices()) {
  Deno.test(`to() moves to another device (${kind}), and the gradient back`, () => moves(open()));
}

Deno.test("to() leaves nothing behind where there is no room", () => {
  const small = ebb.cpu({ budget: 64 });
  leakFree(
    () =>
      ebb.scope(() => {
        assertThrows(() => ebb.zeros([100]).to(small), ebb.OutOfMemoryError);
      }),
    ebb.defaultDevice(),
    small,
  );
});

Deno.test("to() refuses what is neither a type nor a device", () => {
  leakFree(() =>
    ebb.scope(() => {
      assertThrows(
        () => ebb.zeros([1]).to("float8" as "float32"),
        TypeError,
        "to: expected a device or one of",
      );
    })
  );
});
