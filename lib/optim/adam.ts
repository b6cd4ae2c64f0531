/**
 * Adam (Kingma and Ba, arXiv:1412.6980) and AdamW (Loshchilov and Hutter, arXiv:1711.05101), as PyTorch's: one call a
 * bucket. What is remembered are decayed sums, `M = β₁M + g` and `V = β₂V + g²`: the averages of the paper are
 * `(1 − β₁)M` and `(1 − β₂)V`, and their factors, with the correction for the first steps, are two numbers a step. That
 * saves two passes over the vectors.
 *
 * @module
 */
import { defineOp, type Op, type Operand } from "../tensor/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { joined } from "./flat.ts";
import { checkRange, type CommonOptions, Optimizer, type Parameters, type Update } from "./optimizer.ts";

/** Settings of {@linkcode Adam} and {@linkcode AdamW}. */
export interface AdamOptions extends CommonOptions {
  /** Decay of the sums of gradients and of their squares; default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the root of the squares' average; default 1e-8. */
  eps: number;
  /** Adam: factor of the parameters that is added to their gradients (default 0). AdamW: share of them that `lr` times
   * this takes away (default 0.01). */
  weightDecay: number;
}

type StepAttributes = {
  gaps: readonly number[];
  /** Whether a 16-bit parameter takes the rounded values. */
  half: boolean;
  /** Not at all, into the gradients, or of the values themselves. */
  decay: "none" | "gradient" | "values";
};

/**
 * Operands: values, both sums, the 16-bit parameter if there is one (these are written), then rate, decay of either
 * sum, ε, decay of the values, and the gradients. Written in place: a sum is read by its product with its decay only,
 * before the node that writes it; the values by their decay and the final difference.
 */
const adamStep: Op<Operand[], StepAttributes> = defineOp<Operand[], StepAttributes>({
  name: "adamStep",
  infer: (operands, { half }) => {
    const written = operands.slice(0, half ? 4 : 3) as Tensor[];
    return written.map(({ dtype, shape }) => ({ dtype, shape }));
  },
  graph: (g, operands, { attributes: { gaps, half, decay }, inputs, outputs: specs }) => {
    const [values, sum, squares] = operands;
    const written = half ? 4 : 3;
    const [rate, beta1, beta2, eps, decayed] = operands.slice(written);
    const first = written + 5;
    let gradient = joined(g, operands.slice(first), inputs.slice(first), gaps, inputs[0].dtype);
    if (decay === "gradient") gradient = g.node("Add", [gradient, g.node("Mul", [values, decayed])]);
    const before = decay === "values" ? g.node("Mul", [values, decayed]) : values;
    const newSum = g.node("Add", [g.node("Mul", [sum, beta1]), gradient]);
    const newSquares = g.node("Add", [
      g.node("Mul", [squares, beta2]),
      g.node("Mul", [gradient, gradient]),
    ]);
    const root = g.node("Add", [g.node("Sqrt", [newSquares]), eps]);
    const changed = g.node("Sub", [before, g.node("Mul", [g.node("Div", [newSum, root]), rate])]);
    const outputs = [changed, newSum, newSquares];
    if (half) outputs.push(g.cast(changed, specs[3].dtype));
    return outputs;
  },
});

abstract class AdamBase extends Optimizer<AdamOptions> {
  readonly #name: string;
  readonly #decoupled: boolean;

  constructor(
    name: string,
    decoupled: boolean,
    parameters: Parameters<AdamOptions>,
    options: Partial<AdamOptions>,
  ) {
    const weightDecay = decoupled ? 0.01 : 0;
    super(name, parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay, ...options });
    this.#name = name;
    this.#decoupled = decoupled;
    for (const group of this.groups) this.check(group.options);
  }

  protected override vectors(): readonly string[] {
    return ["sum", "squareSum"];
  }

  protected override check({ lr, betas, eps, weightDecay }: AdamOptions): void {
    checkRange(this.#name, "lr", lr, 0);
    checkRange(this.#name, "eps", eps, 0);
    checkRange(this.#name, "weightDecay", weightDecay, 0);
    betas.forEach((beta, i) => checkRange(this.#name, `betas[${i}]`, beta, 0, 1));
  }

  protected override update(
    { values, state, half, gradients, gaps, step, options }: Update<AdamOptions>,
  ): void {
    const { lr, betas: [beta1, beta2], eps, weightDecay } = options;
    // The paper's averages, corrected: M · first and V · second².
    const first = (1 - beta1) / (1 - beta1 ** step);
    const second = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
    const decay = weightDecay === 0 ? "none" : this.#decoupled ? "values" : "gradient";
    const decayed = this.#decoupled ? 1 - lr * weightDecay : weightDecay;
    const written = half === null ? [values, ...state] : [values, ...state, half];
    const numbers = [lr * first / second, beta1, beta2, eps / second, decayed];
    adamStep.into([...written, ...numbers, ...gradients], {
      gaps,
      half: half !== null,
      decay,
    }, written.length);
  }
}

/**
 * Adam: every element's step is scaled by the root of its squared gradients' average. Weight decay enters the gradients.
 *
 * @throws {RangeError} when a setting is out of range.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([1], { requiresGrad: true });
 * using optimizer = new ebb.optim.Adam([w], { lr: 0.1 });
 * ebb.scope(() => w.square().sum().backward());
 * optimizer.step(); // the first step is as long as the rate
 * assertAlmostEquals(w.item(), 0.9, 1e-6);
 * ```
 */
export class Adam extends AdamBase {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("Adam", false, parameters, options);
  }
}

/**
 * Adam with decoupled weight decay: parameters shrink by `lr · weightDecay` of themselves in each step.
 *
 * @throws {RangeError} when a setting is out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.ones([4], { requiresGrad: true });
 * using optimizer = new ebb.optim.AdamW([w], { lr: 0.01, weightDecay: 0.1 });
 * ebb.scope(() => w.square().sum().backward());
 * optimizer.step();
 * assert(w.sum().item() < 4);
 * ```
 */
export class AdamW extends AdamBase {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("AdamW", true, parameters, options);
  }
}
