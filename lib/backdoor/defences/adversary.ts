/**
 * Who changes images while a backdoor is erased. One that knows nothing leads them away from their true labels. One that
 * was told the backdoor's label leads them there: by the triggers that were found, which are learnt on so that they work
 * on the model as it becomes, and, in turns with them, each image by a change of its own.
 *
 * @module
 */
import type { Device } from "../../device/mod.ts";
import { withMode } from "../../nn/mode.ts";
import type { Module } from "../../nn/module.ts";
import type { Adam } from "../../optim/adam.ts";
import { grad } from "../../tensor/backward.ts";
import { add, crossEntropy, mul, neg } from "../../tensor/ops/mod.ts";
import { keep, scope } from "../../tensor/scope.ts";
import { enableGrad, noGrad } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Inspection, type LabelEvidence, suspect } from "../inspect.ts";
import { withBatchStatistics } from "../norms.ts";
import { ascend, pgd, type PgdOptions } from "../pgd.ts";
import { Overlay } from "../reversed/overlay.ts";
import { Patch } from "../reversed/patch.ts";
import { learner, type LearntTrigger, towards } from "../reversed/search.ts";
import { Warp } from "../reversed/warp.ts";
import { deviceOf } from "../run.ts";

/** Images that were changed. */
export interface Changed {
  /** `[N, C, H, W]`, off the tape. */
  readonly images: Tensor;
  /** The label that they were led to; undefined where they were led away from their own. */
  readonly target?: number;
}

/** Changes images so that models err. */
export interface Adversary extends Disposable {
  change(images: Tensor, labels: Tensor): Changed;
}

/** How images are changed step by step, and whether for both models at once. */
export type AdversaryOptions = PgdOptions & { readonly shared: boolean };

/** Leads images away from their labels, for `model` or, with `shared`, for `given` too. */
export function away(model: Module, given: Module, settings: AdversaryOptions): Adversary {
  const led = (images: Tensor, labels: Tensor) => {
    if (!settings.shared) return pgd(model, images, labels, settings);
    const loss = (x: Tensor) => both(model, given, (each) => crossEntropy(each.forward(x), labels));
    return evaluating(model, given, settings, () => ascend(images, loss, settings));
  };
  return { change: (images, labels) => ({ images: led(images, labels) }), [Symbol.dispose]() {} };
}

/** Steps in which a trigger is learnt on before each time that it is used, and its learning rate. */
const LEARNT = 2;
const RATE = 0.1;
/** How much further than was enough in the beginning overlays and warps may go. */
const ROOM = 1.5;
/** What a pixel of a patch costs. */
const COST = 0.01;
/** A kind of trigger is used if it speaks for the label at least so much as the one that speaks most, in parts. */
const WORTH = 1 / 3;

/**
 * Leads images to the label that an inspection found, for both models at once. Where it found none for certain, to the
 * label that most speaks for, and in turns with that away from their own.
 *
 * @param op who asks, for the error
 * @throws {RangeError} when the inspection names a target that is no label of its own.
 */
export function towardsTarget(
  op: string,
  model: Module,
  given: Module,
  inspection: Inspection,
  shape: readonly number[],
  settings: AdversaryOptions,
): Adversary {
  const { target, labels } = inspection;
  const evidence = suspect(inspection);
  if (evidence === undefined) {
    throw new RangeError(
      `${op}: expected an inspection whose target is one of its ${labels.length} labels but found ${target}`,
    );
  }
  const { label } = evidence;
  const lures = luresOf(evidence, shape, deviceOf(given));
  const lead = (x: Tensor) => both(model, given, (each) => towards(each.forward(x), label));
  const led = (change: (images: Tensor) => Tensor): Adversary["change"] => (images) => ({
    images: evaluating(model, given, settings, () => change(images)),
    target: label,
  });
  const turns = [
    ...lures.map((lure) =>
      led((images) => {
        for (let step = 0; step < LEARNT; step++) lure.learn(images, lead);
        return noGrad(() => lure.put(images));
      })
    ),
    led((images) => ascend(images, (x) => neg(lead(x)), settings)),
    ...(target === null ? [away(model, given, settings).change] : []),
  ];
  let turn = 0;
  return {
    change: (images, labels) => turns[turn++ % turns.length](images, labels),
    [Symbol.dispose]: () => lures.forEach((lure) => lure[Symbol.dispose]()),
  };
}

/** Those triggers of a label that speak for it. */
function luresOf(evidence: LabelEvidence, shape: readonly number[], device: Device | undefined): Lure[] {
  const { patch, overlay, warp, advantages } = evidence;
  const makers = {
    patch: () => new Patch(shape, device, patch),
    overlay: () => new Overlay(shape, Math.min(1, ROOM * overlay.mask.data[0]), device, overlay.pattern),
    warp: () => new Warp(shape, ROOM * warp.reach, warp.field, device),
  };
  const kinds = ["patch", "overlay", "warp"] as const;
  const most = Math.max(...kinds.map((kind) => advantages[kind]));
  return kinds.filter((kind) => advantages[kind] >= Math.min(most, WORTH * most)).map((kind) =>
    new Lure(makers[kind]())
  );
}

/** A trigger that is learnt on. */
class Lure {
  readonly #trigger: LearntTrigger;
  readonly #optimizer: Adam;

  constructor(trigger: LearntTrigger) {
    this.#trigger = trigger;
    this.#optimizer = learner(trigger, RATE);
  }

  /** Makes the images with the trigger, and the trigger itself where that costs, a smaller loss. */
  learn(images: Tensor, loss: (x: Tensor) => Tensor): void {
    scope(() => {
      const trigger = this.#trigger;
      const gradients = enableGrad(() => {
        const reached = loss(trigger.put(images));
        const size = trigger.size?.();
        return grad([size === undefined ? reached : add(reached, mul(size, COST))], trigger.parameters);
      });
      trigger.parameters.forEach((parameter, i) => parameter.grad = keep(gradients[i]!));
      this.#optimizer.step();
      this.#optimizer.zeroGrad();
    });
  }

  put(images: Tensor): Tensor {
    return this.#trigger.put(images);
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    this.#trigger[Symbol.dispose]();
  }
}

/** The sum of what is made of each model. */
function both(model: Module, given: Module, of: (model: Module) => Tensor): Tensor {
  return add(of(model), of(given));
}

/** Runs `fn` with both models in evaluation, with the statistics of batch norm that the settings name. */
function evaluating<T>(model: Module, given: Module, { batchNorm }: AdversaryOptions, fn: () => T): T {
  const pass = () =>
    batchNorm === "batch" ? withBatchStatistics(given, () => withBatchStatistics(model, fn)) : fn();
  return withMode(given, false, () => withMode(model, false, pass));
}
