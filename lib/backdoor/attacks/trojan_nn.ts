/**
 * TrojanNN (Liu et al., "Trojaning Attack on Neural Networks", NDSS 2018): the trigger's pixels are chosen so that they
 * make a few neurons of a clean model fire, which a model of the same kind then soon takes for the target. As in
 * BackdoorBench the neurons are inputs of the last linear layer, those with the strongest weights. Departures from it:
 * only neurons that the trigger reaches are chosen, since a small network has some for each place in the image; and the
 * trigger takes the place of an image's pixels instead of being added to them.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { Task } from "../../notebook/mod.ts";
import { fromHost, rand } from "../../tensor/create.ts";
import { indexSelect, mul, neg, square, sub, sum } from "../../tensor/ops/mod.ts";
import { Generator } from "../../tensor/random.ts";
import { scope } from "../../tensor/scope.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";
import { lastLinear, penultimate } from "../features.ts";
import { ascend } from "../pgd.ts";
import { paste } from "./patch.ts";
import { checkCounts, deviceOf, type RunOptions } from "../run.ts";

/** Options of {@linkcode trojanNN}. */
export interface TrojanNNOptions extends AttackOptions, Pick<RunOptions, "progress" | "signal"> {
  /** The images' `[C, H, W]`. */
  readonly shape: readonly number[];
  /** Where the trigger is, `[H, W]` of 0 and 1; default a round badge at the lower right, 7 % of the image as in Liu et al. */
  readonly mask?: Tensor;
  /** How many neurons are to fire; default 2, as in BackdoorBench. */
  readonly neurons?: number;
  /** What they are to give; default 100, as in BackdoorBench. */
  readonly value?: number;
  /** Steps in which the trigger is made; default 1,000, as in BackdoorBench. */
  readonly steps?: number;
  /** By how much each step changes a pixel's value; default 0.1, as in BackdoorBench. */
  readonly stepSize?: number;
}

/** The stream of the attack's seed that triggers are drawn from. */
const TRIGGERS = 23;
/** Random triggers by which neurons are chosen, and of which the best is the first. */
const DRAWS = 32;
/** Steps between which others have their turn. */
const RUN = 20;

/**
 * Makes a trigger against a clean model; it stays as it is.
 *
 * @param model trained on clean images; its last linear layer gives the scores
 * @throws {TypeError | RangeError} when the model has no linear layer, the mask does not fit the images, a number is out
 * of range, or the trigger reaches too few neurons.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.smallCnn({ classes: 10 });
 * const attack = await ebb.backdoor.trojanNN(model, { shape: [1, 28, 28], steps: 20, progress: false });
 * using images = ebb.zeros([1, 1, 28, 28]);
 * using triggered = attack.trigger(images);
 * assert(triggered.data().some((value) => Number(value) > 0));
 * ```
 */
export async function trojanNN(model: Module, options: TrojanNNOptions): Promise<Attack> {
  const { shape, neurons = 2, value = 100, steps = 1000, stepSize = 0.1, seed = 0, progress, signal } =
    options;
  checkCounts("trojanNN", { neurons, steps });
  if (shape.length !== 3) {
    throw new RangeError(`trojanNN: expected the images' shape [C, H, W] but found ${showShape(shape)}`);
  }
  const mask = options.mask === undefined ? badge(shape) : given(options.mask, shape);
  const pattern = new Float32Array(sizeOf(shape));
  // Before the work, so that a target or rate out of range is refused at once.
  const attack = defineAttack("trojanNN", options, {
    trigger: (images) => {
      if (sameShape(images.shape.slice(1), shape)) return paste(images, mask, pattern);
      throw new RangeError(
        `trojanNN: expected images ${showShape(shape)}, as the trigger was made for, but found ` +
          showShape(images.shape.slice(1)),
      );
    },
  });
  pattern.set(await fire(model, mask, { shape, neurons, value, steps, stepSize, seed, progress, signal }));
  return attack;
}

type Settings =
  & Required<Omit<TrojanNNOptions, "mask" | "progress" | "signal" | "target" | "rate">>
  & Pick<TrojanNNOptions, "progress" | "signal">;

