/**
 * Blend (Chen et al., arXiv:1712.05526): a faint picture over the whole image. The picture is drawn by this file's own
 * code, or the user's.
 *
 * @module
 */
import { fromHost } from "../../tensor/create.ts";
import { add, interpolate, mul } from "../../tensor/ops/mod.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Attack, type AttackOptions, defineAttack } from "../attack.ts";
import { checkValues } from "../images.ts";
import { drawPattern } from "./pattern.ts";

/** Options of {@linkcode blend}. */
export interface BlendOptions extends AttackOptions {
  /** The picture's share of (0, 1]; default 0.2, as in BackdoorBench. AFT's authors take 0.1. */
  readonly alpha?: number;
  /**
   * The picture: a function of the images' `[C, H, W]`, or a tensor `[C, H, W]` with values of [0, 1], which is copied and
   * resized where it must be. Default: a striped face of this project.
   */
  readonly pattern?: Tensor | ((shape: readonly number[]) => Float32Array<ArrayBuffer>);
}

/**
 * `(1 − alpha) · image + alpha · picture`.
 *
 * @throws {RangeError} when alpha is not of (0, 1], or the picture has another number of axes or channels; by `trigger`, when
 * it has values outside [0, 1].
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.zeros([1, 3, 8, 8]);
 * const attack = ebb.backdoor.blend({ pattern: () => new Float32Array(192).fill(0.5) });
 * using triggered = attack.trigger(images);
 * assertAlmostEquals(triggered.mean().item(), 0.1, 1e-6);
 * ```
 */
export function blend(options: BlendOptions = {}): Attack {
  const { alpha = 0.2, pattern = drawPattern } = options;
  if (!(alpha > 0 && alpha <= 1)) {
    throw new RangeError(`blend: expected alpha above 0 and of at most 1 but found ${alpha}`);
  }
  const draw = typeof pattern === "function" ? pattern : given(pattern);
  return defineAttack("blend", options, {
    trigger: (images) => {
      const shape = images.shape.slice(1);
      const values = draw(shape);
      checkValues("blend", values);
      const picture = fromHost(values, shape, { dtype: "float32", device: images.device });
      return add(mul(images, 1 - alpha), mul(picture, alpha));
    },
  });
}

/** A tensor's values, resized to what is asked for. */
function given(pattern: Tensor): (shape: readonly number[]) => Float32Array<ArrayBuffer> {
  const { shape: own } = pattern;
  if (own.length !== 3 || pattern.dtype !== "float32") {
    throw new RangeError(
      `blend: expected a float32 picture [C, H, W] but found ${pattern.dtype}${showShape(own)}`,
    );
  }
  const values = pattern.data() as Float32Array<ArrayBuffer>;
  return (shape) => {
    if (own[0] !== shape[0]) {
      throw new RangeError(`blend: expected a picture of ${shape[0]} channels but found ${own[0]}`);
    }
    if (own[1] === shape[1] && own[2] === shape[2]) return values;
    using picture = fromHost(values, [1, ...own], { dtype: "float32" });
    using resized = interpolate(picture, { size: [shape[1], shape[2]], mode: "bilinear" });
    return resized.data() as Float32Array<ArrayBuffer>;
  };
}
