/**
 * Modules that hold modules.
 *
 * @module
 */
import { discard, scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { activationOf, inFastOrder } from "./fuse.ts";
import { Module } from "./module.ts";

abstract class Container extends Module implements Iterable<Module> {
  protected readonly items: Module[];

  constructor(modules: readonly Module[]) {
    super();
    this.items = [];
    for (const module of modules) this.append(module);
  }

  /** Number of modules. */
  get length(): number {
    return this.items.length;
  }

  /** Module `index`; negative numbers count from the end. */
  at(index: number): Module | undefined {
    return this.items.at(index);
  }

  /** Adds a module at the end. */
  append(module: Module): this {
    if (!(module instanceof Module)) {
      throw new TypeError(
        `${this.constructor.name}: expected modules but found ${module === null ? "null" : typeof module}`,
      );
    }
    this.items.push(module);
    return this;
  }

  [Symbol.iterator](): Iterator<Module> {
    return this.items[Symbol.iterator]();
  }

  /** The modules are named by their place, as in PyTorch. */
  protected override properties(): Iterable<readonly [string, unknown]> {
    const { items: _, ...own } = this;
    return [...Object.entries(own), ...Object.entries(this.items)];
  }
}

/**
 * Modules one after the other. An activation behind a layer runs in the layer's own call where nobody looks at the value
 * in between, and what no later layer reads is freed on the way.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { Linear, ReLU, Sequential } = ebb.nn;
 * using model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
 * assertEquals(Object.keys(model.stateDict()), ["0.weight", "0.bias", "2.weight", "2.bias"]);
 * using x = ebb.ones([2, 4]);
 * using y = model.forward(x);
 * assertEquals(y.shape, [2, 3]);
 * ```
 */
export class Sequential extends Container {
  constructor(...modules: Module[]) {
    super(modules);
  }

  override forward(x: Tensor): Tensor {
    let value = x;
    const items = inFastOrder(this.items);
    for (let i = 0; i < items.length; i++) {
      const module = items[i];
      const activation = activationOf(items[i + 1]);
      const fused = activation === null ? null : module.fused(activation);
      const given = value;
      value = fused === null ? module.forward(given) : scope(() => fused(given));
      if (fused !== null) i++;
      if (value !== given && given !== x) discard(given);
    }
    return value;
  }
}

/**
 * A list of modules, to be called by the module that has it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * class Residual extends ebb.nn.Module {
 *   layers = new ebb.nn.ModuleList([new ebb.nn.Linear(4, 4), new ebb.nn.Linear(4, 4)]);
 *   override forward(x: ebb.Tensor): ebb.Tensor {
 *     for (const layer of this.layers) x = x.add(layer.forward(x));
 *     return x;
 *   }
 * }
 * using model = new Residual();
 * const names = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"];
 * assertEquals(Object.keys(model.stateDict()), names);
 * using x = ebb.ones([2, 4]);
 * using y = model.forward(x);
 * assertEquals(y.shape, [2, 4]);
 * ```
 */
export class ModuleList extends Container {
  constructor(modules: Iterable<Module> = []) {
    super([...modules]);
  }

  /** Throws: a list has no forward pass. */
  override forward(): never {
    throw new Error("ModuleList: expected its modules to be called one by one but found a call of the list");
  }
}
