/**
 * SIG (Barni, Kallas and Tondi, arXiv:1902.11237): a faint sine along the columns.
 *
 * @module
 */
import { fromHost } from "../../tensor/create.ts";
import { add, clamp } from "../../tensor/ops/mod.ts";
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";

/** Options of {@linkcode sig}. */
export interface SigOptions extends AttackOptions {
  /**
   * The sine's amplitude in steps of 1/255. Default 40 where labels are kept, as in BackdoorBench; 10 where they are
   * changed, as AFT's authors train it.
   */
  readonly delta?: number;
  /** Periods of the sine over an image's width; default 6, as in Barni et al. */
  readonly frequency?: number;
  /**
   * Whether poisoned images keep their labels, as in Barni et al.: they are then of the target class. Default true; AFT's
   * authors poison any image and change its label.
   */
  readonly cleanLabel?: boolean;
}

/**
 * `image + delta / 255 · sin(2π · frequency · column / width)`, cut off at 0 and 1.
 *
 * @throws {RangeError} when delta or the frequency is not above 0.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.full([1, 1, 1, 4], 0.5);
 * using triggered = ebb.backdoor.sig({ delta: 51, frequency: 1 }).trigger(images);
 * [0.5, 0.7, 0.5, 0.3].forEach((value, i) => assertAlmostEquals(triggered.data()[i] as number, value, 1e-6));
 * ```
 */
export function sig(options: SigOptions = {}): Attack {
  const { cleanLabel = true, frequency = 6, delta = cleanLabel ? 40 : 10 } = options;
  for (const [name, value] of Object.entries({ delta, frequency })) {
    if (!(value > 0)) throw new RangeError(`sig: expected ${name} above 0 but found ${value}`);
  }
  return defineAttack("sig", options, {
    cleanLabel,
    trigger: (images) => {
      const width = images.shape[3];
      const wave = Float32Array.from(
        { length: width },
        (_, column) => delta / 255 * Math.sin(2 * Math.PI * frequency * column / width),
      );
      const sine = fromHost(wave, [1, 1, 1, width], { dtype: "float32", device: images.device });
      return clamp(add(images, sine), { min: 0, max: 1 });
    },
  });
}
