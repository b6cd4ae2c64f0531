/**
 * What a training that erases begins with where it was not told: what the model hides, how far images are moved, and how
 * much those that were moved count.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { erasingEpsilon } from "../epsilon.ts";
import { inspect } from "../inspect.ts";
import type { Erasure, ErasureOptions } from "./erase.ts";

/**
 * The further images are moved, the less they may count: up to half of the loss, less where this divided by ε is less.
 * Photographs, which a network takes for others within 2 or 3 parts of 255, have half; digits a fourteenth.
 */
const BUDGET = 4.5 / 255;

/**
 * Finds what is missing among the settings of an erasure, on the images that it is going to train on.
 *
 * @param share of the images that must be fooled for ε to be far enough; default: `chooseEpsilon`'s
 */
export async function prepare(
  model: Module,
  data: Dataset,
  settings: ErasureOptions,
  share?: number,
): Promise<Pick<Erasure, "epsilon" | "cleanWeight" | "inspection">> {
  const { swap, seed, progress, signal } = settings;
  const epsilon = settings.epsilon ??
    await erasingEpsilon(model, data, { swap, progress, signal, seed, share });
  const { cleanWeight = 1 - Math.min(0.5, BUDGET / epsilon) } = settings;
  const inspection = settings.inspection === undefined
    ? await inspect(model, data, { epsilons: [], swap, progress, signal, seed })
    : settings.inspection;
  return { epsilon, cleanWeight, inspection };
}
