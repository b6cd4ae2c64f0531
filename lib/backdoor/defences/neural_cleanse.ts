/**
 * Neural Cleanse (Wang et al., S&P 2019): reverse-engineers a trigger for every label, takes those that are much smaller
 * than the others for a backdoor's, and unlearns them: images with such a trigger are trained on with their true labels.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost } from "../../tensor/create.ts";
import { concat, crossEntropy, narrow } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reverseTriggers, type ReverseTriggersOptions } from "../reversed/patch.ts";
import { type ReversedTrigger, stampWith } from "../reversed/search.ts";
import { train, type TrainingOptions } from "../train.ts";
import { BACKDOOR_BENCH } from "./backdoor_bench.ts";
import { repair, type Repaired } from "./repair.ts";
import { withRecord } from "../record.ts";

/** Options of {@linkcode neuralCleanse}. */
export interface NeuralCleanseOptions extends TrainingOptions {
  /** How triggers are searched. */
  readonly search?: ReverseTriggersOptions;
  /** The anomaly index above which a label's trigger counts as a backdoor's; default 2. */
  readonly anomaly?: number;
  /** Share of each batch that gets a trigger, in (0, 1]; default 0.2. */
  readonly stamped?: number;
}

/**
 * Unlearns the triggers that {@linkcode reverseTriggers} finds. Where none is conspicuous the copy is as the model was; so it
 * always is with two classes, of which neither can be.
 *
 * Defaults are BackdoorBench's, which follow the paper: an anomaly index above 2, 20 % of the images stamped; 100 epochs
 * at learning rate 0.01 along half a cosine, batches of 256 (the paper: one epoch). A training set is not stamped once but
 * each batch anew, after augmentation, so that no trigger is cut off.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] of every class with their true labels, at least a batch
 * @returns a repaired copy, in evaluation mode, with the triggers of all labels and their anomaly indices in `repair`.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 50, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const short = { epochs: 1, batchSize: 50, search: { epochs: 2 }, progress: false };
 * using repaired = await ebb.backdoor.neuralCleanse(model, clean, short);
 * assertEquals(repaired.training, false);
 * ```
 */
export async function neuralCleanse<M extends Module>(
  model: M,
  clean: Dataset,
  options: NeuralCleanseOptions = {},
): Promise<M & Repaired<{ readonly triggers: readonly ReversedTrigger[] }>> {
  const settings = { ...BACKDOOR_BENCH, anomaly: 2, stamped: 0.2, ...options };
  const { anomaly, stamped, seed, progress, signal, swap } = settings;
  let triggers: readonly ReversedTrigger[] = [];
  const copy = await repair("neuralCleanse", model, clean, settings, async (copy) => {
    if (!(stamped > 0 && stamped <= 1)) {
      throw new RangeError(
        `neuralCleanse: expected stamped to be a share above 0 and of at most 1 but found ${stamped}`,
      );
    }
    if (Number.isNaN(anomaly)) {
      throw new RangeError("neuralCleanse: expected anomaly to be a number but found NaN");
    }
    triggers = await reverseTriggers(model, clean, { seed, progress, signal, swap, ...settings.search });
    const conspicuous = triggers.filter((trigger) => trigger.anomaly > anomaly);
    if (conspicuous.length === 0) return;
    await train("neuralCleanse", copy, clean, settings, {
      loss: ({ tensors: [images, labels] }) =>
        crossEntropy(copy.forward(stamp(images, conspicuous, stamped)), labels),
    });
  });
  return withRecord(copy, { repair: { triggers } });
}

/** A batch whose first images have triggers, each as many of them. Batches are shuffled, so that any image may be. */
function stamp(images: Tensor, triggers: readonly ReversedTrigger[], share: number): Tensor {
  const [count] = images.shape;
  const ends = triggers.map((_, i) => Math.round(count * share * (i + 1) / triggers.length));
  const pieces = triggers.map(({ mask, pattern }, i) => {
    const [weights, picture] = [mask, pattern].map(({ data, shape }) =>
      fromHost(data as Float32Array<ArrayBuffer>, shape, { dtype: "float32", device: images.device })
    );
    const begin = ends[i - 1] ?? 0;
    return stampWith(narrow(images, 0, begin, ends[i] - begin), weights, picture);
  });
  const end = ends.at(-1)!;
  return concat([...pieces, narrow(images, 0, end, count - end)].filter(({ shape: [rows] }) => rows > 0));
}
