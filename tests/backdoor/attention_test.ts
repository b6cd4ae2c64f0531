import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { attention, observe, stagesOf } from "../../lib/backdoor/attention.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } = ebb.nn;

Deno.test("the stages of a plain network are its last convolutions of each size", () =>
  leakFree(() => {
    using small = ebb.models.smallCnn({ classes: 10 });
    assertEquals(stagesOf(small, [1, 28, 28]), ["c1", "c2"]);
    const features = new Sequential(
      new Conv2d(1, 2, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(2, 2, 3, { padding: 1 }),
      new MaxPool2d(2),
      new Conv2d(2, 2, 3, { padding: 1 }),
    );
    using deep = new Sequential(features, new Flatten(), new Linear(8, 2));
    assertEquals(stagesOf(deep, [1, 4, 4]), ["0.2", "0.4"]);
    assertEquals(deep.training, true);
  }));

Deno.test("the stages of a residual network are its last blocks of each size", () => {
  using network = ebb.models.preactResnet18({ width: 2 });
  assertEquals(stagesOf(network, [3, 32, 32]), ["layers.1", "layers.3", "layers.5", "layers.7"]);
});

Deno.test("a network without convolutions has no stages, and nad() says so", async () => {
  using model = ebb.models.mlp({ sizes: [4, 2] });
  assertEquals(stagesOf(model, [1, 2, 2]), []);
  using images = ebb.rand([4, 1, 2, 2]);
  using labels = ebb.tensor([0, 1, 0, 1], { dtype: "int64" });
  await assertRejects(
    () => ebb.backdoor.nad(model, ebb.data.fromTensors([images, labels]), { batchSize: 2 }),
    TypeError,
    "nad: expected a model with convolutions but found Sequential",
  );
});

/** A network whose convolutions pass on one channel twice and three times as large. */
function copying(): ebb.nn.Module {
  const conv = new Conv2d(1, 2, 1, { bias: false });
  ebb.nn.init.assign(conv.weight, ebb.tensor([[[[2]]], [[[-3]]]]));
  return new Sequential(conv, new Flatten(), new Linear(8, 3));
}

Deno.test("attention is the sum of squares over channels with norm 1, and the scores are the model's own", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = copying();
      const images = ebb.tensor([[[[1, 2], [0, -1]]]]);
      const { scores, outputs: [output] } = observe("test", model, ["0"], images);
      const map = attention(output, 2);
      assertEquals(scores.toArray(), model.forward(images).toArray());
      assertEquals(map.shape, [1, 2, 2]);
      // 13 · [1, 4, 0, 1], divided by its length.
      [1, 4, 0, 1].forEach((value, i) =>
        assertAlmostEquals(map.data()[i] as number, value / Math.sqrt(18), 1e-6)
      );
    })
  ));

Deno.test("gradients go from the maps to the weights", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = copying();
      const { outputs: [output] } = observe("test", model, ["0"], ebb.tensor([[[[1, 2], [0, -1]]]]));
      const map = attention(output, 2);
      map.square().mul(ebb.tensor([1, 2])).sum().backward();
      const [weight, scores] = [model.parameters()[0], model.parameters()[1]];
      // Scaling all weights changes nothing, so that the slope along the weights is 0.
      assertAlmostEquals(ebb.noGrad(() => weight.grad!.mul(weight).sum().item()), 0, 1e-5);
      assertEquals(scores.grad, null);
    })
  ));

Deno.test("observe() says which layer will not do, and leaves neither a tensor nor a hook behind", () =>
  leakFree(() =>
    ebb.scope(() => {
      using model = copying();
      const images = ebb.ones([1, 1, 2, 2]);
      assertThrows(
        () => observe("nad", model, ["conv"], images),
        TypeError,
        "nad: expected layers to be among 0, 1, 2 but found conv",
      );
      assertThrows(
        () => observe("nad", model, ["0", "2"], images),
        TypeError,
        "nad: expected images [N, C, H, W] from layer 2 but found [1, 3]",
      );
      class Idle extends ebb.nn.Module {
        readonly body = copying();
        readonly spare = new Conv2d(1, 1, 1);
        override forward(x: ebb.Tensor): ebb.Tensor {
          return this.body.forward(x);
        }
      }
      using idle = new Idle();
      assertThrows(
        () => observe("nad", idle, ["body.0", "spare"], images),
        TypeError,
        "nad: expected layer spare to be called but it was not",
      );
      assertEquals(model.children()[0].isPlain(Conv2d), true);
    })
  ));
