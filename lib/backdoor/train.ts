/**
 * The training loop under everything in this room that trains: batches, a loss that the caller makes of them, stochastic
 * gradient descent, progress. Each step runs in a scope, and through `ebb.swap` where the caller asks for it.
 *
 * @module
 */
import type { Augmentation } from "../data/augment.ts";
import type { Dataset } from "../data/dataset.ts";
import { loader } from "../data/loader.ts";
import type { Module } from "../nn/module.ts";
import type { CommonOptions, Optimizer } from "../optim/optimizer.ts";
import { Scheduler } from "../optim/scheduler.ts";
import type { Schedule } from "../optim/schedules.ts";
import { SGD } from "../optim/sgd.ts";
import { Task } from "../notebook/mod.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCounts, deviceOf, type RunOptions, runStep } from "./run.ts";

/** How a model is trained. */
export interface TrainingOptions extends RunOptions {
  /** How often every image is seen. */
  readonly epochs?: number;
  /** Images in a batch. */
  readonly batchSize?: number;
  /** The learning rate; the highest one of a schedule. */
  readonly lr?: number;
  /** Share of the earlier direction that is kept. */
  readonly momentum?: number;
  /** Whether the optimizer looks ahead along the direction. */
  readonly nesterov?: boolean;
  /** Factor of the parameters that is added to their gradients. */
  readonly weightDecay?: number;
  /** The learning rate's course as a function of the number of steps, such as `ebb.optim.cosine`. */
  readonly schedule?: (steps: number) => Schedule;
  /** How images are varied; default: not at all. */
  readonly augment?: Augmentation | readonly Augmentation[];
  /** Decides orders and variations; default: the library's generator does (`ebb.seed`). */
  readonly seed?: number;
  /** Called after each epoch, such as to measure the model; the training waits for it. */
  readonly onEpoch?: (epoch: Epoch) => void | Promise<void>;
}

/** An epoch that is over. */
export interface Epoch {
  /** Epochs trained so far. */
  readonly epoch: number;
  /** Mean loss of the epoch's batches. */
  readonly loss: number;
  /** What it was trained on, where that changes: "adversarial" or "clean". */
  readonly phase?: string;
  /** The model as it is now. */
  readonly model: Module;
}

/** {@linkcode TrainingOptions} with all that must be known. */
export type Training =
  & TrainingOptions
  & Required<Pick<TrainingOptions, "epochs" | "batchSize" | "lr" | "momentum" | "nesterov" | "weightDecay">>;

/** A batch and where it stands. */
export interface Batch {
  /** The data set's fields, images first. */
  readonly tensors: readonly Tensor[];
  /** Epochs that are over. */
  readonly epoch: number;
  /** Steps that are over. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** What the caller of {@linkcode train} does. */
export interface TrainingParts {
  /** The loss of a batch, a scalar. Called in a scope, with the model in training. */
  readonly loss: (batch: Batch) => Tensor;
  /** Called between the backward pass and the update, in the step's scope. */
  readonly gradientsReady?: () => void;
  /** Makes the optimizer; default: stochastic gradient descent by the settings. */
  readonly optimizer?: (parameters: Tensor[]) => Optimizer<CommonOptions>;
  /** Called after each epoch; what it returns is shown with the progress. */
  readonly epochEnds?: (epoch: Epoch) => Promise<string | void> | void;
  /** Called after each step, such as for an average of the weights. */
  readonly stepEnds?: () => void;
}

/**
 * Trains a model in place.
 *
 * @param op who trains, for progress and errors
 * @throws {Error} when the loss is no finite number.
 */
export async function train(
  op: string,
  model: Module,
  data: Dataset,
  settings: Training,
  parts: TrainingParts,
): Promise<void> {
  const { epochs, batchSize, augment, seed, schedule, progress, signal, swap } = settings;
  checkTraining(op, settings);
  const { loss, epochEnds, stepEnds, gradientsReady } = parts;
  const { lr, momentum, nesterov, weightDecay } = settings;
  using optimizer = parts.optimizer?.(model.parameters()) ??
    new SGD(model.parameters(), { lr, momentum, nesterov, weightDecay });
  const device = deviceOf(model);
  const batches = loader(data, { batchSize, augment, seed, epochs, shuffle: true, device });
  const steps = batches.length;
  const scheduler = schedule === undefined ? null : new Scheduler(optimizer, schedule(steps));
  using task = new Task(op, steps, { progress, signal });
  let step = 0;
  let sum = 0;
  let said = "";
  for await (const tensors of batches) {
    const batch = { tensors, epoch: Math.floor(step * epochs / steps), step, steps };
    const run = () =>
      scope(() => {
        model.train();
        const value = loss(batch);
        optimizer.zeroGrad();
        value.backward();
        gradientsReady?.();
        optimizer.step();
        return value.item();
      });
    const value = await runStep(swap, run);
    if (!Number.isFinite(value)) {
      throw new Error(
        `${op}: expected a finite loss but found ${value} in step ${
          step + 1
        }; a lower lr than ${lr} may help`,
      );
    }
    scheduler?.step();
    stepEnds?.();
    sum += value;
    step++;
    if (step % (steps / epochs) === 0) {
      const over = { epoch: batch.epoch + 1, loss: sum * epochs / steps, model };
      said = await epochEnds?.(over) ?? "";
      await settings.onEpoch?.(over);
      sum = 0;
    }
    task.advance(() => [`loss ${value.toFixed(3)}`, said].filter((text) => text !== "").join(" · "));
  }
  optimizer.zeroGrad();
  model.eval();
}

/** @throws {RangeError} when a setting is out of range. */
export function checkTraining(
  op: string,
  { epochs, batchSize, lr }: Pick<Training, "epochs" | "batchSize" | "lr">,
): void {
  checkCounts(op, { epochs, batchSize });
  if (!(lr >= 0 && lr < Infinity)) {
    throw new RangeError(`${op}: expected lr to be a number of at least 0 but found ${lr}`);
  }
}
