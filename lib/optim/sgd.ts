/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: one call a bucket.
 *
 * @module
 */
import { defineOp, type Op, type Operand } from "../tensor/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { joined } from "./flat.ts";
import { checkRange, type CommonOptions, Optimizer, type Parameters, type Update } from "./optimizer.ts";

/** Settings of {@linkcode SGD}. */
export interface SGDOptions extends CommonOptions {
  /** Share of the earlier direction that is kept; default 0. */
  momentum: number;
  /** Share of the gradient that does not enter the direction; default 0. */
  dampening: number;
  /** Factor of the parameters that is added to their gradients; default 0. */
  weightDecay: number;
  /** Look ahead along the direction; default false. */
  nesterov: boolean;
}

type StepAttributes = {
  gaps: readonly number[];
  /** Whether a 16-bit parameter takes the rounded values. */
  half: boolean;
  momentum: boolean;
  nesterov: boolean;
  decay: boolean;
};

/**
 * Operands: values, direction if there is momentum, the 16-bit parameter if there is one (these are written), then
 * rate, momentum, share of the gradient, decay, and the gradients. Written in place: each is read last by the node that
 * writes it, or before: the direction in the first product, the values by the decay and the final difference.
 */
const sgdStep: Op<Operand[], StepAttributes> = defineOp<Operand[], StepAttributes>({
  name: "sgdStep",
  infer: (operands, { momentum, half }) => {
    const written = operands.slice(0, 1 + Number(momentum) + Number(half)) as Tensor[];
    return written.map(({ dtype, shape }) => ({ dtype, shape }));
  },
  graph: (g, operands, { attributes, inputs, outputs: specs }) => {
    const { gaps, half, momentum, nesterov, decay } = attributes;
    const written = 1 + Number(momentum) + Number(half);
    const [rate, kept, share, decayed] = operands.slice(written);
    const first = written + 4;
    const [values, before] = operands;
    let d = joined(g, operands.slice(first), inputs.slice(first), gaps, inputs[0].dtype);
    if (decay) d = g.node("Add", [d, g.node("Mul", [values, decayed])]);
    const outputs: string[] = [];
    if (momentum) {
      const direction = g.node("Add", [g.node("Mul", [before, kept]), g.node("Mul", [d, share])]);
      outputs.push(direction);
      d = nesterov ? g.node("Add", [d, g.node("Mul", [direction, kept])]) : direction;
    }
    const changed = g.node("Sub", [values, g.node("Mul", [d, rate])]);
    outputs.unshift(changed);
    if (half) outputs.push(g.cast(changed, specs[written - 1].dtype));
    return outputs;
  },
});

/**
 * Stochastic gradient descent: `d = g + weightDecay · p`, `v = momentum · v + (1 − dampening) · d` (at first `v = d`),
 * `p −= lr · v`, or `p −= lr · (d + momentum · v)` with Nesterov's form.
 *
 * @throws {RangeError} when a setting is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([1, 2], { requiresGrad: true });
 * using optimizer = new ebb.optim.SGD([w], { lr: 0.25 });
 * ebb.scope(() => w.square().sum().backward());
 * optimizer.step();
 * assertEquals(w.toArray(), [0.5, 1]);
 * ```
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(parameters: Parameters<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super("SGD", parameters, {
      lr: 1e-3,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
      ...options,
    });
    for (const group of this.groups) this.check(group.options);
  }

  protected override vectors({ momentum }: SGDOptions): readonly string[] {
    return momentum > 0 ? ["momentum"] : [];
  }

  protected override check({ lr, momentum, dampening, weightDecay, nesterov }: SGDOptions): void {
    checkRange("SGD", "lr", lr, 0);
    checkRange("SGD", "momentum", momentum, 0);
    checkRange("SGD", "weightDecay", weightDecay, 0);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError(
        `SGD: expected momentum above 0 and no dampening with nesterov but found ${momentum} and ${dampening}`,
      );
    }
  }

  protected override update(
    { values, state, half, gradients, gaps, step, options }: Update<SGDOptions>,
  ): void {
    const { lr, momentum, dampening, weightDecay, nesterov } = options;
    const written = half === null ? [values, ...state] : [values, ...state, half];
    const share = step === 1 ? 1 : 1 - dampening;
    sgdStep.into([...written, lr, momentum, share, weightDecay, ...gradients], {
      gaps,
      half: half !== null,
      momentum: momentum > 0,
      nesterov,
      decay: weightDecay > 0,
    }, written.length);
  }
}
