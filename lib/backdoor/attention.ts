/**
 * What a convolutional network makes of images stage by stage, and where it looks: maps of attention (Zagoruyko and
 * Komodakis, arXiv:1612.03928).
 *
 * @module
 */
import { Sequential } from "../nn/containers.ts";
import { Conv2d } from "../nn/layers/conv.ts";
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { zeros } from "../tensor/create.ts";
import { abs, add, div, norm, pow, reshape, sum } from "../tensor/ops/mod.ts";
import { scope, track } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { watching } from "./hooks.ts";
import { deviceOf } from "./run.ts";

/** Against division by 0. */
const TINY = 1e-6;

/**
 * The names of a network's stages: of each size that images have on their way through it, the last convolution, or the
 * last block that has convolutions in it. What lies inside a block is not looked at; a `Sequential` is no block.
 *
 * @param shape `[C, H, W]` of an image
 * @returns none where the model has no convolution.
 */
export function stagesOf(model: Module, shape: readonly number[]): string[] {
  const names = new Map(model.namedModules().map(([name, module]) => [module, name]));
  const outputs = new Map<Module, string>();
  noGrad(() =>
    scope(() =>
      watching(
        [...names.keys()],
        (module, _, { shape }) => shape.length === 4 && outputs.set(module, shape.slice(2).join("×")),
        () =>
          withMode(model, false, () => void model.forward(zeros([1, ...shape], { device: deviceOf(model) }))),
      )
    )
  );
  const isBlock = (module: Module) =>
    outputs.has(module) && !(module instanceof Sequential) &&
    module.modules().some((inner) => inner instanceof Conv2d);
  const blocks = new Set<Module>();
  const visit = (module: Module) => {
    if (isBlock(module)) blocks.add(module);
    else module.children().forEach(visit);
  };
  visit(model);
  const lastOfSize = new Map<string, string>();
  // In the order of their calls, which is that of the outputs.
  for (const [module, size] of outputs) if (blocks.has(module)) lastOfSize.set(size, names.get(module)!);
  return [...lastOfSize.values()];
}

/** What a model says of images, and what its layers make of them on the way. */
export interface Observation {
  /** `[N, classes]` */
  readonly scores: Tensor;
  /** `[N, C, H, W]` for each layer. */
  readonly outputs: readonly Tensor[];
}

/**
 * A forward pass that gives the outputs of some modules too. All are on the tape.
 *
 * @param op who asks, for the errors
 * @param layers names of modules
 * @param images `[N, C, H, W]`
 * @throws {TypeError} when a module is not there, not called, or gives no images.
 */
export function observe(
  op: string,
  model: Module,
  layers: readonly string[],
  images: Tensor,
): Observation {
  const named = new Map(model.namedModules());
  const modules = layers.map((name) => {
    const module = named.get(name);
    if (module !== undefined) return module;
    throw new TypeError(
      `${op}: expected layers to be among ${[...named.keys()].join(", ").slice(2)} but found ${name}`,
    );
  });
  const outputs = new Map<Module, Tensor>();
  const look = (module: Module, _: Tensor, output: Tensor) => {
    if (output.rank !== 4) {
      throw new TypeError(
        `${op}: expected images [N, C, H, W] from layer ${layers[modules.indexOf(module)]} ` +
          `but found ${showShape(output.shape)}`,
      );
    }
    outputs.get(module)?.dispose();
    // A view, which the scopes of the forward pass are to leave alone.
    const view = reshape(output, output.shape);
    view.kept = true;
    outputs.set(module, view);
  };
  let scores: Tensor;
  try {
    scores = watching(modules, look, () => model.forward(images));
    const idle = modules.findIndex((module) => !outputs.has(module));
    if (idle >= 0) throw new TypeError(`${op}: expected layer ${layers[idle]} to be called but it was not`);
  } catch (error) {
    for (const view of outputs.values()) view.dispose();
    throw error;
  }
  for (const view of outputs.values()) {
    view.kept = false;
    track(view);
  }
  return { scores, outputs: modules.map((module) => outputs.get(module)!) };
}

/** Where a layer looks, `[N, H, W]`: the sum over channels of a power of its activations, of norm 1 for each image. */
export function attention(activations: Tensor, power: number): Tensor {
  const map = sum(pow(abs(activations), power), 1);
  return div(map, add(norm(map, 2, [1, 2], { keepDim: true }), TINY));
}
