/**
 * The faintest picture that, laid over clean images, turns them into a label: Neural Cleanse's idea for triggers that
 * cover the whole image, such as those of blend and SIG, which no small patch stands for. Instead of a mask a single
 * opacity is sought.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Device } from "../../device/mod.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost, full } from "../../tensor/create.ts";
import { sigmoid } from "../../tensor/ops/mod.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  checkGrowth,
  type Found,
  grow,
  type LearntTrigger,
  logit,
  plain,
  type PlainImage,
  type ReversedTrigger,
  reverseEach,
  type SearchOptions,
  stampWith,
} from "./search.ts";
import { deviceOf } from "../run.ts";

/** Options of {@linkcode reverseOverlays}. */
export interface ReverseOverlaysOptions extends SearchOptions {
  /** The opacity in the first step, in (0, 1); default 0.02. */
  readonly opacity?: number;
  /** What the opacity is multiplied by in each step; default 1.06. */
  readonly growth?: number;
  /** The learning rate of the picture; default 0.3. */
  readonly lr?: number;
}

const DEFAULTS = { batchSize: 64, success: 0.95, opacity: 0.02, growth: 1.06, lr: 0.3 };

type Settings = typeof DEFAULTS & ReverseOverlaysOptions;

/** Where the picture's values begin, before they are squeezed into [0, 1]: darker than grey. */
const BEGIN = -1;

/**
 * Reverse-engineers for every label the faintest picture that turns clean images into it. While the picture is learnt its
 * opacity grows, until it works or covers all. Since it begins faint, only what the model was taught to answer to strongly
 * works early.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] with labels
 * @returns a trigger a label, plain data. Its mask is the opacity everywhere.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 20, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const triggers = await ebb.backdoor.reverseOverlays(model, clean, { growth: 2, progress: false });
 * assert(triggers.every(({ norm }) => norm <= 28 * 28));
 * ```
 */
export function reverseOverlays(
  model: Module,
  clean: Dataset,
  options: ReverseOverlaysOptions = {},
): Promise<ReversedTrigger[]> {
  const settings = { ...DEFAULTS, ...options };
  return reverseEach("reverseOverlays", model, clean, settings, (frozen, label) => {
    check(settings);
    return search(frozen, clean, label, settings);
  });
}

/** A picture over the whole image that is learnt; how much of it is seen is set, not learnt. */
export class Overlay implements LearntTrigger {
  readonly #picture: Tensor;
  /** How much of each pixel is the picture's, in (0, 1]. */
  opacity: number;

  /** @param start the picture to begin from; without it it is dark */
  constructor(shape: readonly number[], opacity: number, device?: Device, start?: PlainImage) {
    this.opacity = opacity;
    this.#picture = start === undefined
      ? full([1, ...shape], BEGIN, { device })
      : fromHost(Float32Array.from(start.data, logit), [1, ...shape], { dtype: "float32", device });
    this.#picture.requiresGrad = true;
  }

  get parameters(): Tensor[] {
    return [this.#picture];
  }

  put(images: Tensor): Tensor {
    return stampWith(images, this.opacity, sigmoid(this.#picture));
  }

  /** What was learnt so far. */
  found(success: number): Found {
    const shape = this.#picture.shape.slice(1);
    const pattern = plain(() => sigmoid(this.#picture));
    const mask = new Float32Array(sizeOf(shape.slice(1))).fill(this.opacity);
    return {
      mask: { data: mask, shape: shape.slice(1) },
      pattern: { data: pattern, shape },
      norm: this.opacity * mask.length,
      success,
    };
  }

  [Symbol.dispose](): void {
    this.#picture.dispose();
  }
}

async function search(model: Module, clean: Dataset, label: number, settings: Settings): Promise<Found> {
  const device = deviceOf(model);
  using overlay = new Overlay(clean.fields[0].shape, settings.opacity, device);
  const success = await grow(model, clean, label, overlay, {
    ...settings,
    least: settings.opacity,
    most: 1,
    allow: (opacity) => overlay.opacity = opacity,
  });
  return overlay.found(success);
}

function check({ opacity, growth }: Settings): void {
  if (!(opacity > 0 && opacity < 1)) {
    throw new RangeError(`reverseOverlays: expected an opacity between 0 and 1 but found ${opacity}`);
  }
  checkGrowth("reverseOverlays", growth);
}
