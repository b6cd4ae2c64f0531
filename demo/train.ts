/**
 * The training loop of the demo: what any training loop with Ebb looks like.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { evaluate, predicted } from "./evaluate.ts";
import type { Images } from "./images.ts";
import { RunRecord, type Step } from "./record.ts";

/** A network that was trained, and how that went. */
export interface Training {
  readonly model: ebb.nn.Module;
  readonly record: RunRecord;
  /** From the first step to the last evaluation. */
  readonly seconds: number;
}

/** Trains a new network on `images` for `epochs` epochs; `listener` is told of every step. */
export async function train(
  images: Images,
  epochs: number,
  listener: (step: Step) => void,
): Promise<Training> {
  const { build, batchSize, augment, learningRate, weightDecay } = images.recipe;
  const stepsPerEpoch = Math.ceil(images.train.length / batchSize);
  const steps = Math.max(1, Math.round(epochs * stepsPerEpoch));

  const model = build();
  using optimizer = new ebb.optim.AdamW(model.parameters(), { lr: learningRate, weightDecay });
  const scheduler = new ebb.optim.Scheduler(optimizer, ebb.optim.oneCycle({ steps }));
  const batches = ebb.data.loader(images.train, { batchSize, augment, steps, shuffle: true });

  const record = new RunRecord(steps, stepsPerEpoch);
  for await (const [x, y] of batches) {
    const part = record.stepBegins();
    const measured = ebb.scope(() => {
      part("forward");
      const scores = model.forward(x);
      const loss = ebb.crossEntropy(scores, y);
      part("backward");
      optimizer.zeroGrad();
      loss.backward();
      part("update");
      optimizer.step();
      return { loss: loss.item(), right: countRight(scores, y), images: y.size };
    });
    scheduler.step();
    listener(record.stepEnds(measured));
    if (record.epochDone) record.epochEnds(await evaluate(model, images.test));
  }
  return { model, record, seconds: record.seconds };
}

function countRight(scores: ebb.Tensor, labels: ebb.Tensor): number {
  const wanted = labels.data();
  return predicted(scores).filter((label, row) => label === Number(wanted[row])).length;
}
