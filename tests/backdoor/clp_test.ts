import { assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { assertDefence, assertLooksAtClean, infectedDigits, valuesOf } from "./fixture.ts";

const { clp, defineAttack, evaluate } = ebb.backdoor;
const { BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Sequential } = ebb.nn;
const { assign } = ebb.nn.init;

/** Images `[channels, 2, 2]` of two classes, which are told apart by all pixels but the last. */
function images(channels = 1) {
  const image = (value: number) => Array.from({ length: channels }, () => [[value, value], [value, 0.2]]);
  using x = ebb.tensor(Array.from({ length: 20 }, (_, i) => image(0.3 + 0.4 * (i % 2))));
  using labels = ebb.tensor(Array.from({ length: 20 }, (_, i) => i % 2), { dtype: "int64" });
  return ebb.data.fromTensors([x, labels]);
}

/** Weights of sixteen channels, all alike but for one that is twenty times as large. */
function weights(shape: number[], axis: number, large: number): ebb.Tensor {
  return ebb.scope(() => {
    const sizes = ebb.tensor(Array.from({ length: 16 }, (_, i) => i === large ? 20 : 1));
    return ebb.ones(shape).mul(sizes.reshape(shape.map((_, i) => i === axis ? 16 : 1)));
  });
}

/** The channels of a batch norm whose weight and bias are 0. */
function cutOff(norm: ebb.nn.Module): number[] {
  const { weight, bias } = valuesOf(norm);
  return [...weight.keys()].filter((channel) => weight[channel] === 0 && bias[channel] === 0);
}

/** Batch norm of sixteen channels with biases, so that it shows when they are cut. */
function norm16() {
  const norm = new BatchNorm2d(16);
  assign(norm.bias!, ebb.full([16], -0.25));
  return norm;
}

Deno.test("clp() cuts off a channel with a filter that stands out, and a backdoor with it", () =>
  leakFree(async () => {
    const conv = new Conv2d(1, 16, 2, { bias: false });
    const filter = (i: number) => [[[i, i], [i, 0]]];
    const filters = Array.from({ length: 16 }, (_, i) => filter(i === 1 ? -1 : 1));
    filters[15] = [[[0, 0], [0, 40]]];
    assign(conv.weight, ebb.tensor(filters));
    const norm = new BatchNorm2d(16);
    assign(norm.runningMean!, ebb.tensor(filters.map((_, i) => i === 15 ? 9 : i === 1 ? -1.5 : 1.5)));
    const head = new Linear(16, 2, { bias: false });
    const row = (marks: Record<number, number>) => Array.from({ length: 16 }, (_, i) => marks[i] ?? 0);
    assign(head.weight, ebb.tensor([row({ 1: 1, 15: 1 }), row({ 0: 1 })]));
    using model = new Sequential(conv, norm, new ReLU(), new Flatten(), head).eval();
    const corner = defineAttack("corner", { target: 0 }, {
      trigger: (x) => ebb.maximum(x, ebb.tensor([[0, 0], [0, 1]])),
    });
    const data = images();
    using repaired = await clp(model, data);
    const [before, after] = await evaluate({ model, repaired }, data, corner);
    assertEquals([before.acc, before.asr, after.acc, after.asr], [1, 1, 1, 0]);
    assertEquals([cutOff(repaired.at(1)!), cutOff(norm)], [[15], []]);
  }));

Deno.test("behind a convolution its filters decide, and not the next one's", async () => {
  using model = new Sequential(
    new Conv2d(1, 16, 1),
    norm16(),
    new ReLU(),
    new Conv2d(16, 2, 1),
    new Flatten(),
    new Linear(8, 2),
  );
  assign((model.at(0) as ebb.nn.Conv2d).weight, weights([16, 1, 1, 1], 0, 7));
  assign((model.at(3) as ebb.nn.Conv2d).weight, weights([2, 16, 1, 1], 1, 3));
  using pruned = await clp(model, images());
  assertEquals(cutOff(pruned.at(1)!), [7]);
});

Deno.test("before convolutions alone the weights that read a channel decide, in groups too", async () => {
  for (const groups of [1, 2, 16]) {
    const conv = new Conv2d(16, 32, 1, { groups });
    const [outputs, inputs] = conv.weight.shape;
    const reads = (output: number, input: number) => Math.floor(output * groups / outputs) * inputs + input;
    const read = Array.from(
      { length: outputs },
      (_, output) => Array.from({ length: inputs }, (_, input) => [[reads(output, input) === 5 ? 20 : 1]]),
    );
    assign(conv.weight, ebb.tensor(read));
    using model = new Sequential(norm16(), new ReLU(), conv, new Flatten(), new Linear(128, 2));
    using pruned = await clp(model, images(16));
    assertEquals(cutOff(pruned.at(0)!), [5]);
  }
});

Deno.test("in a pre-activation network all batch norms are looked at but the last, which no convolution reads", async () => {
  using network = ebb.models.preactResnet18({ channels: 1, width: 2, classes: 2 });
  using pruned = await clp(network, images(), { u: -100 });
  assertEquals(cutOff(pruned.bn), []);
  assertEquals(pruned.layers.map(({ bn1, bn2 }) => [bn1, bn2].map((norm) => cutOff(norm).length)), [
    ...[2, 2, 4, 4, 8, 8, 16, 16].map((width, i) => [i > 0 && i % 2 === 0 ? width / 2 : width, width]),
  ]);
});

Deno.test("clp() keeps to what a defence is", () =>
  assertDefence((model, clean) => clp(model, clean, { u: 1 })));

Deno.test("clp() says what will not do", async () => {
  await assertLooksAtClean((model, clean) => clp(model, clean));
  const { model, clean } = await infectedDigits();
  await assertRejects(
    () => clp(model, clean, { u: NaN }),
    RangeError,
    "clp: expected u to be a number but found NaN",
  );
  using plain = ebb.models.mlp({ sizes: [784, 10] });
  await assertRejects(
    () => clp(plain, clean),
    TypeError,
    "clp: expected a model with batch norm behind or before a convolution but found Sequential without",
  );
});
