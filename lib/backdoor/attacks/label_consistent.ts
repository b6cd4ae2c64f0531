/**
 * The label-consistent attack (Turner, Tsipras and Madry, arXiv:1912.02771): labels are kept. Images of the target class
 * are made hard to recognise by adversarial noise, so that a model learns the pattern in their corners instead.
 *
 * @module
 */
import type { Module } from "../../nn/module.ts";
import { fromHost } from "../../tensor/create.ts";
import { add, clamp, to } from "../../tensor/ops/mod.ts";
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";
import { checkAscent, pgd } from "../pgd.ts";
import { deviceOf } from "../run.ts";

/** Options of {@linkcode labelConsistent}. */
export interface LabelConsistentOptions extends AttackOptions {
  /**
   * The model that poisoned images are made adversarial to: one trained on clean images, at best a robust one, as in
   * Turner et al. It stays the caller's and must live until the images are poisoned.
   */
  readonly model: Module;
  /** The most by which the noise changes a value; default 8/255, as BackdoorBench's poisoned images have it. */
  readonly epsilon?: number;
  /** By how much each of the noise's steps changes a value; default 1.5/255, as in BackdoorBox. */
  readonly stepSize?: number;
  /** Steps of the noise; default 100, as in Turner et al. */
  readonly steps?: number;
  /** What the pattern adds to pixels, or takes from them, above 0 and at most 1; default 1: white and black pixels. */
  readonly amplitude?: number;
}

/** The left corners; the right ones are mirrored. */
const CORNER = [[1, -1, -1], [-1, 1, -1], [1, -1, 1]];
const SIDE = CORNER.length;

/**
 * A 3×3 pattern in all four corners. Images of the training set have adversarial noise under it, triggered images at test
 * time have not.
 *
 * @throws {RangeError} when the amplitude or the noise is out of range; by `trigger`, when the images are smaller than 6×6.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10, size: 6 });
 * const attack = ebb.backdoor.labelConsistent({ model });
 * using images = ebb.zeros([1, 1, 6, 6]);
 * using triggered = attack.trigger(images);
 * assertEquals((triggered.toArray() as number[][][][])[0][0][0], [1, 0, 0, 0, 0, 1]);
 * ```
 */
export function labelConsistent(options: LabelConsistentOptions): Attack {
  const { model, epsilon = 8 / 255, stepSize = 1.5 / 255, steps = 100, amplitude = 1 } = options;
  if (!(amplitude > 0 && amplitude <= 1)) {
    throw new RangeError(
      `labelConsistent: expected an amplitude above 0 and of at most 1 but found ${amplitude}`,
    );
  }
  checkAscent("labelConsistent", { epsilon, stepSize, steps });
  return defineAttack("labelConsistent", options, {
    cleanLabel: true,
    prepare: (images, labels) => {
      const device = deviceOf(model) ?? images.device;
      return pgd(model, to(images, device), to(labels, device), { epsilon, stepSize, steps });
    },
    trigger: (images) => {
      const [, , height, width] = images.shape;
      if (height < 2 * SIDE || width < 2 * SIDE) {
        throw new RangeError(
          `labelConsistent: expected images of at least ${2 * SIDE}×${2 * SIDE} but found ${height}×${width}`,
        );
      }
      const change = new Float32Array(height * width);
      CORNER.flat().forEach((sign, i) => {
        const [row, column] = [Math.floor(i / SIDE), i % SIDE];
        for (const at of [row, height - SIDE + row]) {
          change[at * width + column] = amplitude * sign;
          change[at * width + width - 1 - column] = amplitude * sign;
        }
      });
      const corners = fromHost(change, [1, 1, height, width], { dtype: "float32", device: images.device });
      return clamp(add(images, corners), { min: 0, max: 1 });
    },
  });
}
