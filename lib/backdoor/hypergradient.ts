/**
 * The implicit hypergradient: how a loss changes with a model's parameters through something that was itself optimised
 * under them, such as a perturbation (Grazzi et al., "On the Iteration Complexity of Hypergradient Computation", ICML 2020,
 * arXiv:2006.16218; Zeng et al., arXiv:2110.03735, Section 3). The second derivatives in it are differences of gradients at
 * two near places, so that no operation needs a second derivative of its own.
 *
 * @module
 */
import { grad } from "../tensor/backward.ts";
import { add, add_, mul, norm, sub } from "../tensor/ops/mod.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How a hypergradient is computed. */
export interface HypergradientOptions {
  /** Iterations of the fixed point. */
  readonly iterations: number;
  /** The step of the map whose fixed point the optimised tensor is taken for. */
  readonly mapLr: number;
}

/** How far the two places are from the middle that a difference is taken of, root mean square of an element. */
const APART = 1e-3;

/**
 * Adds to the parameters' gradients what reaches them through `optimised`, whose own gradient must be there; that is
 * forgotten then. `optimised` is taken for a fixed point of `x − mapLr · ∇inner(x)`: its gradient is summed up along the
 * map's derivative, and the sum carried on to the parameters.
 *
 * @param optimised a leaf with the outer loss's gradient
 * @param inner what `optimised` makes small, as a function of it under the parameters
 */
export function addHypergradient(
  parameters: readonly Tensor[],
  optimised: Tensor,
  inner: (at: Tensor) => Tensor,
  { iterations, mapLr }: HypergradientOptions,
): void {
  const first = optimised.grad!;
  let v = first;
  for (let k = 1; k < iterations; k++) {
    const [curved] = along(optimised, v, (at) => [slopeAt(at, inner)]);
    v = noGrad(() => add(sub(v, mul(curved, mapLr)), first));
  }
  const reached = parameters.filter((parameter) => parameter.grad !== null);
  const carried = along(optimised, v, (at) => grad([inner(at)], reached) as Tensor[]);
  noGrad(() => reached.forEach(({ grad }, i) => add_(grad!, mul(carried[i], -mapLr))));
  first.dispose();
  optimised.grad = null;
}

/** How gradients change when `x` moves along `v`: a second derivative times `v`. */
function along(x: Tensor, v: Tensor, gradients: (at: Tensor) => Tensor[]): Tensor[] {
  const length = norm(v).item();
  // Where there is no direction, any will do: nothing is carried.
  const gap = APART * Math.sqrt(x.size);
  const step = noGrad(() => mul(v, gap / (length || 1)));
  const [above, below] = [add, sub].map((op) => gradients(noGrad(() => op(x, step))));
  return noGrad(() => above.map((slope, i) => mul(sub(slope, below[i]), length / (2 * gap))));
}

/** The gradient of a function at `x`. */
export function slopeAt(x: Tensor, fn: (at: Tensor) => Tensor): Tensor {
  const at = x.detach();
  at.requiresGrad = true;
  return grad([fn(at)], [at])[0]!;
}
