/**
 * Neural Cleanse's search (Wang et al., S&P 2019, Section V): for every label the smallest patch, a mask and a pattern,
 * that turns clean images into it.
 *
 * @module
 */
import type { Dataset } from "../../data/dataset.ts";
import { loader } from "../../data/loader.ts";
import type { Device } from "../../device/mod.ts";
import type { Module } from "../../nn/module.ts";
import { fromHost, full } from "../../tensor/create.ts";
import { add, mul, sigmoid, sum } from "../../tensor/ops/mod.ts";
import { scope } from "../../tensor/scope.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  type Found,
  learner,
  type LearntTrigger,
  logit,
  plain,
  type ReversedTrigger,
  reverseEach,
  type SearchOptions,
  shareOf,
  stampWith,
  towards,
} from "./search.ts";
import { checkCounts, deviceOf, runStep } from "../run.ts";

/** Options of {@linkcode reverseTriggers}. */
export interface ReverseTriggersOptions extends SearchOptions {
  /** The most epochs for a label; default 80. */
  readonly epochs?: number;
  /** The learning rate of mask and pattern; default 0.1. */
  readonly lr?: number;
  /** The weight of the mask's sum in the beginning; default 0.001. */
  readonly cost?: number;
  /** What the weight is multiplied by when triggers work; it is divided by its power of 1.5 when not. Default 2. */
  readonly costFactor?: number;
  /** Epochs of the same outcome before the weight changes; default 5. */
  readonly patience?: number;
  /** A mask counts as smaller from this share of the smallest so far on; default 0.99. */
  readonly earlyStop?: number;
  /** Epochs without a smaller mask before a search ends whose weight went both ways; default 25. */
  readonly earlyStopPatience?: number;
}

const DEFAULTS = {
  epochs: 80,
  batchSize: 256,
  lr: 0.1,
  cost: 1e-3,
  costFactor: 2,
  success: 0.98,
  patience: 5,
  earlyStop: 0.99,
  earlyStopPatience: 25,
};

type Settings = typeof DEFAULTS & ReverseTriggersOptions;

/** Where the values of mask and pattern begin, before they are squeezed into [0, 1]. */
const BEGIN = 1;

/**
 * Reverse-engineers for every label the smallest patch that turns clean images into it.
 *
 * Defaults are BackdoorBench's: 80 epochs a label, Adam with betas of 0.5 and 0.9 at 0.1, success 98 %, a cost of 0.001
 * that is doubled after 5 epochs with success and divided by 2.8 after 5 without, batches of 256.
 *
 * @param model gives scores `[N, classes]`; it stays as it is
 * @param clean images in [0, 1] with labels
 * @returns a trigger a label, plain data; where no search had success, what it ended with.
 * @throws {TypeError | RangeError} when the clean images are not such, or an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const clean = train.subset({ count: 20, stratified: true, seed: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const triggers = await ebb.backdoor.reverseTriggers(model, clean, { epochs: 2, progress: false });
 * assertEquals(triggers.map(({ label }) => label), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
 * assertEquals(triggers[3].pattern.shape, [1, 28, 28]);
 * ```
 */
export function reverseTriggers(
  model: Module,
  clean: Dataset,
  options: ReverseTriggersOptions = {},
): Promise<ReversedTrigger[]> {
  const settings = { ...DEFAULTS, ...options };
  return reverseEach("reverseTriggers", model, clean, settings, (frozen, label) => {
    check(settings);
    return search(frozen, clean, label, settings);
  });
}

/** A patch that is learnt: how much of each pixel is its own, and with which values. */
export class Patch implements LearntTrigger {
  readonly #mask: Tensor;
  readonly #pattern: Tensor;

  /** @param start what to begin from; without it everything is covered by light grey */
  constructor(shape: readonly number[], device?: Device, start?: Pick<ReversedTrigger, "mask" | "pattern">) {
    const [mask, pattern] = [start?.mask, start?.pattern].map((given) =>
      given && Float32Array.from(given.data, loose)
    );
    const make = (values: Float32Array<ArrayBuffer> | undefined, shape: readonly number[]) =>
      values === undefined
        ? full(shape, BEGIN, { device })
        : fromHost(values, shape, { dtype: "float32", device });
    this.#mask = make(mask, [1, 1, ...shape.slice(1)]);
    this.#pattern = make(pattern, [1, ...shape]);
    for (const tensor of this.parameters) tensor.requiresGrad = true;
  }

