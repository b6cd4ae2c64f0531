import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { lastLinear } from "../../lib/backdoor/features.ts";
import { leakFree } from "../leak.ts";

const { penultimate } = ebb.backdoor;

Deno.test("penultimate() gives what the last linear layer is given, and the model's own scores", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = ebb.models.smallCnn({ classes: 10 });
      model.eval();
      const images = ebb.rand([3, 1, 28, 28]);
      const { features, scores } = penultimate(model, images);
      assertEquals(features.shape, [3, 32 * 7 * 7]);
      assertEquals(scores.toArray(), model.forward(images).toArray());
      const again = ebb.linear(features, model.fc.weight, model.fc.bias);
      assertEquals(ebb.allClose(again, scores), true);
    })
  ));

Deno.test("penultimate() leaves no hook behind", () => {
  using model = ebb.models.mlp({ sizes: [4, 8, 2] });
  ebb.scope(() => penultimate(model, ebb.ones([1, 4])));
  assertEquals(lastLinear("test", model).isPlain(ebb.nn.Linear), true);
});

Deno.test("gradients go from the features to the images, and from the scores to the features", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = new ebb.nn.Sequential(new ebb.nn.Linear(2, 2), new ebb.nn.Linear(2, 1));
      const x = ebb.tensor([[1, 2]], { requiresGrad: true });
      const { features, scores } = penultimate(model, x);
      const [slope] = ebb.grad([scores.sum()], [features], { retainGraph: true });
      assertEquals(slope!.toArray(), lastLinear("test", model).weight.toArray());
      const [image] = ebb.grad([features.sum()], [x]);
      const weight = (model.at(0) as ebb.nn.Linear).weight.toArray() as number[][];
      [0, 1].forEach((i) =>
        assertAlmostEquals(image!.data()[i] as number, weight[0][i] + weight[1][i], 1e-6)
      );
    })
  ));

Deno.test("without gradients nothing is recorded", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = ebb.models.mlp({ sizes: [4, 8, 2] });
      const { features } = ebb.noGrad(() => penultimate(model, ebb.ones([1, 4])));
      assertEquals(features.requiresGrad, false);
    })
  ));

Deno.test("penultimate() says what a model lacks", () => {
  assertThrows(
    () => penultimate(new ebb.nn.Identity(), ebb.ones([1, 4])),
    TypeError,
    "penultimate: expected a model with a linear layer but found Identity",
  );
  class Idle extends ebb.nn.Module {
    layer = new ebb.nn.Linear(2, 2);
    override forward(x: ebb.Tensor): ebb.Tensor {
      return ebb.mul(x, 2);
    }
  }
  using idle = new Idle();
  using x = ebb.ones([1, 2]);
  assertThrows(() => penultimate(idle, x), TypeError, "expected Idle to call its last linear layer");
});

Deno.test("a forward pass that fails leaves nothing", () =>
  leakFree(() => {
    using model = ebb.models.mlp({ sizes: [4, 8, 2] });
    using x = ebb.ones([1, 3]);
    assertThrows(() => penultimate(model, x), Error, "expected");
  }));
