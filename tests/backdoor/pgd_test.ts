import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits, valuesOf } from "./fixture.ts";

const { fgsm, pgd } = ebb.backdoor;

/** A trained model and a batch of digits. */
async function attacked(
  fn: (model: ebb.nn.Module, images: ebb.Tensor, labels: ebb.Tensor) => void,
): Promise<void> {
  const { model, test } = await infectedDigits();
  leakFree(() =>
    ebb.scope(() => {
      const [images, labels] = test.gather(Uint32Array.from({ length: 32 }, (_, row) => row));
      fn(
        model,
        ebb.tensor(images.data as Float32Array<ArrayBuffer>, { shape: [...images.shape] }),
        ebb.tensor(labels.data as BigInt64Array<ArrayBuffer>, { shape: [...labels.shape], dtype: "int64" }),
      );
    })
  );
}

/** The largest of the differences, the lowest and the highest value. */
function reach(changed: ebb.Tensor, images: ebb.Tensor): number[] {
  return [changed.sub(images).abs().max(), changed.min(), changed.max()].map((value) => value.item());
}

function loss(model: ebb.nn.Module, images: ebb.Tensor, labels: ebb.Tensor): number {
  return ebb.noGrad(() => ebb.crossEntropy(model.forward(images), labels)).item();
}

Deno.test("pgd() stays within ε and in [0, 1], and uses all of it", () =>
  attacked((model, images, labels) => {
    for (const randomStart of [false, true]) {
      const [most, low, high] = reach(pgd(model, images, labels, { epsilon: 0.1, randomStart }), images);
      assertAlmostEquals(most, 0.1, 1e-6);
      assertEquals([low >= 0, high <= 1], [true, true]);
    }
  }));

Deno.test("pgd() without clipping leaves [0, 1]", () =>
  attacked((model, images, labels) => {
    const [most, low, high] = reach(pgd(model, images, labels, { epsilon: 0.1, clip: false }), images);
    assertAlmostEquals(most, 0.1, 1e-6);
    assert(low < -0.05 && high > 1.05, `${low} to ${high}`);
  }));

Deno.test("pgd() raises the loss, more steps and a larger ε more", () =>
  attacked((model, images, labels) => {
    const at = (epsilon: number, steps: number) =>
      loss(model, pgd(model, images, labels, { epsilon, steps }), labels);
    const clean = loss(model, images, labels);
    const found = [clean, at(0.05, 1), at(0.05, 7), at(0.1, 7)];
    assertEquals(found, [...found].sort((a, b) => a - b));
    assert(found[3] > clean + 1, `${found}`);
  }));

Deno.test("pgd() with targeted goes towards the labels", () =>
  attacked((model, images, labels) => {
    const wanted = ebb.full(labels.shape, 3, { dtype: "int64" });
    const reached = pgd(model, images, wanted, { epsilon: 0.2, targeted: true, steps: 20 });
    const before = loss(model, images, wanted);
    assert(loss(model, reached, wanted) < before / 2, `${before}`);
    const taken = ebb.argmax(model.forward(reached), 1).data();
    assert(taken.filter((label) => Number(label) === 3).length > 16, `${taken}`);
  }));

Deno.test("pgd() takes the steps that it is told to", () =>
  attacked((model, images, labels) => {
    const [one] = reach(pgd(model, images, labels, { epsilon: 0.1, steps: 1, stepSize: 0.03 }), images);
    assertAlmostEquals(one, 0.03, 1e-6);
    const [usual] = reach(pgd(model, images, labels, { epsilon: 0.1, steps: 1 }), images);
    assertAlmostEquals(usual, 0.02, 1e-6);
  }));

Deno.test("fgsm() is one step of ε along the gradient's sign", () =>
  attacked((model, images, labels) => {
    const changed = fgsm(model, images, labels, { epsilon: 0.1, clip: false });
    const x = images.detach();
    x.requiresGrad = true;
    const [slope] = ebb.grad([ebb.crossEntropy(model.forward(x), labels)], [x]);
    const expected = ebb.add(images, ebb.mul(ebb.sign(slope!), 0.1));
    assert(ebb.allClose(changed, expected));
  }));

Deno.test("random starts follow their generator", () =>
  attacked((model, images, labels) => {
    const from = (seed: number) =>
      pgd(model, images, labels, { epsilon: 0.1, randomStart: true, generator: new ebb.Generator(seed) })
        .toArray();
    assertEquals(from(1), from(1));
    assertNotEquals(from(1), from(2));
  }));

Deno.test("pgd() leaves parameters, gradients, running statistics and modes as they were", () =>
  attacked((model, images, labels) => {
    const before = valuesOf(model);
    const modules = model.modules();
    modules.forEach((module, i) => module.training = i % 2 === 0);
    const modes = modules.map(({ training }) => training);
    try {
      for (const batchNorm of ["running", "batch"] as const) {
        pgd(model, images, labels, { epsilon: 0.1, batchNorm });
        assertEquals(modules.map(({ training }) => training), modes);
      }
    } finally {
      model.eval();
    }
    assertEquals(valuesOf(model), before);
    assertEquals(model.parameters().filter(({ grad }) => grad !== null), []);
    assertEquals(images.requiresGrad, false);
  }));

Deno.test("pgd() takes the batch's statistics where it is told to", () =>
  attacked((model, images, labels) => {
    const [running, batch] = (["running", "batch"] as const).map((batchNorm) =>
      pgd(model, images, labels, { epsilon: 0.1, batchNorm }).toArray()
    );
    assertNotEquals(running, batch);
  }));

Deno.test("pgd() works where gradients are off", () =>
  attacked((model, images, labels) => {
    const off = ebb.noGrad(() => pgd(model, images, labels, { epsilon: 0.1 }));
    assertEquals(off.toArray(), pgd(model, images, labels, { epsilon: 0.1 }).toArray());
    assertEquals(off.requiresGrad, false);
  }));

Deno.test("pgd() says what it was given in place of images and steps", () =>
  attacked((model, images, labels) => {
    const say = (options: ebb.backdoor.PgdOptions, sentence: string) =>
      assertThrows(() => pgd(model, images, labels, options), RangeError, sentence);
    say(
      { epsilon: -1 },
      "pgd: expected epsilon and stepSize to be numbers of at least 0 but found -1 and -0.2",
    );
    say({ epsilon: NaN }, "pgd: expected epsilon and stepSize");
    say({ epsilon: 0.1, steps: 0 }, "pgd: expected steps to be a whole number above 0 but found 0");
    say({ epsilon: 0.1, steps: 1.5 }, "pgd: expected steps to be a whole number above 0 but found 1.5");
    assertThrows(
      () => pgd(model, ebb.reshape(images, [-1, 784]), labels, { epsilon: 0.1 }),
      TypeError,
      "pgd: expected float32 images [N, C, H, W] but found float32[32, 784]",
    );
  }));
