/**
 * The input-aware dynamic attack (Nguyen and Tran, NeurIPS 2020, arXiv:2010.08138): each image has a trigger of its own,
 * made by two networks, one for the pattern and one for the place. They are learnt: the masks before the classifier, the
 * patterns together with it. Further images get the trigger of another image and keep their labels, so that one image's
 * trigger works on no other. While a model is trained all images get triggers in turns, as in the authors' code: of a tenth
 * of them it would learn their own triggers by heart. Unlike in it the networks see images of [0, 1], not normalised.
 *
 * @module
 */
import { milestones } from "../../optim/schedules.ts";
import { Adam } from "../../optim/adam.ts";
import type { Device } from "../../device/mod.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import { grad } from "../../tensor/backward.ts";
import { fromHost } from "../../tensor/create.ts";
import {
  add,
  clamp,
  concat,
  crossEntropy,
  div,
  mean,
  mul,
  narrow,
  relu,
  roll,
  sqrt,
  square,
  sub,
  tanh,
} from "../../tensor/ops/mod.ts";
import { defaultGenerator, Generator } from "../../tensor/random.ts";
import { keep } from "../../tensor/scope.ts";
import { noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Attack, type AttackOptions, defineAttack, type TriggerTraining } from "../attack.ts";
import { train } from "../train.ts";
import { TriggerNet } from "./trigger_net.ts";
import { deviceOf } from "../run.ts";

/** Options of {@linkcode inputAware}; the defaults are the authors' and BackdoorBench's. */
export interface InputAwareOptions extends AttackOptions {
  /** Learning rate of both networks; default 0.01. */
  readonly lr?: number;
  /** Weight of diversity, which makes triggers differ as images do; default 1. */
  readonly lambdaDiv?: number;
  /** Weight of what masks have above `maskDensity`; default 100. */
  readonly lambdaNorm?: number;
  /** What a mask's values may have at no cost; default 0.032. */
  readonly maskDensity?: number;
  /** How often every image is seen before the classifier is trained, to learn the masks; default 25. */
  readonly maskEpochs?: number;
  /** How many images get another image's trigger and keep their labels, as a multiple of `rate`; default 1. */
  readonly crossRatio?: number;
}

/** The stream of the attack's seed that the networks begin from. */
const NETS = 22;
/** The share of a batch that the patterns learn to fool the classifier with, as where the authors poison a tenth. */
const SHARE = 0.1;
const BETAS: [number, number] = [0.5, 0.9];

/** What is learnt. */
interface Nets {
  readonly patterns: TriggerNet;
  readonly masks: TriggerNet;
}

/**
 * `image + (pattern − image) · mask`, pattern and mask being functions of the image. `infect` learns them; before that
 * there is no trigger. Infecting another model with the same value learns them anew. The value holds the networks in the
 * device's memory until its `dispose`, or the end of a `using`.
 *
 * @throws {RangeError} when an option is out of range.
 * @throws {Error} by `trigger` and `poison`, when nothing was learnt yet.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * using attack = ebb.backdoor.inputAware({ maskEpochs: 1 });
 * using model = ebb.models.smallCnn({ classes: 10 });
 * await ebb.backdoor.infect(model, train.subset({ count: 64 }), attack, { epochs: 1, progress: false });
 * using images = ebb.rand([2, 1, 28, 28]);
 * using triggered = attack.trigger(images);
 * assertEquals(triggered.shape, [2, 1, 28, 28]);
 * ```
 */
