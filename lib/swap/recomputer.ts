/**
 * Carries out the recomputations of a plan: writes down the ops that may have to run again, and drops what they made when
 * it becomes idle. It comes back by itself when an op is about to read it.
 *
 * @module
 */
import type { Device, Storage } from "../device/mod.ts";
import { drop } from "../device/recipe.ts";
import { Replay } from "../tensor/replay.ts";
import type { OpCall } from "../tensor/observe.ts";
import { append } from "./lists.ts";
import type { Recomputation } from "./plan.ts";

/** What of a plan is dropped in a step under way. */
export class Recomputer {
  readonly #device: Device;
  readonly #recomputed: readonly Recomputation[];
  /** By position: recomputations that run the op there again. */
  readonly #calls = new Map<number, number[]>();
  /** By position: what is dropped after it. */
  readonly #drops = new Map<number, { storage: number; recomputation: number }[]>();
  /** By recomputation: its ops as far as they have run. */
  readonly #replays: (Replay | null)[];

  constructor(device: Device, recomputed: readonly Recomputation[]) {
    this.#device = device;
    this.#recomputed = recomputed;
    this.#replays = new Array(recomputed.length).fill(null);
    recomputed.forEach(({ calls, storages }, recomputation) => {
      for (const call of calls) append(this.#calls, call, recomputation);
      for (const { storage, out } of storages) append(this.#drops, out, { storage, recomputation });
    });
  }

  /** The op at a position has run. `live` gives the storage that is another's in the plan's trace. */
  ran(position: number, call: OpCall, live: (index: number) => Storage | null): void {
    for (const recomputation of this.#calls.get(position) ?? []) {
      const { calls, storages } = this.#recomputed[recomputation];
      if (position === calls[0]) this.#replays[recomputation] = new Replay(this.#device);
      const replay = this.#replays[recomputation];
      replay?.add(call);
      if (position !== calls.at(-1)) continue;
      for (const { storage } of storages) {
        const target = live(storage);
        if (target !== null) replay?.aim(target);
      }
    }
    for (const { storage, recomputation } of this.#drops.get(position) ?? []) {
      const [target, replay] = [live(storage), this.#replays[recomputation]];
      if (target !== null && replay !== null) drop(this.#device, target, replay);
    }
  }

  /** The step is over, or has ended early: what was written down and not needed is let go of. */
  end(): void {
    this.#replays.forEach((replay, i) => {
      if (replay !== null && !replay.targets.some(({ recipe }) => recipe === replay)) replay.release();
      this.#replays[i] = null;
    });
  }
}
