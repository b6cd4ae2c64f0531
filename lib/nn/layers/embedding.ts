/**
 * The embedding layer.
 *
 * @module
 */
import { embedding } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { normal } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../parameter.ts";
import { checkSizes, type LayerOptions } from "./options.ts";

/**
 * A vector for each of `count` numbers: ids `[...]` (int64 or int32) to `[..., width]`. The vectors begin as draws from
 * the standard normal distribution.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Embedding(10, 4);
 * using ids = ebb.tensor([[1, 2, 3]], { dtype: "int64" });
 * using y = layer.forward(ids);
 * assertEquals(y.shape, [1, 3, 4]);
 * ```
 */
export class Embedding extends Module {
  /** `[count, width]` */
  readonly weight: Tensor;

  constructor(count: number, width: number, options: LayerOptions = {}) {
    super();
    checkSizes("Embedding", { count, width });
    this.weight = parameter(normal([count, width], 0, 1, options));
  }

  override forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids);
  }

  override describe(): string {
    return this.weight.shape.join(", ");
  }
}
