/**
 * Pixels of a trigger in the place of an image's own.
 *
 * @module
 */
import { fromHost } from "../../tensor/create.ts";
import { where } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * Images with other pixels where a mask is 1.
 *
 * @param images `[N, C, H, W]`
 * @param mask `[H, W]` of 0 and 1
 * @param pattern `[C, H, W]`, or `[H, W]` for all channels
 */
export function paste(
  images: Tensor,
  mask: Uint8Array<ArrayBuffer>,
  pattern: Float32Array<ArrayBuffer>,
): Tensor {
  const [, , height, width] = images.shape;
  const { device } = images;
  const planes = pattern.length / mask.length;
  return where(
    fromHost(mask, [1, 1, height, width], { dtype: "bool", device }),
    fromHost(pattern, [1, planes, height, width], { dtype: "float32", device }),
    images,
  );
}
