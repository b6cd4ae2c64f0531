/**
 * What a module owns: parameters, which are learnt, and buffers, which are not but belong to its state.
 *
 * @module
 */
import { isFloating } from "../tensor/dtype.ts";
import { keep } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a tensor is to the module that has it as a property. */
export type Role = "parameter" | "buffer";

const roles = new WeakMap<Tensor, Role>();

/**
 * Makes a tensor a parameter: a leaf that gathers gradients, lives until the module is disposed, and is found when it is
 * a property of a module.
 *
 * @returns the tensor itself.
 * @throws {TypeError} when it is computed from tensors that require gradients, or is of no floating type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * class Scale extends ebb.nn.Module {
 *   factor = ebb.nn.parameter(ebb.ones([1]));
 *   override forward(x: ebb.Tensor) {
 *     return x.mul(this.factor);
 *   }
 * }
 * using scale = new Scale();
 * assertEquals(Object.keys(scale.stateDict()), ["factor"]);
 * ```
 */
export function parameter(tensor: Tensor): Tensor {
  if (tensor.node !== null || !isFloating(tensor.dtype)) {
    throw new TypeError(`parameter: expected a leaf of a floating type but found ${tensor}`);
  }
  tensor.requiresGrad = true;
  roles.set(tensor, "parameter");
  return keep(tensor);
}

/**
 * Makes a tensor a buffer: state of a module that is not learnt, such as running statistics. Returns the tensor.
 *
 * @throws {TypeError} when it requires gradients.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * class Standardise extends ebb.nn.Module {
 *   mean = ebb.nn.buffer(ebb.tensor([0.1307]));
 *   override forward(x: ebb.Tensor): ebb.Tensor {
 *     return x.sub(this.mean);
 *   }
 * }
 * using layer = new Standardise();
 * assertEquals([Object.keys(layer.stateDict()), layer.parameters()], [["mean"], []]); // kept, and not learnt
 * ```
 */
export function buffer(tensor: Tensor): Tensor {
  if (tensor.requiresGrad) {
    throw new TypeError(`buffer: expected a tensor that requires no gradient but found ${tensor}`);
  }
  roles.set(tensor, "buffer");
  return keep(tensor);
}

/** What a tensor is; null: nothing that a module owns. A leaf that gathers gradients is a parameter without being told. */
export function roleOf(tensor: Tensor): Role | null {
  const role = roles.get(tensor);
  if (role !== undefined) return role;
  return !tensor.disposed && tensor.requiresGrad && tensor.node === null ? "parameter" : null;
}
