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

/** Random numbers of shape `shape`. */
function random(seed: number, shape: number[], scale = 1, requiresGrad = false): ebb.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return ebb.tensor(uniform(seed, size, scale), { shape, requiresGrad });
}

function parameter(seed: number, shape: number[], scale: number): ebb.Tensor {
  return random(seed, shape, scale, true);
}

/** A weight `[out, in]` of a layer, drawn as `[in, out]`. */
function weight(seed: number, inputs: number, outputs: number, scale: number): ebb.Tensor {
  const drawn = uniform(seed, inputs * outputs, scale);
  const turned = drawn.map((_, i) => drawn[i % inputs * outputs + Math.floor(i / inputs)]);
  return ebb.tensor(turned, { shape: [outputs, inputs], requiresGrad: true });
}

function constant(value: number, shape: number[]): ebb.Tensor {
  return ebb.full(shape, value, { requiresGrad: true });
}

function classes(n: number): ebb.Tensor {
  return ebb.tensor(labels(n), { shape: [n] });
}

/** Three layers, 784-256-128-10, batch 128. */
export function mlp(): Case {
  const sizes = [784, 256, 128, 10];
  const layers = [0, 1, 2].map((k) => ({
    w: weight(20 + k, sizes[k], sizes[k + 1], Math.sqrt(6 / sizes[k])),
    b: constant(0, [sizes[k + 1]]),
  }));
  const parameters = layers.flatMap(({ w, b }) => [w, b]);
  const x = random(10, [128, 784]);
  const y = classes(128);
  return training(parameters, [x, y], new ebb.optim.Adam(parameters), () => {
    const hidden = layers.slice(0, 2).reduce((h, { w, b }) => ebb.linear(h, w, b, { activation: "relu" }), x);
    return ebb.crossEntropy(ebb.linear(hidden, layers[2].w, layers[2].b), y);
  });
}

/** Two convolutions, max-pooling and a layer, 28×28, batch 64. */
export function cnn(): Case {
  const w1 = parameter(31, [16, 1, 3, 3], Math.sqrt(6 / 9));
  const w2 = parameter(32, [32, 16, 3, 3], Math.sqrt(6 / 144));
  const w3 = weight(33, 6272, 10, Math.sqrt(6 / 6272));
  const [b1, b2, b3] = [16, 32, 10].map((size) => constant(0, [size]));
  const parameters = [w1, b1, w2, b2, w3, b3];
  const x = random(30, [64, 1, 28, 28]);
  const y = classes(64);
  return training(parameters, [x, y], new ebb.optim.Adam(parameters), () => {
    const options = { padding: 1, activation: "relu" } as const;
    const h = ebb.conv2d(ebb.conv2d(x, w1, b1, options), w2, b2, options);
    return ebb.crossEntropy(ebb.linear(ebb.maxPool2d(h, 2).flatten(1), w3, b3), y);
  });
}

/** Two pre-norm transformer blocks of width 128 with 4 heads, over 8 sequences of 64, to a given target. */
export function transformer(): Case {
  const [batch, length, width] = [8, 64, 128];
  const sizes = [...Array(4).fill([width, width]), [width, 4 * width], [4 * width, width]];
  const blocks = [0, 1].map((layer) => ({
    w: sizes.map(([i, o], j) => weight(50 + 10 * layer + j, i, o, 1 / Math.sqrt(i))),
    b: sizes.map(([, o]) => constant(0, [o])),
    gamma: [0, 1].map(() => constant(1, [width])),
    beta: [0, 1].map(() => constant(0, [width])),
  }));
  const block = (x: ebb.Tensor, { w, b, gamma, beta }: typeof blocks[number]) => {
    const a = ebb.layerNorm(x, width, gamma[0], beta[0]);
    const [q, k, v] = [0, 1, 2].map((j) => ebb.linear(a, w[j], b[j]));
    const seen = ebb.multiHeadAttention(q, k, v, 4, { isCausal: true });
    const h = x.add(ebb.linear(seen, w[3], b[3]));
    const inner = ebb.linear(ebb.layerNorm(h, width, gamma[1], beta[1]), w[4], b[4], { activation: "relu" });
    return h.add(ebb.linear(inner, w[5], b[5]));
  };
  const x = random(40, [batch, length, width]);
  const target = random(41, [batch, length, width]);
  const parameters = blocks.flatMap(({ w, b, gamma, beta }) => [...w, ...b, ...gamma, ...beta]);
  return training(
    parameters,
    [x, target],
    new ebb.optim.Adam(parameters),
    () => ebb.mseLoss(blocks.reduce(block, x), target),
  );
}

/** PreAct-ResNet18 of width 16, 32×32, batch 128, SGD with momentum. */
export function resnet(): Case {
  const model = ebb.models.preactResnet18({ width: 16, classes: 10 });
  const byName = model.namedParameters().sort(([a], [b]) => a < b ? -1 : 1);
  const drawn = byName.flatMap(([name, { shape }], i): [string, ebb.Tensor][] => {
    if (shape.length === 1) return name === "fc.bias" ? [[name, ebb.zeros(shape)]] : [];
    const inputs = shape.slice(1).reduce((a, b) => a * b);
    return [[name, random(100 + i, [...shape], Math.sqrt(6 / inputs))]];
  });
  model.loadStateDict(Object.fromEntries(drawn), { strict: false });
  for (const [, tensor] of drawn) tensor.dispose();
  const x = random(60, [128, 3, 32, 32]);
  const y = classes(128);
  const optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  return training(
    Object.values(model.stateDict()),
    [x, y],
    optimizer,
    () => ebb.crossEntropy(model.forward(x), y),
  );
}
