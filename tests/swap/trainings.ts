/**
 * Small trainings to be watched: a step of each is a forward pass, a backward pass and an update.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";

/** A model with its optimizer and data. */
export interface Training extends Disposable {
  /** One step; the loss. */
  step(): number;
}

/** A forward pass, a backward pass and an update; the loss. */
export function update(
  model: ebb.nn.Module,
  optimizer: ebb.optim.Optimizer<ebb.optim.CommonOptions>,
  x: ebb.Tensor,
  y: ebb.Tensor,
): number {
  return ebb.scope(() => {
    const loss = ebb.crossEntropy(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

/** A GPT of two blocks on 4 sequences of 16 tokens, by AdamW. */
export function gptTraining(device: Device): Training {
  return ebb.withDevice(device, () => {
    ebb.seed(5);
    const model = ebb.models.gpt({ vocab: 65, layers: 2, heads: 4, width: 32, context: 16 });
    const tokens = () => ebb.randint(0, 65, [4, 16], { dtype: "int64" });
    return trainingOf(device, model, new ebb.optim.AdamW(model.parameters()), tokens(), tokens());
  });
}

/** A residual network with batch norm on 4 images, by SGD. */
export function convTraining(device: Device): Training {
  return ebb.withDevice(device, () => {
    ebb.seed(5);
    const model = ebb.models.preactResnet18({ width: 8, classes: 10 });
    const optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
    return trainingOf(
      device,
      model,
      optimizer,
      ebb.randn([4, 3, 32, 32]),
      ebb.tensor([1, 2, 3, 4], { dtype: "int64" }),
    );
  });
}

/** A policy of swap that has everything leave that idles, whatever the budget is. */
export function moveEverything(): (trace: ebb.Trace) => ebb.Plan {
  return ebb.policy.compose(ebb.policy.everything());
}

function trainingOf(
  device: Device,
  model: ebb.nn.Module,
  optimizer: ebb.optim.Optimizer<ebb.optim.CommonOptions>,
  x: ebb.Tensor,
  y: ebb.Tensor,
): Training {
  return {
    step: () => ebb.withDevice(device, () => update(model, optimizer, x, y)),
    [Symbol.dispose]() {
      for (const part of [optimizer, model, x, y]) part[Symbol.dispose]();
    },
  };
}
