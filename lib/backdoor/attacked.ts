/**
 * A data set's adversarial examples, batch by batch: what everything that looks at them stands on.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Dataset } from "../data/dataset.ts";
import { loader } from "../data/loader.ts";
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { Task } from "../notebook/mod.ts";
import { argmax } from "../tensor/ops/mod.ts";
import { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AscentOptions, pgd, type PgdOptions } from "./pgd.ts";
import { deviceOf, type RunOptions, runStep } from "./run.ts";

/** How adversarial examples of a data set are made. */
export interface AttackedOptions extends Omit<PgdOptions, "epsilon" | "generator" | "targeted">, RunOptions {
  /** Images in a batch; default 128. */
  readonly batchSize?: number;
  /** Decides random starts; default: the library's generator does (`ebb.seed`). */
  readonly seed?: number;
}

/** A batch in which images were changed. */
export interface AttackedBatch {
  /** `[N, C, H, W]`, as they were. */
  readonly images: Tensor;
  /** `[N]`, true ones. */
  readonly labels: Tensor;
  /** `[N, C, H, W]` */
  readonly adversarial: Tensor;
}

/**
 * Makes adversarial examples of all images, in their order.
 *
 * @param op whose work it is, for whoever watches
 * @param see called with each batch in its scope, without gradients, with the model in evaluation mode; gives what is
 * wanted of it as plain data
 */
export async function* attacked<T>(
  op: string,
  model: Module,
  data: Dataset,
  options: AttackedOptions & Pick<AscentOptions, "epsilon">,
  see: (batch: AttackedBatch) => T,
): AsyncGenerator<Awaited<T>, void, undefined> {
  const { batchSize = 128, seed, swap, progress, signal, ...attack } = options;
  const generator = seed === undefined ? undefined : new Generator(seed);
  const device = deviceOf(model);
  using task = new Task(op, Math.ceil(data.length / batchSize), { progress, signal });
  for await (const [images, labels] of loader(data, { batchSize, device })) {
    const pass = () =>
      scope(() => {
        const adversarial = pgd(model, images, labels, { ...attack, generator });
        return noGrad(() => withMode(model, false, () => see({ images, labels, adversarial })));
      });
    yield await runStep(swap, pass);
    // Lets timers, a progress line and an interrupt have their turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    task.advance();
  }
}

/** What a model takes images for: a class number each. */
export function taken(model: Module, images: Tensor): number[] {
  return Array.from(argmax(model.forward(images), 1).data(), Number);
}