  get parameters(): Tensor[] {
    return [this.#mask, this.#pattern];
  }

  put(images: Tensor): Tensor {
    return stampWith(images, squeezed(this.#mask), squeezed(this.#pattern));
  }

  /** The sum of the mask, a scalar. */
  size(): Tensor {
    return sum(squeezed(this.#mask));
  }

  /** What was learnt so far. */
  found(success: number): Found {
    const [weights, picture] = this.parameters.map((values) => plain(() => squeezed(values)));
    return {
      mask: { data: weights, shape: this.#mask.shape.slice(2) },
      pattern: { data: picture, shape: this.#pattern.shape.slice(1) },
      norm: weights.reduce((total, value) => total + value, 0),
      success,
    };
  }

  [Symbol.dispose](): void {
    for (const tensor of this.parameters) tensor.dispose();
  }
}

async function search(model: Module, clean: Dataset, label: number, settings: Settings): Promise<Found> {
  const { epochs, batchSize, lr, success, seed, swap } = settings;
  const device = deviceOf(model);
  using patch = new Patch(clean.fields[0].shape, device);
  using optimizer = learner(patch, lr);
  const cost = new Cost(settings);
  const batches = loader(clean, { batchSize, shuffle: true, seed, epochs, device });
  const steps = batches.length / epochs;
  let [step, shares, norms] = [0, 0, 0];
  let smallest = Infinity;
  let [best, last]: (Found | null)[] = [null, null];
  for await (const [images] of batches) {
    const run = () =>
      scope(() => {
        const scores = model.forward(patch.put(images));
        const size = patch.size();
        optimizer.zeroGrad();
        add(towards(scores, label), mul(size, cost.weight)).backward();
        optimizer.step();
        return [shareOf(scores, label), size.item()];
      });
    const [share, norm] = await runStep(swap, run);
    shares += share;
    norms += norm;
    if (++step % steps > 0) continue;
    last = patch.found(shares / steps);
    if (last.success >= success && norms / steps < smallest) [best, smallest] = [last, norms / steps];
    if (cost.after(last.success, norms / steps)) break;
    shares = norms = 0;
  }
  optimizer.zeroGrad();
  return (best ?? last)!;
}

/** Values of (0, 1), as BackdoorBench squeezes them: by the hyperbolic tangent. */
function squeezed(values: Tensor): Tensor {
  return sigmoid(mul(values, 2));
}

/** What is squeezed into a value. */
function loose(value: number): number {
  return logit(value) / 2;
}

/** The weight of the mask's size: the smallest mask lies where success is just kept. */
class Cost {
  weight: number;
  readonly #settings: Settings;
  #worked = 0;
  #failed = 0;
  #raised = false;
  #lowered = false;
  #smallest = Infinity;
  #waited = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.weight = settings.cost;
  }

  /** Takes an epoch into account; whether the search is over. */
  after(share: number, norm: number): boolean {
    const { success, costFactor, patience, earlyStop, earlyStopPatience } = this.#settings;
    const works = share >= success;
    const smaller = works && norm < earlyStop * this.#smallest;
    this.#waited = smaller || this.#smallest === Infinity ? 0 : this.#waited + 1;
    if (works) this.#smallest = Math.min(this.#smallest, norm);
    if (this.#raised && this.#lowered && this.#waited >= earlyStopPatience) return true;
    [this.#worked, this.#failed] = works ? [this.#worked + 1, 0] : [0, this.#failed + 1];
    if (this.#worked >= patience) {
      this.#worked = 0;
      this.weight *= costFactor;
      this.#raised = true;
    } else if (this.#failed >= patience) {
      this.#failed = 0;
      this.weight /= costFactor ** 1.5;
      this.#lowered = true;
    }
    return false;
  }
}

function check({ epochs, patience, earlyStopPatience, costFactor, cost }: Settings): void {
  checkCounts("reverseTriggers", { epochs, patience, earlyStopPatience });
  if (!(cost >= 0 && cost < Infinity)) {
    throw new RangeError(`reverseTriggers: expected cost to be a number of at least 0 but found ${cost}`);
  }
  if (!(costFactor > 1 && costFactor < Infinity)) {
    throw new RangeError(`reverseTriggers: expected a costFactor above 1 but found ${costFactor}`);
  }
}
