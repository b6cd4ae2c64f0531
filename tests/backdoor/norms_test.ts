import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { normsOf, withBatchStatistics } from "../../lib/backdoor/norms.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

Deno.test("normsOf() finds the batch norms at any depth", () => {
  using network = ebb.models.preactResnet18({ width: 2 });
  assertEquals(normsOf(network).length, 17);
  assertEquals(normsOf(new ebb.nn.Identity()), []);
});

Deno.test("with the batch's statistics the running ones stay, also after an error", () =>
  leakFree(() =>
    ebb.scope(() => {
      using norm = new ebb.nn.BatchNorm2d(1);
      norm.eval();
      const images = ebb.tensor([[[[1, 3]]]]);
      const y = withBatchStatistics(norm, () => norm.forward(images));
      assertEquals(ebb.allClose(y, ebb.tensor([[[[-1, 1]]]]), { atol: 1e-4 }), true);
      assertThrows(() => withBatchStatistics(norm, () => norm.forward(ebb.ones([1]))), RangeError);
      assertEquals([norm.runningMean!.item(), norm.runningVar!.item(), norm.momentum], [0, 1, 0.1]);
      norm.train().forward(images);
      assertNotEquals(norm.runningMean!.item(), 0);
    })
  ));
