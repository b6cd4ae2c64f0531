/**
 * BadNets (Gu, Dolan-Gavitt and Garg, arXiv:1708.06733): a small patch of fixed pixels in the corner.
 *
 * @module
 */
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";
import { paste } from "./patch.ts";

/** Options of {@linkcode badnets}. */
export interface BadnetsOptions extends AttackOptions {
  /** The patch's pixels, rows from the top, values of [0, 1]; default the checkered 3×3 of Gu et al., Figure 3. */
  readonly patch?: readonly (readonly number[])[];
  /** Pixels between the patch and the right and lower edges; default 0. */
  readonly margin?: number;
}

const CHECKERED = [[1, 0, 0], [0, 1, 0], [1, 0, 1]];

/**
 * A patch in the lower right corner, the same in all channels.
 *
 * @throws {RangeError} when the patch is not rectangular or has values outside [0, 1]; by `trigger`, when it does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.zeros([1, 1, 4, 4]);
 * using triggered = ebb.backdoor.badnets().trigger(images);
 * assertEquals(triggered.toArray(), [[[[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]]]]);
 * ```
 */
export function badnets(options: BadnetsOptions = {}): Attack {
  const { patch = CHECKERED, margin = 0 } = options;
  const [rows, columns] = [patch.length, patch[0]?.length ?? 0];
  const values = patch.flat();
  if (
    columns === 0 || patch.some((row) => row.length !== columns) || !values.every((v) => v >= 0 && v <= 1)
  ) {
    throw new RangeError(
      `badnets: expected a rectangular patch of values of [0, 1] but found ${JSON.stringify(patch)}`,
    );
  }
  if (!(Number.isInteger(margin) && margin >= 0)) {
    throw new RangeError(`badnets: expected the margin to be a whole number but found ${margin}`);
  }
  return defineAttack("badnets", options, {
    trigger: (images) => {
      const [, , height, width] = images.shape;
      const [top, left] = [height - margin - rows, width - margin - columns];
      if (top < 0 || left < 0) {
        throw new RangeError(
          `badnets: expected images with room for a patch of ${rows}×${columns} and a margin of ${margin} ` +
            `but found ${height}×${width}`,
        );
      }
      const [mask, pattern] = [new Uint8Array(height * width), new Float32Array(height * width)];
      values.forEach((value, i) => {
        const at = (top + Math.floor(i / columns)) * width + left + i % columns;
        mask[at] = 1;
        pattern[at] = value;
      });
      return paste(images, mask, pattern);
    },
  });
}
