/**
 * Loss scaling, as PyTorch's `GradScaler`: the loss is multiplied before the backward pass so that small gradients
 * survive 16 bits, gradients are divided before the step, and a step with gradients that are not finite is skipped.
 *
 * @module
 */
import { zeros } from "../tensor/create.ts";
import { mul } from "../tensor/ops/arithmetic.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { total, vectorsOp, writableGradientVectors } from "./gradients.ts";

/** What a scaler needs of an optimizer. */
export interface Stepped {
  /** Its parameters. */
  readonly groups: readonly { readonly params: readonly Tensor[] }[];
  /** Updates them. */
  step(): void;
}

/** Settings of {@linkcode GradScaler}, as in PyTorch. */
export interface GradScalerOptions {
  /** The first scale; default 65536. */
  scale?: number;
  /** Factor of the scale after {@link growthInterval} steps in a row; default 2. */
  growthFactor?: number;
  /** Factor of the scale after a step that was skipped; default 0.5. */
  backoffFactor?: number;
  /** Steps in a row after which the scale grows; default 2000. */
  growthInterval?: number;
}

/** A scaler's state, as plain data. */
export interface GradScalerState {
  /** The scale. */
  scale: number;
  /** Steps in a row that were not skipped. */
  growth: number;
  /** Steps skipped in all. */
  skipped: number;
}

/**
 * Multiplies by the number, and adds up what is left of each product times 0: 0 if all are finite, NaN if one is not.
 */
const unscaleOp = vectorsOp("gradUnscale", 1, 1, (g, vectors, [factor], { dtype }) => {
  const scaled = vectors.map((vector) => g.node("Mul", [vector, factor]));
  const zero = g.scalar(0, dtype);
  const rest = scaled.map((vector) => g.node("ReduceSum", [g.node("Mul", [vector, zero])], { keepdims: 0 }));
  return [total(g, rest), ...scaled];
});

/**
 * A loss scaler.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using w = ebb.tensor([1], { requiresGrad: true });
 * using optimizer = new ebb.optim.SGD([w], { lr: 0.25 });
 * const scaler = new ebb.optim.GradScaler({ scale: 1024 });
 * ebb.scope(() => scaler.scale(w.square().sum()).backward());
 * scaler.step(optimizer); // divides the gradients by 1024 first
 * scaler.update();
 * assertEquals(w.item(), 0.5);
 * ```
 */
export class GradScaler {
  readonly #options: Required<GradScalerOptions>;
  readonly #unscaled = new Map<Stepped, boolean>();
  #scale: number;
  #growth = 0;
  #skipped = 0;

  /** Throws a {@link RangeError} when a setting is out of range. */
  constructor(options: GradScalerOptions = {}) {
    const settings = { scale: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000, ...options };
    for (const [name, value] of Object.entries(settings)) {
      if (!(value > 0 && Number.isFinite(value))) {
        throw new RangeError(`GradScaler: expected ${name} to be a number above 0 but found ${value}`);
      }
    }
    this.#options = settings;
    this.#scale = settings.scale;
  }

  /** What losses are multiplied by now. */
  get factor(): number {
    return this.#scale;
  }

  /** Steps that were skipped so far. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The loss to call `backward` on. */
  scale(loss: Tensor): Tensor {
    return mul(loss, this.#scale);
  }

  /**
   * Divides the gradients of an optimizer's parameters by the scale, once between two calls of {@link update}: to be
   * called before clipping; {@link step} does it otherwise.
   *
   * @returns whether all gradients are finite.
   */
  unscale(optimizer: Stepped): boolean {
    let finite = this.#unscaled.get(optimizer);
    if (finite === undefined) {
      const parameters = optimizer.groups.flatMap(({ params }) => params);
      finite = unscaleAll(parameters, 1 / this.#scale);
      this.#unscaled.set(optimizer, finite);
    }
    return finite;
  }

  /**
   * The optimizer's step, unless some gradient is not finite: then parameters and optimizer stay as they are.
   *
   * @returns whether the step was taken.
   */
  step(optimizer: Stepped): boolean {
    const finite = this.unscale(optimizer);
    if (finite) optimizer.step();
    return finite;
  }

  /** Chooses the scale for the next step: lower after one that was skipped, higher after many that were not. */
  update(): void {
    const { growthFactor, backoffFactor, growthInterval } = this.#options;
    const finite = [...this.#unscaled.values()].every((value) => value);
    this.#unscaled.clear();
    if (!finite) {
      this.#scale *= backoffFactor;
      this.#growth = 0;
      this.#skipped++;
    } else if (++this.#growth === growthInterval) {
      this.#scale *= growthFactor;
      this.#growth = 0;
    }
  }

  /** Its state. */
  stateDict(): GradScalerState {
    return { scale: this.#scale, growth: this.#growth, skipped: this.#skipped };
  }

  /** Goes on from a state. */
  loadStateDict({ scale, growth, skipped }: GradScalerState): void {
    if (!(scale > 0) || !Number.isInteger(growth) || !Number.isInteger(skipped)) {
      throw new RangeError(
        `GradScaler.loadStateDict: expected a scale above 0 and two counts but found ${scale}, ${growth}, ${skipped}`,
      );
    }
    this.#scale = scale;
    this.#growth = growth;
    this.#skipped = skipped;
  }
}

/** Multiplies gradients in place; whether all results are finite. */
function unscaleAll(parameters: readonly Tensor[], factor: number): boolean {
  return noGrad(() =>
    scope(() =>
      writableGradientVectors(parameters).map((vectors) => {
        const rest = zeros([], { dtype: vectors[0].dtype, device: vectors[0].device });
        return unscaleOp.into([rest, ...vectors, factor], {}, 1 + vectors.length).item();
      }).every((rest) => rest === 0)
    )
  );
}
