/**
 * Networks that were never infected: what infected ones are compared with.
 *
 * @module
 */
import { INFECTION } from "../../lib/backdoor/infect.ts";
import { train } from "../../lib/backdoor/train.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import * as ebb from "../../mod.ts";

/** Their name in tables. */
export const BENIGN = "benign";

/** Trains a model in place on clean images as `infect` trains on poisoned ones. */
export async function trainBenign(
  model: ebb.nn.Module,
  images: Dataset,
  options: ebb.backdoor.TrainingOptions,
): Promise<void> {
  await train(BENIGN, model, images, { ...INFECTION, ...options }, {
    loss: ({ tensors: [images, labels] }) => ebb.crossEntropy(model.forward(images), labels),
  });
}
