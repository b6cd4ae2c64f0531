/**
 * Trainings that need much memory, as they are or with parts that are computed again.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { uniform } from "../values.ts";

/** How much of a model is computed again in the backward pass: nothing, each block, or halves and in them each block. */
export type Checkpoints = "none" | "blocks" | "nested";

/** A training on the device that is the default when it is made. */
export interface Training extends Disposable {
  /** One step; the loss. */
  step(): number;
}

/** Trainings by name. */
export const CASES: Record<string, (checkpoints: Checkpoints) => Training> = { gpt, resnet, mlp };

function training(
  model: ebb.nn.Module,
  optimizer: ebb.optim.Optimizer<ebb.optim.CommonOptions>,
  x: ebb.Tensor,
  y: ebb.Tensor,
  forward: (x: ebb.Tensor) => ebb.Tensor = (x) => model.forward(x),
): Training {
  return {
    step: () =>
      ebb.scope(() => {
        const loss = ebb.crossEntropy(forward(x), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item();
      }),
    [Symbol.dispose]() {
      for (const part of [optimizer, model, x, y]) part[Symbol.dispose]();
    },
  };
}

/** `x` through blocks, one after the other. */
function through(blocks: readonly ebb.nn.Module[], x: ebb.Tensor, checkpoints: Checkpoints): ebb.Tensor {
  if (checkpoints === "nested") {
    const half = Math.ceil(blocks.length / 2);
    return [blocks.slice(0, half), blocks.slice(half)].reduce(
      (x, some) => ebb.checkpoint((x) => through(some, x, "blocks"), x),
      x,
    );
  }
  const call = (block: ebb.nn.Module, x: ebb.Tensor) =>
    checkpoints === "none" ? block.forward(x) : ebb.checkpoint((x) => block.forward(x), x);
  return blocks.reduce((x, block) => call(block, x), x);
}

/** A GPT of 1.2 million parameters, 16 texts of 128 characters, AdamW. */
function gpt(checkpoints: Checkpoints): Training {
  const model = ebb.models.gpt({ vocab: 65, layers: 6, heads: 4, width: 128, context: 128 });
  const [x, y] = [0, 1].map((shift) =>
    ebb.tensor(Array.from({ length: 16 * 128 }, (_, i) => (i + shift) * 13 % 65), {
      shape: [16, 128],
      dtype: "int64",
    })
  );
  const forward = checkpoints === "none" ? undefined : (ids: ebb.Tensor) => {
    const first = model.tokens.forward(ids).add(model.positions.weight);
    return model.head.forward(model.norm.forward(through(model.blocks, first, checkpoints))).permute([
      0,
      2,
      1,
    ]);
  };
  return training(model, new ebb.optim.AdamW(model.parameters()), x, y, forward);
}

/** PreAct-ResNet18 of a quarter of the usual width, 64 images of 32 x 32, SGD with momentum. */
function resnet(checkpoints: Checkpoints): Training {
  const model = ebb.models.preactResnet18({ width: 16, classes: 10 });
  const forward = checkpoints === "none" ? undefined : (images: ebb.Tensor) => {
    const last = through(model.layers, model.conv1.forward(images), checkpoints);
    return model.fc.forward(ebb.adaptiveAvgPool2d(model.bn.forward(last).relu(), 1).flatten(1));
  };
  return training(
    model,
    new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }),
    numbers(60, [64, 3, 32, 32]),
    classes(64, 10),
    forward,
  );
}

/** 24 layers of 512, 1024 rows, Adam: most of the memory is parameters and what the optimizer remembers of them. */
function mlp(checkpoints: Checkpoints): Training {
  const model = ebb.models.mlp({ sizes: [512, ...Array(24).fill(512), 10] });
  const forward = checkpoints === "none" ? undefined : (x: ebb.Tensor) => through([...model], x, checkpoints);
  return training(
    model,
    new ebb.optim.Adam(model.parameters()),
    numbers(10, [1024, 512]),
    classes(1024, 10),
    forward,
  );
}

function numbers(seed: number, shape: number[]): ebb.Tensor {
  return ebb.tensor(uniform(seed, shape.reduce((a, b) => a * b), 1), { shape });
}

function classes(n: number, of: number): ebb.Tensor {
  return ebb.tensor(Array.from({ length: n }, (_, i) => i * 7 % of), { dtype: "int64" });
}