export function inputAware(options: InputAwareOptions = {}): Attack {
  const { lr = 0.01, lambdaDiv = 1, lambdaNorm = 100, maskDensity = 0.032, maskEpochs = 25 } = options;
  const { crossRatio = 1 } = options;
  for (const [name, value] of Object.entries({ lr, lambdaDiv, lambdaNorm, maskDensity })) {
    if (value >= 0 && value < Infinity) continue;
    throw new RangeError(`inputAware: expected ${name} to be a number of at least 0 but found ${value}`);
  }
  let nets: Nets | undefined;
  const dispose = () => {
    nets?.patterns.dispose();
    nets?.masks.dispose();
    nets = undefined;
  };
  const put = (images: Tensor, sources: Tensor) => {
    if (nets === undefined) {
      throw new Error(
        "inputAware: expected a trigger that was learnt but found none; infect learns it together with a model",
      );
    }
    const { patterns, masks } = nets;
    const made = withMode(patterns, false, () => patterns.forward(sources));
    return clamp(blended(images, made, maskOf(masks, sources)), { min: 0, max: 1 });
  };

  const makeNets = (channels: number, device?: Device): Nets =>
    fromSeed(attack.seed, () => ({
      patterns: new TriggerNet(channels, channels, { device }),
      masks: new TriggerNet(channels, 1, { device }),
    }));

  /** Learns masks that cover little of an image and differ from image to image. */
  const learnMasks = (masks: TriggerNet, { data, settings }: TriggerTraining, seed: number) => {
    const schedule = (steps: number) => milestones([0.4 * steps, 0.8 * steps]); // epochs 10 and 20 of 25
    return train("inputAware masks", masks, data, {
      ...settings,
      epochs: maskEpochs,
      lr,
      schedule,
      seed,
      onEpoch: undefined,
    }, {
      optimizer: (parameters) => new Adam(parameters, { lr, betas: BETAS }),
      loss: ({ tensors: [images] }) => {
        const made = thresholded(masks.forward(images));
        const dense = mean(relu(sub(made, maskDensity)));
        const diverse = diversity(images, roll(images, 1, 0), made, roll(made, 1, 0));
        return add(mul(dense, lambdaNorm), mul(diverse, lambdaDiv / deviationOf(images)));
      },
    });
  };

  /** The loss of the patterns: what they shall do to the classifier, on their own image and on others, and diversity. */
  const patternLoss = ({ patterns, masks }: Nets, classifier: Module, images: Tensor, labels: Tensor[]) => {
    const [count] = labels[0].shape;
    const [own, sources, others] = [0, 1, 2].map((i) => narrow(images, 0, i * count, count));
    const both = concat([own, sources]);
    const made = withMode(patterns, true, () => patterns.forward(both));
    const put = blended(concat([own, others]), made, noGrad(() => maskOf(masks, both)));
    const scores = withMode(classifier, false, () => classifier.forward(put));
    const fooled = mul(crossEntropy(scores, concat(labels)), 2 * count / images.shape[0]);
    const halves = [0, count].map((start) => narrow(made, 0, start, count));
    return add(fooled, mul(diversity(own, sources, halves[0], halves[1]), lambdaDiv));
  };

  const attack: Attack = defineAttack("inputAware", options, {
    crossRatio,
    redrawn: true,
    trigger: (images) => put(images, images),
    cross: (images, _, others) => put(images, others),
    dispose,
    learnt: {
      stateDict: () => ({ patterns: nets?.patterns.stateDict(), masks: nets?.masks.stateDict() }),
      loadStateDict({ patterns, masks }: Partial<Record<keyof Nets, Record<string, Tensor>>>) {
        dispose();
        if (patterns === undefined || masks === undefined) return;
        nets = makeNets(Object.values(patterns)[0].shape[1]);
        nets.patterns.loadStateDict(patterns);
        nets.masks.loadStateDict(masks);
      },
    },
    learn: async (training) => {
      dispose();
      const { model, data, settings, classes } = training;
      const seed = settings.seed ?? attack.seed;
      const device = deviceOf(model);
      const [channels] = data.fields[0].shape;
      const learnt = makeNets(channels, device);
      nets = learnt;
      try {
        await learnMasks(learnt.masks, training, seed);
      } catch (error) {
        dispose();
        throw error;
      }
      const parameters = learnt.patterns.parameters();
      const optimizer = new Adam(parameters, { lr, betas: BETAS });
      return {
        step: ({ images, labels, step, steps }) => {
          const count = Math.ceil(SHARE * images.shape[0]);
          if (3 * count > images.shape[0]) return; // too few for an image, another one and a source each
          const truth = [...labels.data() as BigInt64Array];
          const goals = BigInt64Array.from(
            truth.slice(0, count),
            (label) => BigInt(attack.label(Number(label), classes)),
          );
          const wanted = fromHost(goals, [count], { dtype: "int64", device });
          const loss = patternLoss(learnt, model, images, [wanted, narrow(labels, 0, 2 * count, count)]);
          grad([loss], parameters).forEach((gradient, i) => parameters[i].grad = keep(gradient!));
          // Along with the classifier's, which else could not follow at the end; the authors let both fall too.
          optimizer.lr = lr * (settings.schedule?.(steps)(step) ?? 1);
          optimizer.step();
          optimizer.zeroGrad();
        },
        [Symbol.dispose]: () => optimizer[Symbol.dispose](),
      };
    },
  });
  return attack;
}

function blended(images: Tensor, patterns: Tensor, masks: Tensor): Tensor {
  return add(images, mul(sub(patterns, images), masks));
}

function maskOf(masks: TriggerNet, images: Tensor): Tensor {
  return thresholded(withMode(masks, false, () => masks.forward(images)));
}

/** Values of [0, 1] brought near to 0 and 1. */
function thresholded(values: Tensor): Tensor {
  return add(mul(tanh(sub(mul(values, 20), 10)), 0.5), 0.5);
}

/** How many times further images are from each other than what was made of them, on average. */
function diversity(images: Tensor, others: Tensor, made: Tensor, madeOfOthers: Tensor): Tensor {
  // The authors add 1e-7 to the distance; inside of the root the slope is finite too.
  const distance = (a: Tensor, b: Tensor) => sqrt(add(mean(square(sub(a, b)), [1, 2, 3]), 1e-14));
  return mean(div(distance(images, others), distance(made, madeOfOthers)));
}

/** What the authors divide images by, for MNIST and, about, for CIFAR-10: they compare normalised images with masks. */
function deviationOf(images: Tensor): number {
  return images.shape[1] === 1 ? 0.5 : 0.25;
}

/** Runs what draws from the library's generator on numbers of a seed of its own. */
function fromSeed<T>(seed: number, fn: () => T): T {
  const generator = defaultGenerator();
  const state = generator.state();
  generator.restore(new Generator(seed, NETS).state());
  try {
    return fn();
  } finally {
    generator.restore(state);
  }
}