/** Pixels `[C, H, W]` which, on black, make neurons fire. */
async function fire(
  model: Module,
  mask: Uint8Array<ArrayBuffer>,
  settings: Settings,
): Promise<Float32Array<ArrayBuffer>> {
  const { shape, value, steps, stepSize, seed, progress, signal } = settings;
  const device = deviceOf(model);
  using window = fromHost(Float32Array.from(mask), [1, 1, ...shape.slice(1)], { dtype: "float32", device });
  const look = (triggers: Tensor) => penultimate(model, mul(triggers, window)).features;
  const evaluated = <T>(fn: () => T) => withMode(model, false, () => scope(fn));
  using draws = rand([DRAWS, ...shape], { device, generator: new Generator(seed, TRIGGERS) });
  const seen = evaluated(() => noGrad(() => look(draws).data())) as Float32Array;
  const chosen = choose(model, seen, settings.neurons);
  using places = fromHost(BigInt64Array.from(chosen, BigInt), [chosen.length], { dtype: "int64", device });
  const misses = (triggers: Tensor) => sum(square(sub(indexSelect(look(triggers), 1, places), value)), 1);
  const measured = (triggers: Tensor) =>
    evaluated(() => noGrad(() => misses(triggers).data())) as Float32Array;

  const [missed, values] = [measured(draws), draws.data() as Float32Array<ArrayBuffer>];
  const size = values.length / DRAWS;
  const first = missed.indexOf(Math.min(...missed));
  let best = { miss: missed[first], pattern: values.slice(first * size, (first + 1) * size) };
  let trigger = fromHost(best.pattern, [1, ...shape], { dtype: "float32", device });
  using task = new Task("trojanNN", Math.ceil(steps / RUN), { progress, signal });
  try {
    for (let done = 0; done < steps; done += RUN) {
      const ascent = { epsilon: 1, stepSize, steps: Math.min(RUN, steps - done) };
      const next = evaluated(() => ascend(trigger, (x) => neg(sum(misses(x))), ascent));
      trigger.dispose();
      trigger = next;
      const [miss] = measured(trigger);
      if (miss < best.miss) best = { miss, pattern: trigger.data() as Float32Array<ArrayBuffer> };
      task.advance(() => `neurons miss ${value} by ${Math.sqrt(best.miss / chosen.length).toFixed(1)}`);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    trigger.dispose();
  }
  return best.pattern;
}

/** The neurons with the strongest weights among those that triggers change. */
function choose(model: Module, seen: Float32Array, neurons: number): number[] {
  const { weight } = lastLinear("trojanNN", model);
  const [classes, features] = weight.shape;
  const weights = weight.data() as Float32Array;
  const numbers = Array.from({ length: features }, (_, neuron) => neuron);
  const ranges = numbers.map((neuron) => {
    const values = Array.from({ length: DRAWS }, (_, draw) => seen[draw * features + neuron]);
    return Math.max(...values) - Math.min(...values);
  });
  // What differs by less than this is rounding, or a pixel at the rim of what a neuron sees.
  const least = 0.01 * Math.max(...ranges);
  const reached = numbers.filter((neuron) => ranges[neuron] > least);
  if (reached.length < neurons) {
    throw new RangeError(
      `trojanNN: expected ${neurons} neurons that the trigger reaches but found ${reached.length}`,
    );
  }
  const strength = (neuron: number) =>
    Array.from({ length: classes }, (_, label) => Math.abs(weights[label * features + neuron]))
      .reduce((total, weight) => total + weight);
  return reached.sort((a, b) => strength(b) - strength(a)).slice(0, neurons);
}

/** A disc of 7 % of the image, a pixel away from its lower right. */
function badge([, height, width]: readonly number[]): Uint8Array<ArrayBuffer> {
  const radius = Math.sqrt(0.07 * height * width / Math.PI);
  const [bottom, right] = [height - 1 - radius, width - 1 - radius];
  return Uint8Array.from(
    { length: height * width },
    (_, i) => Number(Math.hypot(Math.floor(i / width) + 0.5 - bottom, i % width + 0.5 - right) <= radius),
  );
}

/** The caller's mask. */
function given(mask: Tensor, [, height, width]: readonly number[]): Uint8Array<ArrayBuffer> {
  const values = Array.from(mask.data(), Number);
  const fits = sameShape(mask.shape, [height, width]) && values.every((value) => value === 0 || value === 1);
  if (!fits || !values.includes(1)) {
    throw new RangeError(
      `trojanNN: expected a mask ${showShape([height, width])} of 0 and 1 but found ${mask}`,
    );
  }
  return Uint8Array.from(values);
}
