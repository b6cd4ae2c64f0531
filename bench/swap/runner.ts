/**
 * A training on a device of its own, under a policy.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Checkpoints, Training } from "./cases.ts";

/** How a training is brought into its budget. */
export interface Way {
  /** Swap's settings. */
  swap: ebb.SwapOptions;
  /** What the model itself computes again. */
  checkpoints?: Checkpoints;
}

const { belady, candidates, compose, everything, lru, prefetch, recompute, swapping } = ebb.policy;
const PASSIVE: ebb.SwapOptions = { policy: () => compose() };

/** Ways by name. */
export const WAYS: Record<string, Way> = {
  // Keeps, swaps or computes again, whatever is fastest: the default.
  joint: { swap: {} },
  // Swaps alone.
  swap: { swap: { policy: swapping } },
  // Computes again alone, tensor by tensor; what does not fit then leaves when room is missing.
  recompute: { swap: { policy: ({ budget }) => compose(recompute({ budget })) } },
  // `checkpoint()` around each block, and around halves as well.
  checkpoint: { swap: PASSIVE, checkpoints: "blocks" },
  nested: { swap: PASSIVE, checkpoints: "nested" },
  // No plan at all.
  passive: { swap: PASSIVE },
  // PyTorch's save_on_cpu.
  everything: { swap: { policy: () => compose(everything()) } },
  lru: { swap: { policy: ({ budget }) => compose(candidates(), lru({ budget })) } },
  belady: {
    swap: {
      policy: ({ budget, bandwidth }) => compose(candidates(), belady({ budget, bandwidth }), prefetch()),
    },
  },
};

/** A training under way. */
export class Runner {
  readonly times: number[] = [];
  readonly losses: number[] = [];
  /** Why it cannot go on. */
  failed: string | null = null;
  readonly swap: ebb.Swap | null;
  readonly #training: Training;

  /** `way` null: without swap. */
  constructor(
    readonly name: string,
    make: (checkpoints: Checkpoints) => Training,
    readonly device: ebb.Device,
    way: Way | null,
  ) {
    ebb.seed(1);
    // Before the model, which may be larger than the device.
    this.swap = way === null ? null : ebb.swap(device, way.swap);
    this.#training = ebb.withDevice(device, () => make(way?.checkpoints ?? "none"));
  }

  /** Runs a step and notes its loss; its milliseconds. Running out of memory ends it. */
  async step(): Promise<number> {
    const start = performance.now();
    const inside = () => ebb.withDevice(this.device, () => this.#training.step());
    try {
      this.losses.push(this.swap === null ? inside() : await this.swap.step(inside));
    } catch (error) {
      if (!(error instanceof ebb.OutOfMemoryError)) throw error;
      this.failed = error.message.split(":")[0];
    }
    return performance.now() - start;
  }

  [Symbol.dispose](): void {
    this.swap?.dispose();
    this.#training[Symbol.dispose]();
  }
}

/** Steps before times count: plans are made, graphs compiled. */
export const WARM_UP = 12;

/** What a case needs without a budget: bytes reserved, milliseconds of a step, bytes saved for backward. */
export async function need(
  make: (checkpoints: Checkpoints) => Training,
): Promise<{ peakBytes: number; stepMs: number; savedBytes: number }> {
  const device = ebb.cpu();
  using run = new Runner("", make, device, WAYS.joint);
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + 5; i++) {
    const ms = await run.step();
    if (i >= WARM_UP) times.push(ms);
  }
  const { phases, storages } = run.swap!.trace();
  const savedBytes = storages
    .filter(({ born, uses }) => born >= 0 && phases[born] === 0 && uses.some((use) => phases[use] === 1))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return { peakBytes: device.memory().peakBytes, stepMs: times.sort((a, b) => a - b)[2], savedBytes };
}

/** The link over which all that is saved for backward takes `ratio` steps one way. */
export function linkOf(ratio: number, { stepMs, savedBytes }: { stepMs: number; savedBytes: number }) {
  return { bytesPerSecond: savedBytes / (ratio * stepMs) * 1000 };
}
