/**
 * What a classifier knows of an image before it decides: the inputs of its last linear layer, its penultimate features.
 * Attacks aim at them, defences compare them, and the observation is measured in them.
 *
 * @module
 */
import { Linear } from "../nn/layers/linear.ts";
import type { Module } from "../nn/module.ts";
import { reshape } from "../tensor/ops/mod.ts";
import { track } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a model says of images. */
export interface Features {
  /** `[N, features]`: what the last linear layer is given. */
  readonly features: Tensor;
  /** `[N, classes]` */
  readonly scores: Tensor;
}

/**
 * A model's last linear layer, which the scores come from.
 *
 * @param op who asks, for the error
 * @throws {TypeError} when the model has no linear layer.
 */
export function lastLinear(op: string, model: Module): Linear {
  const layer = model.modules().findLast((module) => module instanceof Linear);
  if (layer !== undefined) return layer;
  throw new TypeError(`${op}: expected a model with a linear layer but found ${model.constructor.name}`);
}

/**
 * A forward pass that gives the penultimate features too. Both are on the tape, the scores behind the features, so that
 * gradients of either, and of the scores with respect to the features, can be asked for. The model's mode is the caller's
 * to choose.
 *
 * @param images `[N, C, H, W]`
 * @throws {TypeError} when the model has no linear layer, or does not call it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10 });
 * using images = ebb.rand([2, 1, 28, 28]);
 * ebb.scope(() => {
 *   const { features, scores } = ebb.backdoor.penultimate(model, images);
 *   assertEquals([features.shape, scores.shape], [[2, 1568], [2, 10]]);
 * });
 * ```
 */
export function penultimate(model: Module, images: Tensor): Features {
  const layer = lastLinear("penultimate", model);
  let features: Tensor | undefined;
  // A view of the inputs in their place, which the scopes of the forward pass leave alone.
  const end = layer.registerForwardPreHook((_, [x]) => {
    features?.dispose();
    features = reshape(x as Tensor, (x as Tensor).shape);
    features.kept = true;
    return [features];
  });
  let scores: Tensor;
  try {
    scores = model.forward(images);
  } catch (error) {
    features?.dispose();
    throw error;
  } finally {
    end();
  }
  if (features === undefined) {
    scores.dispose();
    throw new TypeError(
      `penultimate: expected ${model.constructor.name} to call its last linear layer but it did not`,
    );
  }
  features.kept = false;
  track(features);
  return { features, scores };
}
