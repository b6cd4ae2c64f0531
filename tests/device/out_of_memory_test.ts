/**
 * A training step under every budget from far too small to enough: wherever memory runs out, the error says so, nothing
 * stays behind, and the same step then gives the same numbers.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";

/** A small network and one step's gradients; everything is on `device`. */
function makeStep(device: Device): { step: () => number[]; tensors: ebb.Tensor[] } {
  const generator = new ebb.Generator(3);
  const shapes = [[8, 16, 16, 16], [16, 16, 3, 3], [16], [16], [16 * 64, 10]];
  const made = ebb.scope(() =>
    shapes.map((shape, i) => ebb.randn(shape, { generator, device, requiresGrad: i > 0 }))
  );
  const [x, filters, scale, shift, weight] = made;
  const step = () =>
    ebb.scope(() => {
      const image = ebb.conv2d(x, filters, null, { padding: 1 });
      const normal = ebb.batchNorm(image, scale, shift, null, null, { training: true }).relu();
      const pooled = ebb.maxPool2d(normal, 2).reshape([8, 16 * 64]);
      pooled.matmul(weight).square().sum().backward();
      return made.slice(1).map((parameter) => {
        const gradient = parameter.grad!;
        parameter.grad = null;
        const sum = gradient.square().sum().item();
        gradient.dispose();
        return sum;
      });
    });
  return { step, tensors: made };
}

Deno.test("a step that runs out of memory anywhere leaves nothing, and goes through with more", () => {
  const free = ebb.cpu();
  const { step, tensors } = makeStep(free);
  const expected = step();
  const needed = free.memory().peakBytes;
  for (const tensor of tensors) tensor.dispose();

  let failures = 0;
  const tries = 40;
  for (let i = 1; i <= tries; i++) {
    const device = ebb.cpu({ budget: Math.ceil(needed * 1.1 * i / tries) });
    let made: ReturnType<typeof makeStep> | undefined;
    try {
      made = makeStep(device);
      assertEquals(made.step(), expected);
    } catch (error) {
      assert(error instanceof ebb.OutOfMemoryError, String(error));
      assert(/expected room for [\d.]+ \w+ within a budget of/.test(error.message), error.message);
      failures++;
    }
    assert(device.memory().peakBytes <= device.memory().budgetBytes);
    if (made === undefined) continue; // not even the network had room
    for (const tensor of made.tensors) tensor.dispose();
    const { storages, liveBytes } = device.memory();
    assertEquals([storages, liveBytes], [0, 0], `within a budget of ${device.memory().budgetBytes}`);
  }
  assert(failures > tries / 4 && failures < tries, `${failures} failures`);
});
