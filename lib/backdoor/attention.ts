/**
 * Where a convolutional network looks: maps of attention (Zagoruyko and Komodakis, arXiv:1612.03928), and the stages of a
 * network that they are taken of.
 *
 * @module
 */
import { Sequential } from "../nn/containers.ts";
import { Conv2d } from "../nn/layers/conv.ts";
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { zeros } from "../tensor/create.ts";
import { abs, add, div, norm, pow, sum } from "../tensor/ops/mod.ts";
import { scope, track } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { watching } from "./hooks.ts";

/** Against division by 0. */
const TINY = 1e-6;

/**
 * The names of a network's stages: of each size that images have on their way through it, the last convolution, or the
 * last block that has convolutions in it. What lies inside a block is not looked at; a `Sequential` is no block.
 *
 * @param op who asks, for the error
 * @param shape `[C, H, W]` of an image
 * @throws {TypeError} when the model has no convolution.
 */
export function stagesOf(op: string, model: Module, shape: readonly number[]): string[] {
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
  if (lastOfSize.size > 0) return [...lastOfSize.values()];
  throw new TypeError(`${op}: expected a model with convolutions but found ${model.constructor.name}`);
}

/** What a model says of images and where it looks. */
export interface Attention {
  /** `[N, classes]` */
  readonly scores: Tensor;
  /** `[N, H, W]` for each layer: the sum over channels of a power of the activations, of norm 1 for each image. */
  readonly maps: readonly Tensor[];
}

/**
 * A forward pass that gives the maps of attention behind some modules too. All are on the tape.
 *
 * @param op who asks, for the errors
 * @param layers names of modules
 * @param images `[N, C, H, W]`
 * @throws {TypeError} when a module is not there, not called, or gives no images.
 */
export function attend(
  op: string,
  model: Module,
  layers: readonly string[],
  images: Tensor,
  power: number,
): Attention {
  const named = new Map(model.namedModules());
  const modules = layers.map((name) => {
    const module = named.get(name);
    if (module !== undefined) return module;
    throw new TypeError(
      `${op}: expected layers to be among ${[...named.keys()].join(", ").slice(2)} but found ${name}`,
    );
  });
  const maps = new Map<Module, Tensor>();
  const look = (module: Module, _: Tensor, output: Tensor) => {
    if (output.rank !== 4) {
      throw new TypeError(
        `${op}: expected images [N, C, H, W] from layer ${layers[modules.indexOf(module)]} ` +
          `but found ${showShape(output.shape)}`,
      );
    }
    maps.get(module)?.dispose();
    const map = attention(output, power);
    // The scopes of the forward pass are to leave it alone.
    map.kept = true;
    maps.set(module, map);
  };
  let scores: Tensor;
  try {
    scores = watching(modules, look, () => model.forward(images));
    const idle = modules.findIndex((module) => !maps.has(module));
    if (idle >= 0) throw new TypeError(`${op}: expected layer ${layers[idle]} to be called but it was not`);
  } catch (error) {
    for (const map of maps.values()) map.dispose();
    throw error;
  }
  for (const map of maps.values()) {
    map.kept = false;
    track(map);
  }
  return { scores, maps: modules.map((module) => maps.get(module)!) };
}

function attention(activations: Tensor, power: number): Tensor {
  const map = sum(pow(abs(activations), power), 1);
  return div(map, add(norm(map, 2, [1, 2], { keepDim: true }), TINY));
}

function deviceOf(model: Module) {
  return model.parameters()[0]?.device;
}
