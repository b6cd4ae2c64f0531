import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { TriggerNet } from "../../../lib/backdoor/attacks/trigger_net.ts";
import { leakFree } from "../../leak.ts";

Deno.test("TriggerNet makes values of [0, 1] for images of many sizes, odd ones too", () =>
  leakFree(() => {
    for (
      const [channels, outputs, height, width] of [[1, 1, 28, 28], [3, 3, 32, 32], [3, 1, 13, 22], [
        2,
        2,
        8,
        9,
      ]]
    ) {
      using net = new TriggerNet(channels, outputs);
      ebb.scope(() => {
        const made = net.forward(ebb.rand([2, channels, height, width]));
        assertEquals(made.shape, [2, outputs, height, width]);
        assert(made.min().item() >= 0 && made.max().item() <= 1);
      });
    }
  }));

Deno.test("it has the authors' sizes: two stages from 16 channels for digits, three from 32 in colour", () => {
  using grey = new TriggerNet(1, 1);
  using colour = new TriggerNet(3, 1);
  const widths = (net: TriggerNet) =>
    net.modules().filter((module) => module instanceof ebb.nn.Conv2d).map(({ weight }) => weight.shape[0]);
  assertEquals(widths(grey), [16, 16, 32, 32, 32, 32, 16, 16, 1]);
  assertEquals(widths(colour), [32, 32, 64, 64, 128, 128, 128, 128, 64, 64, 32, 32, 1]);
});
