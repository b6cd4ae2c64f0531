import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { infectedDigits, valuesOf } from "../fixture.ts";

const { trojanNN, penultimate } = ebb.backdoor;
const SHAPE = [1, 28, 28];
const quick = { shape: SHAPE, steps: 60, progress: false } as const;

/** The trigger on black. */
function onBlack(attack: ebb.backdoor.Attack, shape: readonly number[] = SHAPE): number[] {
  using black = ebb.zeros([1, ...shape]);
  using triggered = attack.trigger(black);
  return Array.from(triggered.data() as Float32Array);
}

Deno.test("the trigger makes neurons fire that random ones in its place do not", async () => {
  const { model } = await infectedDigits();
  const before = valuesOf(model);
  await leakFree(async () => {
    const attack = await trojanNN(model, quick);
    ebb.scope(() => {
      const black = ebb.zeros([1, ...SHAPE]);
      const trigger = attack.trigger(black);
      const inside = attack.trigger(ebb.ones([1, ...SHAPE])).eq(trigger); // where no image shows
      const random = ebb.rand([64, ...SHAPE]).mul(inside.to("float32"));
      const features = (images: ebb.Tensor) => ebb.noGrad(() => penultimate(model, images).features);
      // How far the neuron that fires most is above the best of 64 random triggers.
      const best = features(random).max(0);
      const ahead = features(trigger).sub(best).max().item();
      assert(ahead > 0.2, `${ahead}`);
    });
  });
  assertEquals([valuesOf(model), model.training], [before, false]);
});

Deno.test("the trigger is a badge at the lower right, in every image the same, and nothing else changes", async () => {
  const { model } = await infectedDigits();
  const attack = await trojanNN(model, { ...quick, steps: 1 });
  leakFree(() => {
    using images = ebb.full([2, ...SHAPE], 0.5);
    using triggered = attack.trigger(images);
    const values = triggered.data() as Float32Array;
    assertEquals(values.slice(0, 784), values.slice(784));
    const changed = [...values.slice(0, 784).keys()].filter((i) => values[i] !== 0.5);
    assert(Math.abs(changed.length / 784 - 0.07) < 0.01, `${changed.length} pixels`);
    assert(changed.every((i) => i % 28 >= 19 && i / 28 >= 19 && i % 28 < 27 && i / 28 < 27));
  });
});

Deno.test("a mask of one's own says where it is, and the seed which trigger it is", async () => {
  using model = ebb.models.preactResnet18({ width: 4 });
  const shape = [3, 8, 10];
  using mask = ebb.scope(() => ebb.arange(80).reshape([8, 10]).lt(20)); // two rows of ten
  await leakFree(async () => {
    const make = (seed: number) => trojanNN(model, { shape, mask, seed, steps: 2, progress: false });
    const [one, same, other] = [await make(1), await make(1), await make(2)].map((attack) =>
      onBlack(attack, shape)
    );
    assertEquals(one, same);
    assertNotEquals(one, other);
    one.forEach((value, i) => assert(i % 80 < 20 || value === 0));
  });
  assertEquals(model.training, true);
});

Deno.test("trojanNN() tells how far it is", async () => {
  const { model } = await infectedDigits();
  const seen: string[] = [];
  await trojanNN(model, {
    shape: SHAPE,
    steps: 50,
    progress: ({ done, total }) => void seen.push(`${done}/${total}`),
  });
  assertEquals(seen, ["1/3", "2/3", "3/3"]);
});

Deno.test("trojanNN() refuses what does not fit, before the work", async () => {
  const { model } = await infectedDigits();
  const refuses = (options: Partial<ebb.backdoor.TrojanNNOptions>, sentence: string) =>
    assertRejects(() => trojanNN(model, { ...quick, ...options }), RangeError, sentence);
  await refuses({ neurons: 0 }, "trojanNN: expected neurons to be a whole number above 0 but found 0");
  await refuses({ steps: 1.5 }, "trojanNN: expected steps to be a whole number above 0 but found 1.5");
  await refuses({ shape: [28, 28] }, "trojanNN: expected the images' shape [C, H, W] but found [28, 28]");
  await refuses({ rate: 2 }, "trojanNN: expected a rate above 0 and of at most 1 but found 2");
  using nowhere = ebb.zeros([28, 28]);
  await refuses({ mask: nowhere }, "trojanNN: expected a mask [28, 28] of 0 and 1 but found");
  using small = ebb.ones([4, 4]);
  await refuses({ mask: small }, "trojanNN: expected a mask [28, 28] of 0 and 1 but found");
  await refuses({ neurons: 1500 }, "trojanNN: expected 1500 neurons that the trigger reaches but found");
  await assertRejects(
    () => trojanNN(new ebb.nn.Identity(), quick),
    TypeError,
    "expected a model with a linear layer but found Identity",
  );
});

Deno.test("the trigger is of one size", async () => {
  const { model } = await infectedDigits();
  const attack = await trojanNN(model, { ...quick, steps: 1 });
  using images = ebb.zeros([1, 3, 32, 32]);
  assertThrows(
    () => attack.trigger(images),
    RangeError,
    "trojanNN: expected images [1, 28, 28], as the trigger was made for, but found [3, 32, 32]",
  );
});
