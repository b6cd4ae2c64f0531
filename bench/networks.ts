/**
 * The training steps among the cases: forward, backward, update, and the loss read back.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Case } from "./case.ts";
import { labels, uniform } from "./values.ts";

/** What an optimizer does in a step. */
interface Steps extends Disposable {
  zeroGrad(): void;
  step(): void;
}

/** A training step of `parameters`; `data` are the other tensors that `loss` reads. */
function training(
  parameters: Iterable<ebb.Tensor>,
  data: ebb.Tensor[],
  optimizer: Steps,
  loss: () => ebb.Tensor,
): Case {
  const held = [...parameters, ...data];
  for (const tensor of held) ebb.keep(tensor);
  return {
    operations: 1,
    step: () =>
      ebb.scope(() => {
        optimizer.zeroGrad();
        const value = loss();
        value.backward();
        optimizer.step();
        return value.item();
      }),
    [Symbol.dispose]() {
      optimizer[Symbol.dispose]();
      for (const tensor of held) tensor.dispose();
    },
  };
}

/** A training step of a model by Adam. */
function withAdam(model: ebb.nn.Module, data: ebb.Tensor[], loss: () => ebb.Tensor): Case {
  const parameters = model.parameters();
  return training(parameters, data, new ebb.optim.Adam(parameters), loss);
}

/** Random numbers of shape `shape`. */
function random(seed: number, shape: number[], scale = 1): ebb.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return ebb.tensor(uniform(seed, size, scale), { shape });
}

/** A weight `[out, in]` of a layer, drawn as `[in, out]`. */
function weight(seed: number, inputs: number, outputs: number, scale: number): ebb.Tensor {
  const drawn = uniform(seed, inputs * outputs, scale);
  const turned = drawn.map((_, i) => drawn[i % inputs * outputs + Math.floor(i / inputs)]);
  return ebb.tensor(turned, { shape: [outputs, inputs] });
}

/** Gives a model the tensors drawn for it, and frees them. What is not named stays as the layers make it. */
function load(model: ebb.nn.Module, drawn: [string, ebb.Tensor][]): void {
  model.loadStateDict(Object.fromEntries(drawn), { strict: false });
  for (const [, tensor] of drawn) tensor.dispose();
}

function classes(n: number): ebb.Tensor {
  return ebb.tensor(labels(n), { shape: [n] });
}

/** Three layers, 784-256-128-10, batch 128. */
export function mlp(): Case {
  const sizes = [784, 256, 128, 10];
  const model = ebb.models.mlp({ sizes });
  load(
    model,
    [0, 1, 2].flatMap((k): [string, ebb.Tensor][] => [
      [`${2 * k + 1}.weight`, weight(20 + k, sizes[k], sizes[k + 1], Math.sqrt(6 / sizes[k]))],
      [`${2 * k + 1}.bias`, ebb.zeros([sizes[k + 1]])],
    ]),
  );
  const x = random(10, [128, 784]);
  const y = classes(128);
  return withAdam(model, [x, y], () => ebb.crossEntropy(model.forward(x), y));
}

/** Two convolutions, max-pooling and a layer, 28×28, batch 64. */
export function cnn(): Case {
  const { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } = ebb.nn;
  const model = new Sequential(
    new Conv2d(1, 16, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(16, 32, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(6272, 10),
  );
  load(model, [
    ["0.weight", random(31, [16, 1, 3, 3], Math.sqrt(6 / 9))],
    ["0.bias", ebb.zeros([16])],
    ["2.weight", random(32, [32, 16, 3, 3], Math.sqrt(6 / 144))],
    ["2.bias", ebb.zeros([32])],
    ["6.weight", weight(33, 6272, 10, Math.sqrt(6 / 6272))],
    ["6.bias", ebb.zeros([10])],
  ]);
  const x = random(30, [64, 1, 28, 28]);
  const y = classes(64);
  return withAdam(model, [x, y], () => ebb.crossEntropy(model.forward(x), y));
}

/** Two pre-norm transformer blocks of width 128 with 4 heads, over 8 sequences of 64, to a given target. */
export function transformer(): Case {
  const [batch, length, width] = [8, 64, 128];
  const block = () => new ebb.nn.TransformerBlock(width, 4, { activation: "relu", isCausal: true });
  const model = new ebb.nn.Sequential(block(), block());
  load(
    model,
    [0, 1].flatMap((layer): [string, ebb.Tensor][] => {
      const draw = (j: number, inputs: number, outputs: number) =>
        weight(50 + 10 * layer + j, inputs, outputs, 1 / Math.sqrt(inputs));
      // Query, key and value are one layer here, theirs one below the other.
      const parts = [0, 1, 2].map((j) => draw(j, width, width));
      const inProj = ebb.concat(parts);
      for (const part of parts) part.dispose();
      const drawn: [string, ebb.Tensor][] = [
        ["self_attn.in_proj_weight", inProj],
        ["self_attn.out_proj.weight", draw(3, width, width)],
        ["linear1.weight", draw(4, width, 4 * width)],
        ["linear2.weight", draw(5, 4 * width, width)],
        ["linear1.bias", ebb.zeros([4 * width])],
        ["linear2.bias", ebb.zeros([width])],
      ];
      return drawn.map(([name, tensor]) => [`${layer}.${name}`, tensor]);
    }),
  );
  const x = random(40, [batch, length, width]);
  const target = random(41, [batch, length, width]);
  return withAdam(model, [x, target], () => ebb.mseLoss(model.forward(x), target));
}

/** PreAct-ResNet18 of width 16, and 128 labelled images of [-1, 1], 32×32. */
function photographs(): { model: ebb.nn.Module; x: ebb.Tensor; y: ebb.Tensor } {
  const model = ebb.models.preactResnet18({ width: 16, classes: 10 });
  const byName = model.namedParameters().sort(([a], [b]) => a < b ? -1 : 1);
  const drawn = byName.flatMap(([name, { shape }], i): [string, ebb.Tensor][] => {
    if (shape.length === 1) return name === "fc.bias" ? [[name, ebb.zeros(shape)]] : [];
    const inputs = shape.slice(1).reduce((a, b) => a * b);
    return [[name, random(100 + i, [...shape], Math.sqrt(6 / inputs))]];
  });
  load(model, drawn);
  return { model, x: random(60, [128, 3, 32, 32]), y: classes(128) };
}

/** PreAct-ResNet18 of width 16, 32×32, batch 128, SGD with momentum. */
export function resnet(): Case {
  const { model, x, y } = photographs();
  const optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  return training(
    Object.values(model.stateDict()),
    [x, y],
    optimizer,
    () => ebb.crossEntropy(model.forward(x), y),
  );
}

/** Seven steps of projected gradient ascent on 128 images against the same network in evaluation mode. */
export function pgd(): Case {
  const { model, x, y } = photographs();
  model.eval();
  const images = ebb.scope(() => x.add(1).mul(0.5));
  x.dispose();
  const attack = () => ebb.backdoor.pgd(model, images, y, { epsilon: 6 / 255 });
  return {
    operations: 1,
    step: () => attack().dispose(),
    check: () => ebb.noGrad(() => ebb.scope(() => ebb.crossEntropy(model.forward(attack()), y).item())),
    [Symbol.dispose]() {
      for (const held of [model, images, y]) held.dispose();
    },
  };
}
