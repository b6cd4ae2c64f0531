/**
 * The training loop of the demo, which is any training loop with Ebb, and what it measures on the way.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { evaluate, type Evaluation, predicted } from "./evaluate.ts";
import type { Images } from "./images.ts";
import { type StepMemory, watchMemory } from "./step_memory.ts";

/** What is known after a step. */
export interface Step {
  /** Steps taken, and steps in all. */
  readonly step: number;
  readonly steps: number;
  /** Of the step's batch. */
  readonly loss: number;
  /** Share of the step's batch, 0 to 1. */
  readonly accuracy: number;
  /** Since the last evaluation. */
  readonly imagesPerSecond: number;
  /** Bytes that the device has reserved. */
  readonly reservedBytes: number;
}

/** A line of the table: what is known after an epoch. */
export interface Epoch extends Evaluation {
  /** Epochs done; not whole where a run ends within one. */
  readonly epoch: number;
  /** Mean loss and accuracy of the batches since the line before. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Images trained on in a second, without the evaluation. */
  readonly imagesPerSecond: number;
  /** The most bytes that the device had reserved so far. */
  readonly peakBytes: number;
}

/** A whole run. */
export interface Training {
  readonly model: ebb.nn.Module;
  readonly epochs: readonly Epoch[];
  /** After every step; of held-out images after every epoch. */
  readonly curve: readonly ebb.chart.LearningRow[];
  /** After every step. */
  readonly memory: readonly ebb.chart.MemorySample[];
  /** Within one of the first steps. */
  readonly stepMemory: StepMemory;
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
  const device = ebb.defaultDevice();
  const stepsPerEpoch = Math.ceil(images.train.length / batchSize);
  const steps = Math.max(1, Math.round(epochs * stepsPerEpoch));

  const model = build();
  const optimizer = new ebb.optim.AdamW(model.parameters(), { lr: learningRate, weightDecay });
  const scheduler = new ebb.optim.Scheduler(optimizer, ebb.optim.oneCycle({ steps }));
  const batches = ebb.data.loader(images.train, { batchSize, augment, steps, shuffle: true });

  const lines: Epoch[] = [];
  const curve: ebb.chart.LearningRow[] = [];
  const memory: ebb.chart.MemorySample[] = [];
  let stepMemory: StepMemory = { samples: [], phases: [] };
  let since = { batches: 0, images: 0, loss: 0, accuracy: 0, ms: 0 };
  const start = performance.now();
  let step = 0;
  for await (const [x, y] of batches) {
    step++;
    const before = performance.now();
    // Once the optimizer has its state, every step is like the next.
    const watch = step === Math.min(3, steps) ? watchMemory(device) : undefined;
    const { loss, accuracy } = ebb.scope(() => {
      watch?.phase("forward");
      const scores = model.forward(x);
      const loss = ebb.crossEntropy(scores, y);
      watch?.phase("backward");
      optimizer.zeroGrad();
      loss.backward();
      watch?.phase("update");
      optimizer.step();
      return { loss: loss.item(), accuracy: shareRight(scores, y) };
    });
    scheduler.step();
    if (watch) stepMemory = watch.end();

    since = {
      batches: since.batches + 1,
      images: since.images + y.size,
      loss: since.loss + loss,
      accuracy: since.accuracy + accuracy,
      ms: since.ms + performance.now() - before,
    };
    const imagesPerSecond = 1000 * since.images / since.ms;
    const { liveBytes, reservedBytes, peakBytes } = device.memory();
    curve.push({ step, loss, accuracy });
    memory.push({ at: step, liveBytes, reservedBytes });
    listener({ step, steps, loss, accuracy, imagesPerSecond, reservedBytes });
    if (step % stepsPerEpoch !== 0 && step !== steps) continue;

    const evaluation = await evaluate(model, images.test);
    curve.push({ step, heldOutLoss: evaluation.loss, heldOutAccuracy: evaluation.accuracy });
    lines.push({
      ...evaluation,
      epoch: step / stepsPerEpoch,
      trainLoss: since.loss / since.batches,
      trainAccuracy: since.accuracy / since.batches,
      imagesPerSecond,
      peakBytes,
    });
    since = { batches: 0, images: 0, loss: 0, accuracy: 0, ms: 0 };
  }
  optimizer.dispose();
  return { model, epochs: lines, curve, memory, stepMemory, seconds: (performance.now() - start) / 1000 };
}

function shareRight(scores: ebb.Tensor, labels: ebb.Tensor): number {
  const wanted = labels.data();
  return predicted(scores).filter((label, row) => label === Number(wanted[row])).length / labels.size;
}
